import { mkdir, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { copiedTables, leftOut } from '../../../src/cli/backup/backup-tables.ts';
import { type Manifest, manifestText, parseManifest } from '../../../src/cli/backup/manifest.ts';
import { type BackupSource, takeBackup } from '../../../src/cli/backup/take-backup.ts';
import { awaitLog } from '../../../src/eventstore/copy/log-state.ts';
import { backupLock } from '../../../src/postgres/migrate.ts';
import {
  emptyDatabase,
  ledgerSecret,
  nameDevice,
  queryOn,
  restore as runRestore,
  sourceOf as sourceOfLedger,
} from '../../support/backups.ts';
import { startOwnStore } from '../../support/event-store.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { createReadModels } from '../../support/read-models.ts';
import { runCommand } from '../../support/run-command.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

// Backups of a product that serves, and what a restore refuses.
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const sourceOf = (to: string, more: Partial<BackupSource> = {}) => sourceOfLedger(ledger, to, more);
const restore = (args: readonly string[], { databaseUrl, logUrl }: { databaseUrl: string; logUrl: string }) =>
  runRestore(args, { databaseUrl, logUrl, storeUrl: ledger.store.url });

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
    await nameDevice(ledger, licenseKey, `device of ${name}`);
    return answer;
  };
  await issueAs('before');
  const held = await ledger.issue({ holderOrganizationId: ledger.b.organizationId, metadata: { seat: 'one' } });
  await nameDevice(ledger, held.licenseKey, 'held device');
  // As if a transfer were between its event and its change of the vault.
  for (const table of ['license_metadata', 'personal_values'])
    await ledger.database.superuser.query(
      `update vault.${table} set holder_org_id = 'org_before' where holder_org_id = $1`,
      [ledger.b.organizationId],
    );
  let isDone = false;
  const load = (async () => {
    for (let number = 0; !isDone && number < 50; number++) {
      const { body } = await ledger.call('POST', '/v1/licenses', {
        ...{ key: ledger.a.apiKey, headers: keyOf(`load-${number}`) },
        body: { tier: 'PRO', products: ['local_cli'] },
      });
      await nameDevice(ledger, String(body.licenseKey), `device ${number}`);
    }
  })();
  // What is issued between two steps is in neither of them, or in the part that may have it.
  const cosign = (line: string) =>
    ledger.database.superuser.query(
      `insert into ops.log_cosignatures select 'org_signed', count(*), 'one.example', '00000000', $1, now()
        from ops.log_cosignatures`,
      [line],
    );
  await cosign('before');
  const onStep = async (step: string) => void (await Promise.all([issueAs(step), cosign(step)]));
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
  expect(await queryOn(databaseUrl, 'select line from ops.log_cosignatures')).toEqual([{ line: 'before' }]);
  // Every answer about a new license has the events of its command in the restored log.
  const answers = await queryOn<{ command: string }>(
    databaseUrl,
    `select command_id as command from ops.idempotency where status = 201`,
  );
  const commands = await queryOn<{ command: string }>(
    logUrl,
    `select distinct convert_from(metadata, 'UTF8')::jsonb ->> 'commandId' as command from eventstore.events
     where stream like 'license-%'`,
  );
  const kept = new Set(commands.map(({ command }) => command));
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.filter(({ command }) => !kept.has(command))).toEqual([]);
  // The vault has the holder of the license, also where a transfer had not changed it yet.
  const holders = ['vault.license_metadata', 'vault.license_metadata_values', 'vault.personal_values'].map(
    (table) => `select distinct holder_org_id as holder from ${table} where holder_org_id is not null`,
  );
  expect(await queryOn(databaseUrl, holders.join(' union all '))).toEqual(
    holders.map(() => ({ holder: ledger.b.organizationId })),
  );

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
}, 180_000);

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
  const migrated = await createReadModels();
  onTestFinished(migrated.drop);
  await write({ ...manifest, migrations: manifest.migrations.filter(({ file }) => file !== 'ops/260-backups.sql') });
  expect(await restore(['--from', directory], { databaseUrl: migrated.url, logUrl })).toMatchObject({
    code: 5,
    output: expect.stringContaining('of a later release than the backup'),
  });
  await write({ ...manifest, secrets: [{ id: 'deadbeef', check: 'AAAA' }] });
  await refused(5, 'needs the secret deadbeef');
  await write(manifest);

  const unfinished = path.join(to, 'unfinished-2026');
  await mkdir(unfinished);
  await refused(2, 'that was killed', unfinished);
}, 180_000);

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
  const awaiting = { DATABASE_URL: ledger.database.url, EVENTSTORE_URL: other.url, LEDGER_SECRET: ledgerSecret };
  expect(await runCommand(['backup', '--to', to], awaiting)).toMatchObject({
    code: 5,
    output: expect.stringContaining('has only a copy of a log'),
  });
  // A release that migrates, and a place for the secret that cannot be written.
  const migrating = new pg.Client(ledger.database.url);
  await migrating.connect();
  await migrating.query('select pg_advisory_lock($1)', [backupLock]);
  await expect(takeBackup(sourceOf(to))).rejects.toThrow('A release migrates the database');
  await migrating.end();
  const nowhere = ['--secrets-to', path.join(await temporaryDirectory(), 'missing', 'secret.json')];
  const serving = { ...awaiting, EVENTSTORE_URL: ledger.store.url };
  expect(await runCommand(['backup', '--to', to, ...nowhere], serving)).toMatchObject({
    code: 2,
    output: expect.stringContaining('cannot be written'),
  });
  expect(await readdir(to)).toEqual([]);
});
