import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig, loadEventStoreConfig } from '../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'ledger-config-'));
const fileWith = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
afterAll(() => rmSync(folder, { recursive: true }));

const random = 'pVq0x8mC3eYw5uKJt1RzBf9LhDgS7nXaOi2ZkT6vWlE=';
const servers = {
  DATABASE_URL: 'postgres://ledger:Vq0x8mC3@db:5432/ledger',
  EVENTSTORE_URL: 'esdb://es:2113?tls=true',
  LEDGER_SECRET: random,
};

describe('A variable that is read from a file', () => {
  test('has the text of the file without the line end', () => {
    const { DATABASE_URL, EVENTSTORE_URL, ...secret } = servers;
    const config = loadConfig({
      ...secret,
      DATABASE_URL_FILE: fileWith('database', `${DATABASE_URL}\n`),
      DATABASE_API_URL_FILE: fileWith('api', 'postgres://api:x@db/ledger'),
      EVENTSTORE_URL_FILE: fileWith('store', EVENTSTORE_URL),
      REDIS_URL_FILE: fileWith('redis', 'redis://:x@redis\r\n'),
    });
    expect(config.servers).toMatchObject({
      databaseUrl: DATABASE_URL,
      apiUrl: 'postgres://api:x@db/ledger',
      workerUrl: DATABASE_URL,
      eventStoreUrl: EVENTSTORE_URL,
    });
    expect(config.redisUrl).toBe('redis://:x@redis');
  });

  test('is refused when the variable is set, too', () => {
    const both = { ...servers, DATABASE_URL_FILE: fileWith('twice', servers.DATABASE_URL) };
    expect(() => loadConfig(both)).toThrow(/^DATABASE_URL and DATABASE_URL_FILE are both set: give one\.$/);
  });

  test('is refused with the reason, and without its path, when the file cannot be read', () => {
    const { DATABASE_URL, ...others } = servers;
    const missing = { ...others, DATABASE_URL_FILE: DATABASE_URL };
    expect(() => loadConfig(missing)).toThrow(/^DATABASE_URL_FILE cannot be read \(ENOENT\)\. Set it to a path\.$/);
    const empty = { ...others, DATABASE_URL_FILE: fileWith('empty', '\n') };
    expect(() => loadConfig(empty)).toThrow(/^DATABASE_URL_FILE names an empty file\./);
  });

  test('is checked like one of the environment', () => {
    const file = fileWith('kurrent', 'kurrentdb://es:2113');
    expect(() => loadConfig({ ...servers, EVENTSTORE_URL: '', EVENTSTORE_URL_FILE: file })).toThrow(
      /^EVENTSTORE_URL: must be an esdb:\/\//,
    );
  });
});

describe('The URL of the event store', () => {
  test.each([
    'esdb://one:2113,two:2113,three:2113?tls=true&tlsCAFile=/ca.pem',
    'esdb+discover://user:p%40ss@cluster.internal:2113',
    'esdb://one',
  ])('may be %s', (url) => {
    expect(loadConfig({ ...servers, EVENTSTORE_URL: url }).servers).toMatchObject({ eventStoreUrl: url });
  });

  test.each([
    'esdb://',
    'esdb://one,,two',
    'esdb://one two',
    'esdb://a@b@c',
    'http://one:2113',
    'esdb:one',
    'esdb://[::1]:2113',
  ])('may not be %s', (url) => {
    expect(() => loadConfig({ ...servers, EVENTSTORE_URL: url })).toThrow(/EVENTSTORE_URL: must be an esdb:\/\//);
  });
});

describe('The configuration of `ledger eventstore`', () => {
  const own = { LEDGER_DATA_DIR: folder, LOG_LEVEL: 'warn', LEDGER_EVENTSTORE_PORT: '2200' };

  test('ignores the variables of the product, which may name the file that its first start writes', () => {
    const shared = { ...own, EVENTSTORE_URL_FILE: join(folder, 'missing'), DATABASE_URL: 'none', PORT: 'x' };
    expect(() => loadConfig(shared)).toThrow('EVENTSTORE_URL_FILE cannot be read');
    expect(loadEventStoreConfig(shared)).toMatchObject({
      ...{ dataDir: folder, logLevel: 'warn' },
      eventStore: { port: 2200, databaseUrl: null },
    });
  });

  test('refuses its own invalid values, and takes the URL of its database from a file', () => {
    expect(() => loadEventStoreConfig({ ...own, LEDGER_EVENTSTORE_PORT: 'x' })).toThrow('LEDGER_EVENTSTORE_PORT');
    const url = 'postgres://eventstore:x8mC3eYw5@db/eventstore';
    const inFile = { ...own, LEDGER_EVENTSTORE_DATABASE_URL_FILE: fileWith('log', url) };
    expect(loadEventStoreConfig(inFile).eventStore.databaseUrl).toBe(url);
  });
});

describe('In production', () => {
  const production = { ...servers, NODE_ENV: 'production' };

  test('passwords of the operator and a random secret are accepted', () => {
    expect(loadConfig(production).isProduction).toBe(true);
  });

  test.each([
    ['DATABASE_URL', 'postgres://ledger:ledger@db/ledger'],
    ['DATABASE_API_URL', 'postgres://api:PostGres@db/ledger'],
    ['EVENTSTORE_URL', 'esdb://admin:changeit@one:2113,two:2113?tls=true'],
    ['REDIS_URL', 'redis://:passwor%64@redis'],
    ['LEDGER_EVENTSTORE_DATABASE_URL', 'postgres://eventstore:postgres@db/eventstore'],
    ['MAIL_URL', 'smtp://ledger:changeme@mail'],
  ])('a password in %s that everybody knows is refused', (name, url) => {
    const mail = { MAIL_FROM: 'ledger@vendor.example', PUBLIC_URL: 'https://licenses.example.com' };
    const known = { ...production, ...(name === 'MAIL_URL' ? mail : {}), [name]: url };
    expect(() => loadConfig(known)).toThrow(`${name} has a password that everybody knows`);
    expect(loadConfig({ ...known, NODE_ENV: 'development' }).isProduction).toBe(false);
  });

  test('a signing secret that is not random is refused, and accepted where it only verifies', () => {
    const zeros = Buffer.alloc(32).toString('base64');
    expect(() => loadConfig({ ...production, LEDGER_SECRET: zeros })).toThrow('LEDGER_SECRET is not random');
    expect(loadConfig({ ...production, LEDGER_SECRET: `${random},${zeros}` }).isProduction).toBe(true);
  });

  test('a random secret in hexadecimal is accepted, and the command that replaces a secret accepts each', () => {
    const twelveDigits = 'c0ffee8a91d2b4'.repeat(5).slice(0, 64);
    const hexadecimal = Buffer.from(twelveDigits).toString('base64');
    expect(loadConfig({ ...production, LEDGER_SECRET: hexadecimal }).isProduction).toBe(true);
    const zeros = { ...production, LEDGER_SECRET: Buffer.alloc(32).toString('base64') };
    expect(loadConfig(zeros, { judgesSecret: false }).isProduction).toBe(true);
  });
});
