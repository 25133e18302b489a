import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { type Postgres, startPostgres } from '../../src/embedded/postgres.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { testInFull } from '../support/in-full.ts';
import { copyCluster } from '../support/prepared.ts';
import { condition } from '../support/product.ts';
import { hasRedis } from '../support/redis.ts';
import { sized } from '../support/size.ts';
import { ourServices, readCompose } from './compose-file.ts';
import {
  environmentOf,
  type Mounts,
  replaceIn,
  run,
  type ServiceProcess,
  startRedisOf,
  startService,
} from './processes.ts';

// No container runs here. The processes that the files name run with the same commands and the same environment, next to
// our Postgres and event store in the place of the other images. Not tested: the images, and TLS between the servers.
const hasPsql = spawnSync('psql', ['--version']).status === 0;

/** The servers of one installation, with the folders that its containers would mount. */
const prepare = async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ledger-compose-'));
  const [secrets, data] = [path.join(folder, 'secrets'), path.join(folder, 'data')];
  for (const directory of [secrets, data, path.join(data, 'keys')]) mkdirSync(directory);
  const postgresPort = await freePort();
  await copyCluster(path.join(folder, 'postgres'));
  const [postgres, store] = await Promise.all([
    startPostgres({ dataDir: path.join(folder, 'postgres'), password: 'tests', port: postgresPort, durable: false }),
    startStore(),
  ]);
  const mounts: Mounts = [
    ['/run/ledger', secrets],
    ['/run/secrets', secrets],
    ['/var/lib/ledger', data],
  ];
  return { folder, secrets, data, postgresPort, postgres, store, mounts };
};
type Prepared = Awaited<ReturnType<typeof prepare>>;

const removeAll = async ({ folder, postgres, store }: { folder: string; postgres: Postgres; store: RunningStore }) => {
  await Promise.all([postgres.stop(), store.stop()]);
  rmSync(folder, { recursive: true, force: true });
};

const validates = async ({ url }: ServiceProcess, licenseKey: unknown) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/licenses/validate`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ licenseKey }),
  });
  return (await answer.json()) as { readonly code: string };
};

const issue = async ({ url }: ServiceProcess, apiKey: string) => {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ tier: 'PRO', products: ['app'] });
  const answer = await fetch(`${url}/v1/licenses`, { method: 'POST', headers, body });
  return ((await answer.json()) as { readonly licenseKey: string }).licenseKey;
};

const initOptions = [
  'init',
  '--organization',
  'Example Software',
  '--email',
  'ann@vendor.example',
  '--generate-password',
  '--json',
];

/** Creates the first organization with the service for commands. Returns its API key. */
const createFirst = async (environment: Readonly<Record<string, string>>): Promise<string> => {
  const { code, output } = await run(['node', 'bin/ledger.js', ...initOptions], environment);
  expect([code, output]).toEqual([0, expect.stringContaining('apiKey')]);
  return /lgr_live_\w+/.exec(output)?.[0] ?? '';
};

describe('The services of docker-compose.yml', () => {
  const compose = readCompose('docker-compose.yml');
  const { serving } = ourServices(compose);
  const processes: ServiceProcess[] = [];
  let installation: Prepared;
  let redis: Awaited<ReturnType<typeof startRedisOf>> | null = null;

  const makeSecrets = () => {
    const [program = '', script = ''] = compose.services.secrets?.entrypoint ?? [];
    return run([program, script, installation.secrets], { PATH: process.env.PATH ?? '' });
  };
  const environments = () => {
    const { store, mounts } = installation;
    const eventStore = { EVENTSTORE_URL: store.url };
    const withoutRedis = redis === null ? { REDIS_URL_FILE: '' } : {};
    return serving.map(([, service]) => environmentOf(service, mounts, { ...eventStore, ...withoutRedis }));
  };

  beforeAll(async () => {
    installation = await prepare();
  });
  afterAll(async () => {
    await Promise.all(processes.map(({ stop }) => stop()));
    await redis?.stop();
    await removeAll(installation);
  });

  test('get secrets that are created once, also by two steps at once, and that others cannot read', async () => {
    const [first, second] = await Promise.all([makeSecrets(), makeSecrets()]);
    expect([first.code, second.code]).toEqual([0, 0]);
    const { secrets } = installation;
    const texts = () => readdirSync(secrets).map((name) => readFileSync(path.join(secrets, name), 'utf8'));
    const before = texts();
    expect(readdirSync(secrets)).toEqual([
      'database-url',
      'ledger-secret',
      'postgres-password',
      'redis-password',
      'redis-url',
    ]);
    expect((await makeSecrets()).output).not.toContain('Created');
    expect(texts()).toEqual(before);
    expect(readdirSync(secrets).map((name) => statSync(path.join(secrets, name)).mode & 0o007)).toEqual([
      0, 0, 0, 0, 0,
    ]);
    const [databaseUrl = '', , password = ''] = before;
    expect(databaseUrl).toContain(`:${password.trim()}@postgres:5432/`);
  });

  test('start, are healthy, and answer validations through both API processes', async () => {
    const { secrets, postgres, postgresPort, folder, mounts } = installation;
    const client = new pg.Client(postgres.url);
    await client.connect();
    const password = readFileSync(path.join(secrets, 'postgres-password'), 'utf8').trim();
    await client.query(`create role ledger superuser login password ${client.escapeLiteral(password)}`);
    await client.query('create database ledger owner ledger');
    await client.end();
    replaceIn(path.join(secrets, 'database-url'), [['@postgres:5432/', `@127.0.0.1:${postgresPort}/`]]);
    if (hasRedis && compose.services.redis) {
      redis = await startRedisOf(compose.services.redis, [...mounts, ['/tmp', folder]]);
      expect(await redis.checkHealth()).toBe(0);
      replaceIn(path.join(secrets, 'redis-url'), [['@redis:6379', `@127.0.0.1:${redis.port}`]]);
    }

    const [environment = {}] = environments();
    const apiKey = await createFirst(environment);
    const starts = serving.map((service, index) => startService(service, environments()[index] ?? {}));
    processes.push(...(await Promise.all(starts)));
    expect(await Promise.all(processes.map(({ checkHealth }) => checkHealth()))).toEqual([0, 0, 0, 0, 0]);

    const [one, two] = processes.filter(({ name }) => name.startsWith('api'));
    if (one === undefined || two === undefined) throw new Error('There are no two services api.');
    const licenseKey = await issue(one, apiKey);
    expect([await validates(one, licenseKey), await validates(two, licenseKey)]).toMatchObject([
      { code: 'VALID' },
      { code: 'VALID' },
    ]);
  }, 120_000);

  test('write to no other directory than that of the keys, which has the copies of checkpoints', async () => {
    const copies = path.join(installation.data, 'keys', 'checkpoints');
    await condition('the notary has signed', async () => existsSync(copies) && readdirSync(copies).length > 0);
    expect(readdirSync(installation.data)).toEqual(['keys']);
  });

  test('end with 0 when Docker stops them', async () => {
    expect(await Promise.all(processes.splice(0).map(({ stop }) => stop()))).toEqual([0, 0, 0, 0, 0]);
  });
});

describe.skipIf(!hasPsql)('The services of deploy/compose.production.yml', () => {
  const compose = readCompose('deploy/compose.production.yml');
  const { serving } = ourServices(compose);
  // The second projector and the second worker are the same as the first ones.
  const started = sized(1, 0) ? serving : serving.filter(([name]) => /^api|-1$/.test(name));
  const processes: ServiceProcess[] = [];
  let installation: Prepared;

  beforeAll(async () => {
    installation = await prepare();
    const { secrets, postgresPort, store } = installation;
    const urlOf = (login: string) =>
      `postgres://${login}:${randomBytes(24).toString('base64url')}@127.0.0.1:${postgresPort}/ledger\n`;
    const files = {
      'ledger-secret': randomBytes(32).toString('base64'),
      'database-url': urlOf('ledger'),
      'database-api-url': urlOf('api'),
      'database-projector-url': urlOf('projector'),
      'database-worker-url': urlOf('worker'),
      'eventstore-url': store.url,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(secrets, name), text);
  });
  afterAll(async () => {
    await Promise.all(processes.map(({ stop }) => stop()));
    await removeAll(installation);
  });

  test('get logins of their own from the script that Postgres runs once', async () => {
    const environment = {
      PATH: process.env.PATH ?? '',
      LEDGER_SECRETS: installation.secrets,
      PGHOST: '127.0.0.1',
      PGPORT: String(installation.postgresPort),
      PGPASSWORD: 'tests',
    };
    const script = ['bash', 'deploy/postgres-logins.sh'];
    const file = path.join(installation.secrets, 'database-worker-url');
    const url = readFileSync(file);
    // The script cannot read a directory either, and nothing is unreadable for root.
    rmSync(file);
    mkdirSync(file);
    const unreadable = await run(script, environment);
    expect([unreadable.code, unreadable.output]).toEqual([1, expect.stringMatching(/let user \d+ read \S+worker-url/)]);
    rmdirSync(file);
    writeFileSync(file, 'postgres://worker@postgres:5432/ledger');
    const empty = await run(script, environment);
    expect([empty.code, empty.output]).toEqual([1, expect.stringContaining('has no password')]);
    writeFileSync(file, url);
    expect(await run(script, environment)).toEqual({ code: 0, output: '' });
  });

  testInFull(
    'start with these logins, are healthy, and answer validations',
    async () => {
      const environments = started.map(([, service]) =>
        environmentOf(service, installation.mounts, { REDIS_URL_FILE: '' }),
      );
      const [environment = {}] = environments;
      const apiKey = await createFirst(environment);
      const starts = started.map((service, index) => startService(service, environments[index] ?? {}));
      processes.push(...(await Promise.all(starts)));
      expect(await Promise.all(processes.map(({ checkHealth }) => checkHealth()))).toEqual(started.map(() => 0));
      const [one, two] = processes;
      if (one === undefined || two === undefined) throw new Error('There are no two services api.');
      const licenseKey = await issue(one, apiKey);
      expect(await validates(two, licenseKey)).toMatchObject({ code: 'VALID' });

      const client = new pg.Client(installation.postgres.url.replace(/postgres$/, 'ledger'));
      await client.connect();
      const { rows } = await client.query(
        'select distinct usename from pg_stat_activity where datname = current_database() order by usename',
      );
      await client.end();
      expect(rows.map(({ usename }) => usename)).toEqual(expect.arrayContaining(['api', 'projector', 'worker']));
    },
    120_000,
  );
});
