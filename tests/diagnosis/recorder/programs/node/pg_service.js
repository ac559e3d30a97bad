const { Client } = require('pg');
const { database } = require('./settings');

async function main() {
  console.log('> usage-api@2.4.1 start');
  console.log('> node dist/main.js');
  const client = new Client(database);
  await client.connect();
  await client.query(process.env.STATEMENT);
  await client.end();
}

main();
