const { Pool } = require('pg');
const { database } = require('./settings');

const pool = new Pool(database);
console.log('[api] connecting to database...');
pool.query(process.env.STATEMENT)
  .then(() => console.log('[api] listening on port 8080'))
  .catch((err) => {
    console.error('[api] failed to start:', err.message);
    process.exit(1);
  });
