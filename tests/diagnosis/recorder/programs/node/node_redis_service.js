const { createClient } = require('redis');
const { tls, command } = require('./settings');

const { env } = process;
const client = createClient({
  username: env.REDIS_USERNAME, password: env.REDIS_PASSWORD, database: Number(env.REDIS_DB),
  socket: {
    host: env.REDIS_HOST, port: Number(env.REDIS_PORT), connectTimeout: 3000, reconnectStrategy: false,
    ...(tls ? { ...tls, tls: true } : {}),
  },
  commandOptions: { timeout: 5000 },
});
client.on('error', (err) => console.log('Redis Client Error', err));

async function main() {
  console.log('rate-limiter: connecting');
  await client.connect();
  await client.sendCommand(command);
  await client.close();
}

main().catch((err) => {
  console.error('rate-limiter: startup failed', err.message);
  process.exit(1);
});
