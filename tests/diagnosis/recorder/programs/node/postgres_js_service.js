const postgres = require('postgres');
const { database, ssl } = require('./settings');

const sql = postgres({ ...database, ssl, connect_timeout: Number(process.env.TIMEOUT), max: 2 });

async function main() {
  console.log(`starting on ${process.version}`);
  await sql.unsafe(process.env.STATEMENT);
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
