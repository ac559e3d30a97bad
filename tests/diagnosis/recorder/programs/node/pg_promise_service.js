const pgp = require('pg-promise')();
const { database } = require('./settings');

const db = pgp(database);
db.any(process.env.STATEMENT)
  .then(() => pgp.end())
  .catch((error) => {
    console.log('ERROR:', error.message || error);
    process.exit(1);
  });
