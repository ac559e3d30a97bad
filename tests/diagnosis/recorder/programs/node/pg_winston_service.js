const winston = require('winston');
const { Client } = require('pg');
const { database } = require('./settings');

const log = winston.createLogger({
  format: winston.format.combine(winston.format.timestamp(), winston.format.errors({ stack: true }), winston.format.json()),
  transports: [new winston.transports.Console()],
});
log.info('gateway booting');
(async () => {
  const client = new Client(database);
  try {
    await client.connect();
    await client.query(process.env.STATEMENT);
  } catch (err) {
    log.error(err);
    process.exit(1);
  }
})();
