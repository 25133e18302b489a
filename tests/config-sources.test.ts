import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { nearestName } from '../src/config-names.ts';
import { readSources } from '../src/config-sources.ts';
import { temporaryDirectory } from './support/temporary.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A directory with this .env. */
const directoryWith = async (env: string) => {
  const directory = await temporaryDirectory();
  writeFileSync(path.join(directory, '.env'), env);
  return directory;
};

test('.env is read, the environment wins over it, and one sentence says which file', async () => {
  const directory = await directoryWith('# ours\nPORT=1000\nHOST="0.0.0.0" # all\nLOG_LEVEL=\nPOSTGRES_PASSWORD=x\n');
  const { values, problems, notes } = readSources({ PORT: '2000', HOST: '' }, directory);
  expect(values).toMatchObject({ PORT: '2000', HOST: '0.0.0.0' });
  expect('LOG_LEVEL' in values).toBe(false);
  expect(problems).toEqual([]);
  expect(notes).toEqual([`Read 4 variables from ${path.join(directory, '.env')}.`]);
});

test('The environment wins over .env also where one names the value and the other a file with it', async () => {
  const directory = await directoryWith('DATABASE_URL=a\nREDIS_URL_FILE=b\nMAIL_URL=c\n');
  const environment = { DATABASE_URL_FILE: 'd', REDIS_URL: 'e' };
  expect(readSources(environment, directory).values).toEqual({ ...environment, MAIL_URL: 'c' });
});

test('Without .env, and with a directory of this name, nothing is said', async () => {
  const directory = await temporaryDirectory();
  expect(readSources({}, directory)).toEqual({ values: {}, problems: [], notes: [] });
  mkdirSync(path.join(directory, '.env'));
  expect(readSources({}, directory)).toEqual({ values: {}, problems: [], notes: [] });
});

test('An .env that cannot be read stops a command, because it may have the settings of this server', async () => {
  const directory = await temporaryDirectory();
  symlinkSync('.env', path.join(directory, '.env'));
  expect(readSources({}, directory)).toEqual({
    ...{ values: {}, notes: [] },
    problems: [
      expect.stringMatching(/\.env cannot be read \(ELOOP\)\. Let this user read it, or set LEDGER_ENV_FILE=none\.$/),
    ],
  });
});

test('LEDGER_ENV_FILE chooses another file or none, and a file that it names must be readable', async () => {
  const directory = await directoryWith('PORT=1\nLEDGER_SECERT=x\n');
  writeFileSync(path.join(directory, 'ours.env'), 'PORT=2\nLEDGER_ENV_FILE=x\n');
  expect(readSources({ LEDGER_ENV_FILE: 'none' }, directory)).toMatchObject({ problems: [], notes: [] });
  expect(readSources({ LEDGER_ENV_FILE: 'ours.env' }, directory)).toMatchObject({
    values: { PORT: '2' },
    problems: [],
  });
  expect(readSources({ LEDGER_ENV_FILE: 'missing.env' }, directory).problems).toEqual([
    expect.stringMatching(/^LEDGER_ENV_FILE: \S+missing\.env cannot be read \(ENOENT\)/),
  ]);
});

test('A misspelled LEDGER_ name in .env is a problem with the nearest right name', async () => {
  const directory = await directoryWith('LEDGER_SECRETS=x\nledger_secret=x\n');
  expect([...readSources({}, directory).problems].sort()).toEqual([
    expect.stringMatching(
      /^LEDGER_SECRETS in \S+\.env is no variable of License Ledger: the nearest one is LEDGER_SECRET\.$/,
    ),
    expect.stringMatching(/^ledger_secret in .* LEDGER_SECRET\.$/),
  ]);
});

test('The variables of another program in .env stop no command', async () => {
  const ofOthers = ['CORS_ORIGIN', 'RATE_LIMIT', 'REDIS_URI', 'DATABASE_URI', 'LEDGER_IMAGE', 'LEDGER_DB_PASSWORD'];
  const directory = await directoryWith([...ofOthers, 'LEDGER_LICENSE_KEY', 'SMTP_HOST'].join('=x\n').concat('=x'));
  const { problems, notes } = readSources({}, directory);
  expect(problems).toEqual([]);
  expect(
    notes
      .slice(1)
      .map((note) => note.split(' ')[0])
      .sort(),
  ).toEqual([...ofOthers, 'LEDGER_LICENSE_KEY'].sort());
});

test('In the environment a misspelled LEDGER_ name is a problem, and other near names are notes', async () => {
  const directory = await temporaryDirectory();
  const environment = {
    ...{ LEDGER_DATADIR: 'x', DATABASE_URI: 'x', LEDGER_SERVICE_HOST: 'x', LEDGER_PORT: 'tcp://x' },
    ...{ LEDGER_URL: 'x', MAIL: '/var/mail', PATH: '/bin', HOSTNAME: 'x', npm_config_port: 'x' },
  };
  const { problems, notes } = readSources(environment, directory);
  expect(problems).toEqual(['LEDGER_DATADIR is no variable of License Ledger: the nearest one is LEDGER_DATA_DIR.']);
  expect(notes).toEqual([
    'DATABASE_URI is set and is no variable of License Ledger: the nearest one is DATABASE_URL.',
    'LEDGER_SERVICE_HOST is set and is no variable of License Ledger. See .env.example for all of them.',
    'LEDGER_PORT is set and is no variable of License Ledger. See .env.example for all of them.',
  ]);
});

test.each([
  ['LEDGER_SECERT', 'LEDGER_SECRET'],
  ['EXPIRY_SWEEP_SECOND', 'EXPIRY_SWEEP_SECONDS'],
  ['PRT', 'PORT'],
  ['HOTS', 'HOST'],
  ['PATH', null],
  ['TOTAL_COST', null],
])('The nearest name to %s is %s', (name, nearest) => {
  expect(nearestName(name)).toBe(nearest);
});

test('The environment of the process is read with the .env of its working directory', async () => {
  const directory = await directoryWith('TRUST_PROXY=3\nLEDGER_SECERT=x\nMAIL_URI=x\n');
  vi.spyOn(process, 'cwd').mockReturnValue(directory);
  expect(() => loadConfig()).toThrow(
    /Invalid configuration, one problem:\n {2}LEDGER_SECERT .*\n {2}Read 3 .*\n {2}MAIL_URI /,
  );
  writeFileSync(path.join(directory, '.env'), 'TRUST_PROXY=3\n');
  expect(loadConfig()).toMatchObject({ trustProxy: 3, notes: [expect.stringContaining('Read 1 variable from')] });
});

test('Values, secret, servers and forbidden combinations are reported together, also in production', () => {
  const load = () =>
    loadConfig({
      ...{
        NODE_ENV: 'production',
        PORT: '70000',
        RATE_LIMITS: 'off',
        LEDGER_SECRET: 'short',
        DATABASE_URL: 'mysql://x',
      },
      ...{ MAIL_URL: 'smtp://x', LEDGER_CLOCK_CHECK: 'off' },
    });
  expect(load).toThrow(/^Invalid configuration, 7 problems:/);
  for (const problem of [
    /\n {2}PORT: /,
    /\n {2}DATABASE_URL: must be a postgres/,
    /RATE_LIMITS=off is/,
    /MAIL_URL is set without/,
  ])
    expect(load).toThrow(problem);
  for (const problem of [
    /LEDGER_CLOCK_CHECK=off is/,
    /LEDGER_SECRET: value 1 has 3 bytes/,
    /DATABASE_URL is set and EVENT/,
  ])
    expect(load).toThrow(problem);
});

test('A combination with an invalid value is not judged', () => {
  expect(() => loadConfig({ ACCESS_TOKEN_SECONDS: '1', REFRESH_TOKEN_SECONDS: '300' })).toThrow(
    /^ACCESS_TOKEN_SECONDS: [^\n]*$/,
  );
});
