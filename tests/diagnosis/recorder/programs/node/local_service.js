// Troubles that need no server; the first argument says which.
const fs = require('fs');
const http = require('http');

const { env } = process;
const programs = {
  port() { http.createServer(() => {}).listen(Number(env.LISTEN.split(':').pop()), '0.0.0.0', () => console.log('listening')); },
  express() { require('express')().listen(Number(env.LISTEN.split(':').pop()), (err) => { if (err) throw err; }); },
  file() { fs.readFileSync(env.CONFIG, 'utf8'); },
  json() { JSON.parse(fs.readFileSync(env.CONFIG, 'utf8')); },
  yaml() { require('js-yaml').load(fs.readFileSync(env.CONFIG, 'utf8')); },
  write() { fs.writeFileSync(env.OUTPUT, '1'); },
  module() { require('@acme/pricing-rules'); },
  environment() {
    if (!env.PRICING_API_KEY) throw new Error('PRICING_API_KEY is not defined');
  },
  zod() {
    const { z } = require('zod');
    z.object({ PRICING_API_KEY: z.string(), PORT: z.coerce.number() }).parse({ PORT: '1', ...env });
  },
  envalid() {
    const { cleanEnv, str } = require('envalid');
    cleanEnv(env, { PRICING_API_KEY: str() });
  },
  heap() {
    const all = [];
    for (;;) all.push(new Array(10000).fill({ price: all.length }));
  },
  type() { const prices = undefined; prices.find((one) => one.model); },
};
console.log(`cost-api starting (node ${process.version})`);
programs[process.argv[2]]();
