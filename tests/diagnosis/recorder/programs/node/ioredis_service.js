const Redis = require('ioredis');
const { tls, command } = require('./settings');

const { env } = process;
console.log('worker starting');
const redis = new Redis({
  host: env.REDIS_HOST, port: Number(env.REDIS_PORT), username: env.REDIS_USERNAME, password: env.REDIS_PASSWORD,
  db: Number(env.REDIS_DB), tls, connectTimeout: 3000, commandTimeout: 8000, maxRetriesPerRequest: 2,
});
redis.call(...command).then(() => process.exit(0));
