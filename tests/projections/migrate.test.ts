import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { backupLock } from '../../src/postgres/migrate.ts';
import { prepareDatabase } from '../../src/projections/prepare-database.ts';
import { activeProjection } from '../../src/projections/versions.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { randomLog } from '../support/random-log.ts';
import { createReadModels, dumpReadModels, project } from '../support/read-models.ts';

let copies: string;
let database: TestDatabase;
beforeAll(async () => {
  copies = await mkdtemp(path.join(tmpdir(), 'ledger-migrations-'));
  database = await createDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(copies, { recursive: true });
});

const copyOfMigrations = async (): Promise<string> => {
  const directory = await mkdtemp(path.join(copies, 'db-'));
  await cp('db', directory, { recursive: true });
  return directory;
};

/** Migrates and returns how many files it reports as applied, and the last one of each report. */
const migrated = async (url: string, directory?: string) => {
  const reports: { readonly files: number; readonly last: string }[] = [];
  const log = (fields: object) => {
    if ('files' in fields) reports.push(fields as (typeof reports)[number]);
  };
  await prepareDatabase(directory === undefined ? { url, log } : { url, log, directory });
  return { files: reports.reduce((sum, { files }) => sum + files, 0), last: reports.map(({ last }) => last) };
};
const none = { files: 0, last: [] };

const filesOf = async (url: string): Promise<readonly string[]> => {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ file: string }>('select file from ops.migrations order by ctid');
  await client.end();
  return rows.map(({ file }) => file);
};

describe('A migration', () => {
  test('that runs a second time changes nothing', async () => {
    const first = await migrated(database.url);
    const files = await filesOf(database.url);
    expect(first.files).toBeGreaterThan(files.length - 1);
    expect(files.slice(0, 3)).toEqual(['base/001-roles.sql', 'base/002-schemas.sql', 'base/003-migrations.sql']);
    expect(await migrated(database.url)).toEqual(none);
  });

  test('creates no tables of the embedded event store', async () => {
    await migrated(database.url);
    expect((await filesOf(database.url)).filter((file) => file.includes('eventstore'))).toEqual([]);
  });

  test('refuses an edited file by its name, and says what to do', async () => {
    const directory = await copyOfMigrations();
    await appendFile(path.join(directory, 'vault/010-personal-values.sql'), '-- edited\n');
    await expect(migrated(database.url, directory)).rejects.toThrow(
      'db/vault/010-personal-values.sql was edited after it was applied to this database. Restore the file as it was',
    );
  });

  test('refuses a database that a newer version migrated', async () => {
    const directory = await copyOfMigrations();
    await rm(path.join(directory, 'vault/020-license-metadata.sql'));
    await expect(migrated(database.url, directory)).rejects.toThrow('migrated by a newer version of License Ledger');
  });

  test('applies only a new file, and leaves nothing behind when the file fails', async () => {
    const directory = await copyOfMigrations();
    const file = path.join(directory, 'ops/900-notes.sql');
    await writeFile(file, 'create table ops.notes (id text primary key); select 1 / 0;');
    await expect(migrated(database.url, directory)).rejects.toThrow('db/ops/900-notes.sql failed: division by zero');
    await writeFile(file, 'create table ops.notes (id text primary key);');
    expect(await migrated(database.url, directory)).toEqual({ files: 1, last: ['ops/900-notes.sql'] });
  });

  test('of chosen files makes no read models, and waits for a backup only with work to do', async () => {
    const fresh = await createDatabase();
    const client = new pg.Client(fresh.url);
    await client.connect();
    await prepareDatabase({ url: fresh.url, log: () => {}, only: (file) => !file.endsWith('267-issuer-trees.sql') });
    const { rows: models } = await client.query(`select to_regclass('rm.licenses') as licenses`);
    expect(models).toEqual([{ licenses: null }]);
    await client.query('select pg_advisory_lock_shared($1)', [backupLock]);
    const said: string[] = [];
    const waiting = prepareDatabase({ url: fresh.url, log: (_, message) => void said.push(message) });
    await expect.poll(() => said).toEqual([expect.stringContaining('waits for a backup')]);
    expect(await filesOf(fresh.url)).not.toContain('ops/267-issuer-trees.sql');
    await client.query('select pg_advisory_unlock_shared($1)', [backupLock]);
    await waiting;
    expect(await filesOf(fresh.url)).toContain('ops/267-issuer-trees.sql');
    await client.query('select pg_advisory_lock_shared($1)', [backupLock]);
    expect(await migrated(fresh.url)).toEqual(none);
    await client.end();
    await fresh.drop();
  });

  test('that runs twice at once does the work once', async () => {
    const fresh = await createDatabase();
    const [one, other] = await Promise.all([migrated(fresh.url), migrated(fresh.url)]);
    expect(Math.min(one.files, other.files)).toBe(0);
    expect(one.files + other.files).toBeGreaterThan(10);
    await fresh.drop();
  });

  test('of several databases of one server at once shares the roles', async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(() => createDatabase()));
    await Promise.all(databases.map(({ url }) => migrated(url)));
    await Promise.all(databases.map((fresh) => fresh.drop()));
  });
});

describe('Read models', () => {
  const log = randomLog(400, 9);
  let models: Awaited<ReturnType<typeof createReadModels>>;
  beforeAll(async () => {
    models = await createReadModels();
    await project(models.projector, log);
  });
  afterAll(() => models.drop());

  /** Folds the whole log. Returns the rows and their version. */
  const folded = async () => {
    await project(models.projector, log);
    const { version } = await activeProjection(models.projector);
    return { version, rows: await dumpReadModels(models.superuser) };
  };

  test('of another shape stay as they are during a migration', async () => {
    const before = await folded();
    const directory = await copyOfMigrations();
    const file = path.join(directory, 'read-models/010-licenses.sql');
    await appendFile(file, 'create index licenses_by_test on rm.licenses (issuer_org_id, tier);');
    expect(await migrated(models.url, directory)).toEqual(none);
    expect(await folded()).toEqual(before);
  });

  test('of a release without versions are replaced by a first version', async () => {
    const before = await folded();
    await models.superuser.query(`delete from ops.projection_versions;
      insert into ops.migrations (file, sha256) values ('read-models/010-licenses.sql', 'x'), ('read-models/099-gone.sql', 'y')`);
    await migrated(models.url);
    const unread = models.api.query('select ops.require_read_models()');
    await expect(unread).rejects.toThrow('The read models are being built: no event is read yet. Try again later.');
    expect(await folded()).toEqual({ ...before, version: before.version + 1 });
    const { rows } = await models.superuser.query(`select file from ops.migrations where file like 'read-models/%'`);
    expect(rows).toEqual([]);
  });
});

describe('A login that is no superuser', () => {
  const login = `creator_${process.pid}`;
  const asSuperuser = async (statement: string, url = inject('postgresUrl')) => {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  const as = (url: string, user: string): string => {
    const address = new URL(url);
    address.username = user;
    address.password = 'tests';
    return address.href;
  };

  test('gets an error that names the missing right when it may not take the existing roles', async () => {
    const fresh = await createDatabase();
    await asSuperuser(`create role ${login} login password 'tests'`);
    await asSuperuser(`grant create on database ${new URL(fresh.url).pathname.slice(1)} to ${login}`);
    await expect(migrated(as(fresh.url, login))).rejects.toThrow(/may neither create nor become the role ledger_owner/);
    await fresh.drop();
  });

  test('can migrate with granted roles', async () => {
    const fresh = await createDatabase();
    await asSuperuser(`grant create on database ${new URL(fresh.url).pathname.slice(1)} to ${login}`);
    for (const role of ['owner', 'api', 'projector', 'worker', 'auth', 'backup']) {
      await asSuperuser(`grant ledger_${role} to ${login} with inherit false, set true`);
    }
    expect((await migrated(as(fresh.url, login))).files).toBeGreaterThan(10);
    await fresh.drop();
    await asSuperuser(`drop role ${login}`);
  });
});
