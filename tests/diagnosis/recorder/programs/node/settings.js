// What the chart tells a service, as the drivers want it.
const fs = require('fs');
const { env } = process;

let ssl = false;
if (env.DB_SSLMODE === 'require') ssl = { rejectUnauthorized: false };
if (env.DB_SSLMODE === 'verify-full') ssl = { rejectUnauthorized: true };
if (env.DB_SSLROOTCERT) ssl.ca = fs.readFileSync(env.DB_SSLROOTCERT, 'utf8');

exports.ssl = ssl;
exports.database = {
  host: env.DB_HOST, port: Number(env.DB_PORT), user: env.DB_USER, password: env.DB_PASSWORD, database: env.DB_NAME, ssl,
  connectionTimeoutMillis: Number(env.TIMEOUT) * 1000,
};
exports.tls = env.REDIS_TLS === 'yes' ? { servername: env.REDIS_HOST } : undefined;
if (exports.tls && env.REDIS_CA) exports.tls.ca = fs.readFileSync(env.REDIS_CA, 'utf8');
exports.command = (env.COMMAND || '').split(' ');
