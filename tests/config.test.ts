import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { envExample, InvalidConfiguration, loadConfig } from '../src/config.ts';

const servers = {
  DATABASE_URL: 'postgres://ledger:x@db:5432/ledger',
  EVENTSTORE_URL: 'esdb://es:2113?tls=false',
  LEDGER_SECRET: Buffer.alloc(32, 7).toString('base64'),
};

describe('configuration', () => {
  test('is embedded on loopback when nothing is given', () => {
    expect(loadConfig({})).toMatchObject({
      servers: { mode: 'embedded' },
      host: '127.0.0.1',
      port: 8080,
      dataDir: '.ledger',
    });
  });

  test('takes servers when both URLs are given, and one login for all pools unless more are named', () => {
    expect(loadConfig({ ...servers, DATABASE_API_URL: 'postgres://api@db/ledger' }).servers).toMatchObject({
      mode: 'servers',
      apiUrl: 'postgres://api@db/ledger',
      workerUrl: servers.DATABASE_URL,
    });
  });

  test.each([
    ['DATABASE_URL', { DATABASE_URL: servers.DATABASE_URL }],
    ['EVENTSTORE_URL', { EVENTSTORE_URL: servers.EVENTSTORE_URL }],
  ])('refuses %s alone with a sentence that says what to do', (name, environment) => {
    expect(() => loadConfig(environment)).toThrow(new RegExp(`^${name} is set and .* is not: set both`));
  });

  test('refuses servers without a secret', () => {
    expect(() => loadConfig({ ...servers, LEDGER_SECRET: undefined })).toThrow(/LEDGER_SECRET .* is required/);
  });

  test('reports every problem at once, with the name of the variable', () => {
    const broken = () => loadConfig({ PORT: '70000', EXPIRY_SWEEP_SECONDS: '0.5', EVENTSTORE_URL: 'kurrentdb://x' });
    expect(broken).toThrow(InvalidConfiguration);
    expect(broken).toThrow(/PORT[\s\S]*EVENTSTORE_URL[\s\S]*EXPIRY_SWEEP_SECONDS/);
  });

  test('keeps the keys of access tokens in the data directory unless told otherwise', () => {
    expect(loadConfig({ LEDGER_DATA_DIR: '/data' }).jwtKeysDir).toBe(join('/data', 'keys'));
    expect(loadConfig({ JWT_KEYS_DIR: '/keys' }).jwtKeysDir).toBe('/keys');
  });

  test('refuses refresh tokens that end before the access tokens they renew', () => {
    expect(() => loadConfig({ REFRESH_TOKEN_SECONDS: '300' })).toThrow(/REFRESH_TOKEN_SECONDS is less than/);
  });

  test('counts an empty variable as not given', () => {
    expect(loadConfig({ DATABASE_URL: '', PORT: '' })).toMatchObject({ servers: { mode: 'embedded' }, port: 8080 });
  });

  test('refuses a moved clock in production', () => {
    expect(() => loadConfig({ LEDGER_CLOCK_OFFSET_SECONDS: '60', NODE_ENV: 'production' })).toThrow(/for tests only/);
  });

  test('reads the secret from a file, and refuses two sources or an unreadable one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ledger-config-'));
    const file = join(folder, 'secret');
    writeFileSync(file, `${servers.LEDGER_SECRET}\n`);
    const given = { ...servers, LEDGER_SECRET: undefined, LEDGER_SECRET_FILE: file };
    expect(loadConfig(given).secret).toBe(servers.LEDGER_SECRET);
    expect(() => loadConfig({ ...given, LEDGER_SECRET: servers.LEDGER_SECRET })).toThrow(/both set/);
    rmSync(folder, { recursive: true });
    expect(() => loadConfig(given)).toThrow(/cannot be read/);
  });

  test('.env.example is what the schema says (npm run env-example writes it)', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
  });
});
