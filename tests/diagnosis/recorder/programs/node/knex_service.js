const { database, ssl } = require('./settings');
const knex = require('knex')({
  client: 'pg', connection: { ...database, ssl }, pool: { min: 0, max: 4 }, acquireConnectionTimeout: 6000,
});

async function up() {
  console.log('Using environment: production');
  await knex.raw(process.env.STATEMENT);
  await knex.destroy();
}

up().catch((err) => {
  console.error(err);
  process.exit(1);
});
