const { drizzle } = require('drizzle-orm/node-postgres');
const { sql } = require('drizzle-orm');
const { Pool } = require('pg');
const { database } = require('./settings');

async function main() {
  console.log('billing-web: starting');
  const pool = new Pool(database);
  await drizzle(pool).execute(sql.raw(process.env.STATEMENT));
  await pool.end();
}

main().catch((error) => {
  console.error('Failed to start:', error);
  process.exit(1);
});
