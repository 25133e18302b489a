import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { copiedTables, leftOut } from '../../../src/cli/backup/backup-tables.ts';
import { type Manifest, manifestText, parseManifest } from '../../../src/cli/backup/manifest.ts';
import { type BackupSource, takeBackup } from '../../../src/cli/backup/take-backup.ts';
import { startEventStore } from '../../../src/embedded/eventstore/server.ts';
import { awaitLog } from '../../../src/eventstore/copy/log-state.ts';
import { createDatabase } from '../../support/database.ts';
import { startOwnStore } from '../../support/event-store.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { runCommand } from '../../support/run-command.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

// Backups of a product that serves, and what a restore refuses.
const secret = randomBytes(32).toString('base64');
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const nothing = () => {};
const sourceOf = (to: string, more: Partial<BackupSource> = {}): BackupSource => ({
  ...{ databaseUrl: ledger.database.url, eventStoreUrl: ledger.store.url, logUrl: ledger.store.databaseUrl },
  ...{ store: ledger.store.connect(), to, signal: new AbortController().signal, onProgress: nothing },
  ...more,
});
const emptyDatabase = async (): Promise<string> => {
  const database = await createDatabase();
  onTestFinished(database.drop);
  return database.url;
};
const restore = (
  args: readonly string[],
  { databaseUrl, logUrl, storeUrl }: { databaseUrl: string; logUrl?: string; storeUrl?: string },
) =>
  runCommand(['restore', ...args], {
    ...{ DATABASE_URL: databaseUrl, EVENTSTORE_URL: storeUrl ?? ledger.store.url, LEDGER_SECRET: secret },
    ...(logUrl === undefined ? {} : { LEDGER_EVENTSTORE_DATABASE_URL: logUrl }),
  });
const queryOn = async <Row extends object>(url: string, sql: string): Promise<readonly Row[]> => {
  const db = new pg.Client(url);
  await db.connect();
  return db
    .query<Row>(sql)
    .then(({ rows }) => rows)
    .finally(() => db.end());
};
const storeOn = async (databaseUrl: string): Promise<string> => {
  const server = await startEventStore({ access: 'INSECURE', databaseUrl, port: 0 });
  onTestFinished(() => server.stop());
  return `esdb://127.0.0.1:${server.port}?tls=false`;
};
const nameDevice = async (licenseKey: string, name: string) => {
  const body = { licenseKey, fingerprint: name, name };
  const { status } = await ledger.call('POST', '/v1/licenses/activate', { key: ledger.a.apiKey, body });
  expect(status).toBe(201);
};

test('Every table is in a backup or has a reason to be left out', async () => {
  const { rows } = await ledger.database.superuser.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('identity', 'vault', 'ops') and c.relkind = 'r' order by 1`,
  );
  expect(rows.map(({ name }) => name)).toEqual([...copiedTables, ...Object.keys(leftOut)].sort());
});

test('A backup under load has every answer with its event, and every event with its personal values', async () => {
  const to = await temporaryDirectory();
  const keyOf = (name: string) => ({ 'idempotency-key': name.padEnd(20, '-') });
  const issueAs = async (name: string) => {
    const { answer, licenseKey } = await ledger.issue({ externalRef: name });
    await nameDevice(licenseKey, `device of ${name}`);
    return answer;
  };
  await issueAs('before');
  let isDone = false;
  const load = (async () => {
    for (let number = 0; !isDone && number < 50; number++) {
      const { body } = await ledger.call('POST', '/v1/licenses', {
        ...{ key: ledger.a.apiKey, headers: keyOf(`load-${number}`) },
        body: { tier: 'PRO', products: ['local_cli'] },
      });
      await nameDevice(String(body.licenseKey), `device ${number}`);
    }
  })();
  // What is issued between two steps is in neither of them, or in the part that may have it.
  const onStep = async (step: string) => void (await issueAs(step));
  const { directory, manifest } = await takeBackup(sourceOf(to, { onStep }));
  const other = await takeBackup(sourceOf(to));
  isDone = true;
  await load;
  expect(other.directory).not.toBe(directory);
  expect((await stat(path.join(directory, 'identity.users.copy.gz'))).mode & 0o777).toBe(0o600);
  expect(manifest.log.included).toBe(true);

  const [databaseUrl, logUrl] = [await emptyDatabase(), await emptyDatabase()];
  const { code, output } = await restore(['--from', directory, '--json'], { databaseUrl, logUrl });
  expect([code, output]).toEqual([0, expect.stringContaining('"intact": true')]);
  expect(JSON.parse(output.slice(output.indexOf('{')))).toMatchObject({
    lost: { apiKeys: [], users: [], values: 0 },
    logPosition: manifest.log.last.position,
  });
  const names = await queryOn<{ external_ref: string }>(
    databaseUrl,
    `select external_ref from rm.licenses where external_ref is not null`,
  );
  expect(names).toEqual([{ external_ref: 'before' }]);
  // Every completed answer about a new license has that license in the restored log.
  const answers = await queryOn<{ promised: number; kept: number }>(
    databaseUrl,
    `select count(*)::int as promised, count(l.license_id)::int as kept from ops.idempotency i
     left join rm.licenses l on l.license_id = i.body::jsonb #>> '{license,id}' where i.status = 201 and i.body like '{"license"%'`,
  );
  expect(answers[0]?.kept).toBe(answers[0]?.promised);

  // A second restore, and one into a database with rows, change nothing.
  expect(await restore(['--from', directory], { databaseUrl, logUrl })).toMatchObject({
    code: 5,
    output: expect.stringContaining('already restored here'),
  });
  expect(await restore(['--from', other.directory], { databaseUrl, logUrl })).toMatchObject({
    code: 5,
    output: expect.stringContaining('The database is not empty'),
  });
  const running = { databaseUrl: await emptyDatabase(), logUrl: ledger.store.databaseUrl };
  expect(await restore(['--from', directory], running)).toMatchObject({
    code: 5,
    output: expect.stringContaining('Stop ledger eventstore'),
  });
}, 120_000);

test('A damaged, unfinished, unknown or newer backup restores nothing', async () => {
  const to = await temporaryDirectory();
  const { directory, manifest } = await takeBackup(sourceOf(to));
  const databaseUrl = await emptyDatabase();
  const logUrl = await emptyDatabase();
  const refused = async (code: number, sentence: string, from = directory) => {
    expect(await restore(['--from', from], { databaseUrl, logUrl })).toMatchObject({
      code,
      output: expect.stringContaining(sentence),
    });
    expect(await queryOn(databaseUrl, `select from pg_namespace where nspname = 'ops'`)).toEqual([]);
  };
  expect(
    await restore(['--from', directory], { databaseUrl: 'postgres://ledger@127.0.0.1:1/none', logUrl }),
  ).toMatchObject({
    code: 4,
    output: expect.stringContaining('DATABASE_URL: Postgres does not answer'),
  });
  await refused(2, `The newest is ${directory}`, to);
  await refused(2, 'so it is no backup', await temporaryDirectory());

  const file = path.join(directory, 'vault.personal_values.copy.gz');
  const whole = await readFile(file);
  await truncate(file, whole.length - 1);
  await refused(3, 'bytes, and');
  const changed = Buffer.from(whole);
  changed[changed.length - 9] = (changed[changed.length - 9] ?? 0) ^ 1;
  await writeFile(file, changed);
  await refused(3, 'its SHA-256 is another one');
  await rename(file, `${file}.away`);
  await refused(3, 'is missing');
  await rename(`${file}.away`, file);
  await writeFile(file, whole);

  const manifestPath = path.join(directory, 'manifest.json');
  const text = await readFile(manifestPath, 'utf8');
  expect(parseManifest(text)).toEqual(manifest);
  for (const damaged of [text.slice(0, -20), text.replace('"included": true', '"included": false'), ''])
    await writeFile(manifestPath, damaged).then(() => refused(3, 'was changed or cut off'));
  const write = (content: Manifest) => writeFile(manifestPath, manifestText(content));
  await write({ ...manifest, format: 2 });
  await refused(5, 'of a newer release');
  await write({ ...manifest, migrations: [...manifest.migrations, { file: 'ops/999-later.sql', sha256: '00' }] });
  await refused(5, 'it has had db/ops/999-later.sql');
  await write({ ...manifest, secrets: [{ id: 'deadbeef', check: 'AAAA' }] });
  await refused(5, 'needs the secret deadbeef');
  await write(manifest);

  const unfinished = path.join(to, 'unfinished-2026');
  await mkdir(unfinished);
  await refused(2, 'that was killed', unfinished);
}, 120_000);

test('A backup that fails leaves nothing behind', async () => {
  const to = await temporaryDirectory();
  const failing = sourceOf(to, { onStep: async () => Promise.reject(new Error('fault')) });
  await expect(takeBackup(failing)).rejects.toThrow('fault');
  const stopping = new AbortController();
  const stopped = sourceOf(to, { signal: stopping.signal, onStep: async () => stopping.abort() });
  await expect(takeBackup(stopped)).rejects.toThrow();
  const other = await startOwnStore();
  onTestFinished(other.stop);
  await expect(takeBackup(sourceOf(to, { logUrl: other.databaseUrl }))).rejects.toThrow('no event of License Ledger');
  // A store that waits for a log.
  await awaitLog(other.connect(), 'now');
  const awaiting = { DATABASE_URL: ledger.database.url, EVENTSTORE_URL: other.url, LEDGER_SECRET: secret };
  expect(await runCommand(['backup', '--to', to], awaiting)).toMatchObject({
    code: 5,
    output: expect.stringContaining('has only a copy of a log'),
  });
  expect(await readdir(to)).toEqual([]);
});

test('A log and a Postgres of different times get a verdict and a way out', async () => {
  const to = await temporaryDirectory();
  const early = await takeBackup(sourceOf(to));
  const key = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
  const { licenseKey } = await ledger.issue({ externalRef: 'later' });
  await nameDevice(licenseKey, 'later device');
  const late = await takeBackup(sourceOf(to));

  // The log is newer than Postgres: what Postgres lacks is named, and all else works.
  const olderPostgres = await emptyDatabase();
  const lacking = await restore(['--from', early.directory, '--only', 'postgres'], { databaseUrl: olderPostgres });
  expect([lacking.code, lacking.output]).toEqual([0, expect.stringContaining('Intact')]);
  expect(lacking.output).toContain(`1 API keys of the log have no secret in Postgres and do not work: ${key.apiKeyId}`);
  expect(lacking.output).toContain('1 names, texts or metadata of the log are lost');
  const doctor = await runCommand(['doctor'], {
    ...{ DATABASE_URL: olderPostgres, EVENTSTORE_URL: ledger.store.url, LEDGER_SECRET: secret },
  });
  expect(doctor.output).toMatch(/todo\s+records\s+Postgres is older than the log\. 1 API keys/);

  // The log is older than Postgres.
  const logUrl = await emptyDatabase();
  const onlyLog = await restore(['--from', early.directory, '--only', 'log'], { databaseUrl: logUrl, logUrl });
  expect([onlyLog.code, onlyLog.output]).toEqual([0, expect.stringContaining('The log is restored up to')]);
  const older = await storeOn(logUrl);
  const newerPostgres = await emptyDatabase();
  const onOlder = { databaseUrl: newerPostgres, storeUrl: older };
  const refused = await restore(['--from', late.directory, '--only', 'postgres'], onOlder);
  expect([refused.code, refused.output]).toEqual([5, expect.stringContaining('is older than the backup')]);
  const forced = await restore(['--from', late.directory, '--only', 'postgres', '--force'], onOlder);
  expect([forced.code, forced.output]).toEqual([0, expect.stringContaining('Intact')]);
  expect(await queryOn(newerPostgres, 'select from ops.idempotency')).toEqual([]);

  // The Postgres that runs, with the older log: verify says it, and a rebuild mends it.
  const start = await ledger.stopProjector();
  const live = { DATABASE_URL: ledger.database.url, EVENTSTORE_URL: older, LEDGER_SECRET: secret };
  expect(await runCommand(['verify'], live)).toMatchObject({ code: 3, output: expect.stringContaining('BEYOND_LOG') });
  expect((await runCommand(['doctor'], live)).output).toMatch(/todo\s+checkpoint/);
  expect((await runCommand(['rebuild', '--force'], live)).code).toBe(0);
  expect(await runCommand(['verify'], live)).toMatchObject({ code: 0, output: expect.stringContaining('Intact') });
  start();

  // Another log.
  const stranger = await startLedger();
  onTestFinished(stranger.stop);
  const foreign = { databaseUrl: await emptyDatabase(), storeUrl: stranger.store.url };
  expect(await restore(['--from', early.directory, '--only', 'postgres'], foreign)).toMatchObject({
    code: 5,
    output: expect.stringContaining('has another log than the backup'),
  });
}, 180_000);
