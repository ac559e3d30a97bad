const { PrismaPg } = require('@prisma/adapter-pg');
const { PrismaClient } = require('./prisma/client');
const { database } = require('./settings');

async function main() {
  const prisma = new PrismaClient({ adapter: new PrismaPg(database) });
  await prisma.$executeRawUnsafe(process.env.STATEMENT);
  await prisma.$disconnect();
}

main();
