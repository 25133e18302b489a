import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { takeBackup } from '../../../src/cli/backup/take-backup.ts';
import { readLogState, reopenLog } from '../../../src/eventstore/copy/log-state.ts';
import { emptyDatabase, nameDevice, queryOn, restore, serversOf, sourceOf, storeOn } from '../../support/backups.ts';
import { startOwnStore } from '../../support/event-store.ts';
import { testInFull } from '../../support/in-full.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { startLedgerProcess } from '../../support/product.ts';
import { runCommand } from '../../support/run-command.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

// A log and a Postgres of different times or places: what says so, and the way out.
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const isIntact = async (databaseUrl: string, storeUrl: string) =>
  expect(await runCommand(['verify'], serversOf(databaseUrl, storeUrl))).toMatchObject({
    code: 0,
    output: expect.stringContaining('Intact'),
  });

testInFull(
  'A log and a Postgres of different times get a verdict and a way out',
  async () => {
    const to = await temporaryDirectory();
    const rotated = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
    const admin = await ledger.createMember(ledger.a.organizationId, 'OWNER');
    const early = await takeBackup(sourceOf(ledger, to));
    // A log of this time whose positions go on without a gap, as other means restore it.
    const copy = await startOwnStore();
    onTestFinished(copy.stop);
    const copying = ['copy', '--from', ledger.store.url, '--to', copy.url];
    expect(await runCommand(copying, {})).toMatchObject({ code: 0 });
    await reopenLog(copy.connect(), 'now');

    const key = await ledger.createKey(ledger.a.organizationId, ['licenses:read']);
    const { licenseKey } = await ledger.issue({ externalRef: 'later' });
    await nameDevice(ledger, licenseKey, 'later device');
    const path = `/v1/api-keys/${rotated.apiKeyId}`;
    expect((await ledger.call('POST', `${path}/rotate`, { key: admin.accessToken, body: {} })).status).toBe(200);
    const headers = { 'idempotency-key': 'lost'.padEnd(20, '-') };
    const body = { tier: 'PRO', products: ['local_cli'] };
    const issue = { key: ledger.a.apiKey, headers, body };
    expect((await ledger.call('POST', '/v1/licenses', issue)).status).toBe(201);
    const late = await takeBackup(sourceOf(ledger, to));

    // The log is newer than Postgres: what Postgres lacks is named, and all else works.
    const databaseUrl = await emptyDatabase();
    const olderPostgres = { databaseUrl, storeUrl: ledger.store.url };
    const lacking = await restore(['--from', early.directory, '--only', 'postgres'], olderPostgres);
    expect([lacking.code, lacking.output]).toEqual([0, expect.stringContaining('Intact')]);
    const keys = [key.apiKeyId, rotated.apiKeyId].sort().join(', ');
    expect(lacking.output).toContain(`2 API keys of the log lack their secret or the newest one in Postgres`);
    expect(lacking.output).toContain(keys);
    // The name of the device, and the address that the invitation of the test's member never stored.
    expect(lacking.output).toContain('2 names, texts or metadata of the log are lost');
    const doctor = await runCommand(['doctor'], serversOf(databaseUrl, ledger.store.url));
    expect(doctor.output).toMatch(/todo\s+records\s+Postgres is older than the log\. 2 API keys/);

    // The log is older than Postgres.
    const logUrl = await emptyDatabase();
    const onlyLog = await restore(['--from', early.directory, '--only', 'log'], { ...olderPostgres, logUrl });
    expect([onlyLog.code, onlyLog.output]).toEqual([0, expect.stringContaining('The log is restored up to')]);
    const older = await storeOn(logUrl);
    const newerPostgres = await emptyDatabase();
    const onOlder = { databaseUrl: newerPostgres, storeUrl: older };
    const refused = await restore(['--from', late.directory, '--only', 'postgres'], onOlder);
    expect([refused.code, refused.output]).toEqual([5, expect.stringContaining('is older than the backup')]);
    expect(await queryOn(newerPostgres, `select from pg_namespace where nspname = 'ops'`)).toEqual([]);
    const forced = await restore(['--from', late.directory, '--only', 'postgres', '--force'], onOlder);
    expect([forced.code, forced.output]).toEqual([0, expect.stringContaining('Intact')]);
    expect(await queryOn(newerPostgres, 'select from ops.idempotency')).toEqual([]);

    // The Postgres that runs, with an older log: verify says it, and a rebuild mends it.
    await ledger.stopProjector();
    const live = serversOf(ledger.database.url, copy.url);
    expect(await runCommand(['verify'], live)).toMatchObject({
      code: 3,
      output: expect.stringContaining('BEYOND_LOG'),
    });
    expect((await runCommand(['doctor'], live)).output).toMatch(/todo\s+checkpoint/);
    const rebuilt = await runCommand(['rebuild', '--force'], live);
    expect([rebuilt.code, rebuilt.output]).toEqual([0, expect.stringContaining('serves now')]);
    await isIntact(ledger.database.url, copy.url);
    // The organization does not wait for a position that is lost, and no answer promises a lost license.
    const started = await startLedgerProcess([], live);
    const authorization = `Bearer ${issue.key}`;
    const answer = await fetch(`${started.url}/v1/licenses`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const again = (await answer.json()) as { license?: { id: string } };
    const read = await fetch(`${started.url}/v1/licenses/${again.license?.id}`, { headers: { authorization } });
    started.process.kill('SIGTERM');
    expect([answer.status, read.status, await started.ended]).toEqual([201, 200, 0]);
  },
  180_000,
);

test('A copy whose source is lost is opened on demand, and a damaged log only by force', async () => {
  const to = await temporaryDirectory();
  const source = await startLedger();
  const { licenseId } = await source.issue({ externalRef: 'genuine' });
  const { directory } = await takeBackup(sourceOf(source, to, { logUrl: null }));
  const copy = await startOwnStore();
  onTestFinished(copy.stop);
  const copying = ['copy', '--from', source.store.url, '--to', copy.url];
  const postgres = ['--from', directory, '--only', 'postgres'];
  const onCopy = { databaseUrl: await emptyDatabase(), storeUrl: copy.url };
  const refused = (sentence: string) => ({ code: 5, output: expect.stringContaining(sentence) });
  // Another log, and a copy that is not whole.
  expect(await restore(postgres, { ...onCopy, storeUrl: ledger.store.url })).toMatchObject(
    refused('has another log than the backup'),
  );
  expect(await runCommand(copying, {})).toMatchObject({ code: 0 });
  await source.stop();
  expect(await restore(postgres, onCopy)).toMatchObject(refused('add --source-is-lost to --only postgres'));
  expect((await readLogState(copy.connect())).kind).toBe('AWAITED');

  // Somebody has changed an event.
  const change = (from: string, into: string) =>
    queryOn(
      copy.databaseUrl,
      `update eventstore.events set data = convert_to(replace(convert_from(data, 'UTF8'), '${from}', '${into}'), 'UTF8')
       where stream = 'license-${licenseId}'`,
    );
  await change('genuine', 'altered');
  const lost = [...postgres, '--source-is-lost'];
  const damaged = await restore(lost, onCopy);
  expect([damaged.code, damaged.output]).toEqual([3, expect.stringContaining('Start no server on it')]);
  expect(damaged.output).not.toContain('ledger start');
  expect((await readLogState(copy.connect())).kind).toBe('AWAITED');

  await change('altered', 'genuine');
  const restored = await restore(lost, onCopy);
  expect([restored.code, restored.output]).toEqual([0, expect.stringContaining('Then start: ledger start')]);
  expect((await readLogState(copy.connect())).kind).toBe('OPEN');
  await isIntact(onCopy.databaseUrl, copy.url);
  expect(await restore(lost, onCopy)).toMatchObject(refused('already restored here'));
}, 120_000);
