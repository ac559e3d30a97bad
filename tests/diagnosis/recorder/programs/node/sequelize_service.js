const { Sequelize } = require('sequelize');
const { database, ssl } = require('./settings');

const sequelize = new Sequelize(database.database, database.user, database.password, {
  host: database.host, port: database.port, dialect: 'postgres', logging: false,
  dialectOptions: { ssl, connectionTimeoutMillis: database.connectionTimeoutMillis },
});

async function main() {
  try {
    await sequelize.authenticate();
    await sequelize.query(process.env.STATEMENT);
    console.log('Connection has been established successfully.');
  } catch (error) {
    console.error('Unable to connect to the database:', error);
    process.exit(1);
  }
}

main();
