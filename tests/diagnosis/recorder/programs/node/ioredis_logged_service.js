const Redis = require('ioredis');
const pino = require('pino')();
const { tls, command } = require('./settings');

const { env } = process;
const redis = new Redis({
  host: env.REDIS_HOST, port: Number(env.REDIS_PORT), username: env.REDIS_USERNAME, password: env.REDIS_PASSWORD,
  db: Number(env.REDIS_DB), tls, connectTimeout: 3000, commandTimeout: 5000, maxRetriesPerRequest: 1, lazyConnect: true,
});
redis.on('error', (err) => pino.warn({ err }, 'cache connection'));
pino.info('session service');
(async () => {
  try {
    await redis.connect();
    await redis.call(...command);
    process.exit(0);
  } catch (err) {
    pino.error({ err }, 'cache unusable');
    process.exit(1);
  }
})();
