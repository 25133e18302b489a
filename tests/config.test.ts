import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InvalidConfiguration, loadConfig } from '../src/config.ts';
import { envExample } from '../src/config-variables.ts';
import { standardLimits } from '../src/rate-limits.ts';
import { testId } from './support/license-fixtures.ts';

const servers = {
  DATABASE_URL: 'postgres://ledger:x@db:5432/ledger',
  EVENTSTORE_URL: 'esdb://es:2113?tls=false',
  LEDGER_SECRET: Buffer.alloc(32, 7).toString('base64'),
};

describe('The configuration', () => {
  test('uses embedded servers on loopback by default', () => {
    expect(loadConfig({})).toMatchObject({
      servers: { mode: 'embedded' },
      host: '127.0.0.1',
      port: 8080,
      dataDir: '.ledger',
    });
  });

  test('uses servers when both URLs are set, with one login for all pools by default', () => {
    expect(loadConfig({ ...servers, DATABASE_API_URL: 'postgres://api@db/ledger' }).servers).toMatchObject({
      mode: 'servers',
      apiUrl: 'postgres://api@db/ledger',
      workerUrl: servers.DATABASE_URL,
    });
  });

  test.each([
    ['DATABASE_URL', { DATABASE_URL: servers.DATABASE_URL }],
    ['EVENTSTORE_URL', { EVENTSTORE_URL: servers.EVENTSTORE_URL }],
  ])('refuses %s alone and says what to do', (name, environment) => {
    expect(() => loadConfig(environment)).toThrow(new RegExp(`^${name} is set and .* is not: set both`));
  });

  test('refuses servers without a secret', () => {
    expect(() => loadConfig({ ...servers, LEDGER_SECRET: undefined })).toThrow(/LEDGER_SECRET .* is required/);
  });

  test('reports all problems at once, each with the name of its variable', () => {
    const broken = () => loadConfig({ PORT: '70000', EXPIRY_SWEEP_SECONDS: '0.5', EVENTSTORE_URL: 'kurrentdb://x' });
    expect(broken).toThrow(InvalidConfiguration);
    expect(broken).toThrow(/PORT[\s\S]*EVENTSTORE_URL[\s\S]*EXPIRY_SWEEP_SECONDS/);
  });

  test('stores the keys of access tokens in the data directory by default', () => {
    expect(loadConfig({ LEDGER_DATA_DIR: '/data' }).jwtKeysDir).toBe(join('/data', 'keys'));
    expect(loadConfig({ JWT_KEYS_DIR: '/keys' }).jwtKeysDir).toBe('/keys');
  });

  test('refuses refresh tokens that end before the access tokens they renew', () => {
    expect(() => loadConfig({ REFRESH_TOKEN_SECONDS: '300' })).toThrow(/REFRESH_TOKEN_SECONDS is less than/);
  });

  test('treats an empty variable as not set', () => {
    expect(loadConfig({ DATABASE_URL: '', PORT: '' })).toMatchObject({ servers: { mode: 'embedded' }, port: 8080 });
  });

  test('refuses a moved or unchecked clock in production', () => {
    expect(() => loadConfig({ LEDGER_CLOCK_CHECK: 'off', NODE_ENV: 'production' })).toThrow(
      /LEDGER_CLOCK_CHECK=off is for tests only/,
    );
    expect(() => loadConfig({ LEDGER_CLOCK_OFFSET_SECONDS: '60', NODE_ENV: 'production' })).toThrow(/for tests only/);
  });

  test('names all settings that must not be combined at once', () => {
    const load = () => loadConfig({ NODE_ENV: 'production', RATE_LIMITS: 'off', LEDGER_CLOCK_CHECK: 'off' });
    expect(load).toThrow(/LEDGER_CLOCK_CHECK=off.*RATE_LIMITS=off/s);
  });

  test('limits requests by default, can be off, and overrides single limits by name', () => {
    expect(loadConfig({}).rateLimits).toEqual(standardLimits);
    expect(loadConfig({ RATE_LIMITS: 'off' }).rateLimits).toBeNull();
    expect(() => loadConfig({ RATE_LIMITS: 'off', NODE_ENV: 'production' })).toThrow(
      /RATE_LIMITS=off is for tests only/,
    );
    const production = loadConfig({ RATE_LIMITS: 'validate=600/30, free_hour=5', NODE_ENV: 'production' });
    expect(production.rateLimits).toEqual({
      ...standardLimits,
      validate: { name: 'validate', quota: 600, seconds: 30 },
      free_hour: { name: 'free_hour', quota: 5, seconds: 3_600 },
    });
  });

  test.each([
    ['fast', /"fast" is not of the form name=quota\/seconds/],
    ['validate=600/60,', /"" is not of the form/],
    ['valid=1/1', /there is no limit named valid; the names are free, free_hour/],
    ['validate=0/60', /quota of validate must be 1 to/],
    ['validate=1.5/60', /is not of the form/],
    ['validate=-1/60', /is not of the form/],
    ['validate=1/0', /window of validate must be 1 to 86400 seconds/],
    ['validate=1/86401', /window of validate must be/],
    ['validate=1/1,validate=2/2', /validate is given twice/],
    ['on,validate=1', /"on" is not of the form/],
  ])('refuses RATE_LIMITS=%s and says why', (text, sentence) => {
    expect(() => loadConfig({ RATE_LIMITS: text })).toThrow(sentence);
  });

  describe('for mail', () => {
    const mail = { MAIL_URL: 'smtp://mail:25', MAIL_FROM: 'Ledger <l@v.example>', PUBLIC_URL: 'https://l.v.example' };

    test('writes into the outbox when embedded, and sends nothing with servers', () => {
      expect(loadConfig({ PORT: '9000' }).mail).toEqual({
        smtpUrl: null,
        from: 'License Ledger <ledger@localhost>',
        publicUrl: 'http://127.0.0.1:9000',
      });
      expect(loadConfig(servers).mail).toBeNull();
    });

    test('uses a mail server with its sender and the public URL', () => {
      const expected = { smtpUrl: 'smtp://mail:25', from: 'Ledger <l@v.example>', publicUrl: 'https://l.v.example' };
      expect([loadConfig(mail).mail, loadConfig({ ...servers, ...mail }).mail]).toEqual([expected, expected]);
    });

    test.each(['MAIL_FROM', 'PUBLIC_URL'])('refuses a mail server without %s', (missing) => {
      expect(() => loadConfig({ ...mail, [missing]: '' })).toThrow('MAIL_URL is set without MAIL_FROM or PUBLIC_URL');
    });

    test.each([
      ['MAIL_URL', 'https://mail'],
      ['MAIL_FROM', 'ledger'],
      ['MAIL_FROM', 'a@v.example, b@v.example'],
      ['MAIL_FROM', 'Ledger <l@v.example>\r\nBcc: x@y.example'],
      ['PUBLIC_URL', 'l.v.example'],
    ])('refuses %s=%j', (name, value) => {
      expect(() => loadConfig({ ...mail, [name]: value })).toThrow(`${name}: must be`);
    });
  });

  test('accepts the signup policy as two ids and refuses other text', () => {
    const [organizationId, policyId] = [testId('org', 'platform'), testId('pol', 'free')];
    expect(loadConfig({}).signupPolicy).toBeNull();
    expect(loadConfig({ SIGNUP_POLICY: `${organizationId}/${policyId}` }).signupPolicy).toEqual({
      organizationId,
      policyId,
    });
    for (const wrong of [organizationId, `${policyId}/${organizationId}`, `${organizationId}/${policyId}/`, 'a/b'])
      expect(() => loadConfig({ SIGNUP_POLICY: wrong })).toThrow(/SIGNUP_POLICY: must be the ids/);
    expect(loadConfig({}).defaultTier).toBe('FREE');
    expect(loadConfig({ DEFAULT_TIER: 'PRO' }).defaultTier).toBe('PRO');
    expect(() => loadConfig({ DEFAULT_TIER: 'GOLD' })).toThrow(/DEFAULT_TIER/);
  });

  test('accepts exact web origins only, and none by default', () => {
    expect(loadConfig({}).corsOrigins).toEqual([]);
    expect(loadConfig({ CORS_ORIGINS: 'https://app.example.com, http://localhost:3000' }).corsOrigins).toEqual([
      'https://app.example.com',
      'http://localhost:3000',
    ]);
    expect(() => loadConfig({ CORS_ORIGINS: '*' })).toThrow(/CORS_ORIGINS: may not be \*/);
    const wrong = ['https://app.example.com/', 'https://app.example.com/x', 'app.example.com', 'null', 'HTTPS://A.b'];
    for (const origins of [
      ...wrong,
      'https://*.example.com:*',
      'https://a@example.com',
      'https://example.com:443',
      'file:///x',
    ])
      expect(() => loadConfig({ CORS_ORIGINS: origins })).toThrow(/is not an origin; write scheme, host and port only/);
  });

  test('trusts no proxy by default, and at most ten', () => {
    expect(loadConfig({}).trustProxy).toBe(0);
    expect(loadConfig({ TRUST_PROXY: '2' }).trustProxy).toBe(2);
    for (const wrong of ['-1', '11', 'true', '1.5', 'loopback'])
      expect(() => loadConfig({ TRUST_PROXY: wrong })).toThrow(/TRUST_PROXY/);
  });

  test('reads the secret from a file, and refuses two sources or an unreadable one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ledger-config-'));
    const file = join(folder, 'secret');
    writeFileSync(file, `${servers.LEDGER_SECRET}\n`);
    const variables = { ...servers, LEDGER_SECRET: undefined, LEDGER_SECRET_FILE: file };
    expect(loadConfig(variables).secret).toBe(servers.LEDGER_SECRET);
    expect(() => loadConfig({ ...variables, LEDGER_SECRET: servers.LEDGER_SECRET })).toThrow(/both set/);
    rmSync(folder, { recursive: true });
    expect(() => loadConfig(variables)).toThrow(/cannot be read/);
    // Somebody may set the secret itself in place of its file.
    expect(() => loadConfig({ ...variables, LEDGER_SECRET_FILE: servers.LEDGER_SECRET })).toThrow(
      /^LEDGER_SECRET_FILE cannot be read \(ENOENT\)\. Set it to a path\.$/,
    );
  });

  test('has .env.example as its documentation (ledger env-example --write writes it)', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
  });
});
