const pino = require('pino')({ name: 'ledger' });
const { Pool } = require('pg');
const { database } = require('./settings');

pino.info({ version: '5.1.0' }, 'starting');
const pool = new Pool(database);
pool.on('error', (err) => pino.error(err, 'idle client'));
pool.query(process.env.STATEMENT).then(() => pool.end()).catch((err) => {
  pino.fatal(err, 'cannot initialise storage');
  process.exitCode = 1;
  pool.end();
});
