const { Worker } = require('bullmq');
const { tls } = require('./settings');

const { env } = process;
const connection = {
  host: env.REDIS_HOST, port: Number(env.REDIS_PORT), username: env.REDIS_USERNAME, password: env.REDIS_PASSWORD,
  db: Number(env.REDIS_DB), tls, maxRetriesPerRequest: null, connectTimeout: 3000,
};
console.log('waiting for jobs on reports');
const worker = new Worker('reports', async () => {}, { connection });
worker.on('error', (err) => console.error(err));
