require('reflect-metadata');
const { DataSource } = require('typeorm');
const { database, ssl } = require('./settings');

const source = new DataSource({
  type: 'postgres', host: database.host, port: database.port, username: database.user, password: database.password,
  database: database.database, ssl, connectTimeoutMS: database.connectionTimeoutMillis, logging: ['error'],
});

console.log('[Nest] 1  - LOG [NestFactory] Starting Nest application...');
source.initialize()
  .then(() => source.query(process.env.STATEMENT))
  .then(() => source.destroy())
  .catch((error) => {
    console.error(`[Nest] 1  - ERROR [ExceptionHandler] ${error.message}`);
    console.error(error.stack);
    process.exit(1);
  });
