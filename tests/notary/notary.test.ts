import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type EventStore, OutcomeUnknown, type Recorded } from '../../src/eventstore/event-store.ts';
import { leavesMax } from '../../src/notary/grow-tree.ts';
import type { Notary } from '../../src/notary/notary.ts';
import { readIssuerLog, sendToLog } from '../../src/notary/notary-context.ts';
import { restartLog } from '../../src/notary/restart-log.ts';
import { rotateLogKey } from '../../src/notary/rotate-key.ts';
import { signCheckpoint } from '../../src/notary/sign-checkpoint.ts';
import { wakeNotary } from '../../src/notary/wake-notary.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { checkTiles } from '../../src/proof/tree/check-tiles.ts';
import {
  demandCheckpoint,
  readLastCheckpoint,
  readLogKeys,
  readTreeSize,
  tilesOf,
} from '../../src/records/issuer-trees.ts';
import { signingKey } from '../../src/signing/log-keys.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, rival, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';
import { leavesOf, type NotaryDirectories, notaryNeeds, rootOf, signedIn } from './support.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let store: EventStore;
let directories: NotaryDirectories;
beforeAll(async () => {
  const parent = await mkdtemp(path.join(tmpdir(), 'ledger-notary-'));
  directories = { keys: path.join(parent, 'keys'), copies: path.join(parent, 'copies') };
  [models, running] = await Promise.all([createReadModels(), startStore()]);
  store = running.connect();
});
afterAll(async () => {
  await running.stop();
  await models.drop();
  await rm(path.dirname(directories.keys), { recursive: true });
});
const patiently = { timeout: 20_000, interval: 50 };
const notaries: Notary[] = [];
afterAll(() => Promise.all(notaries.map((notary) => notary.stop())));

const ledger = createLog();
const issue = (issuerOrgId: string, count: number) => {
  for (let number = 0; number < count; number++) ledger.issue(`${ledger.log.length}`, { issuerOrgId });
};
const projectAll = () => project(models.projector, ledger.log as readonly Recorded[]);
const leaves = (issuer: string) => leavesOf(ledger.log, issuer);
const started = (run: { start: () => Notary }) => {
  const notary = run.start();
  notaries.push(notary);
  return notary;
};
const lastSize = async (issuer: string) => (await readLastCheckpoint(models.worker, issuer))?.size ?? 0;
const untilSigned = (issuer: string, size = leaves(issuer).length) =>
  vi.waitFor(async () => expect(await lastSize(issuer)).toBe(size), patiently);
const untilTree = (issuer: string) =>
  vi.waitFor(async () => expect(await readTreeSize(models.worker, issuer)).toBe(leaves(issuer).length), patiently);

let run: ReturnType<typeof notaryNeeds>;
let notary: Notary;

test('A new log gets a key and a checkpoint, whose root is that of an independent fold', async () => {
  ledger.organization(vendor, 'vendor');
  ledger.organization(rival, 'rival');
  issue(vendor, 300);
  issue(rival, 3);
  await projectAll();
  run = notaryNeeds(models.worker, store, directories);
  notary = started(run);
  for (const issuer of [vendor, rival]) {
    await untilSigned(issuer);
    const [signed] = await signedIn(store, issuer);
    const size = leaves(issuer).length;
    expect(signed).toMatchObject({ origin: `ledger.example/${issuer}`, size, root: rootOf(leaves(issuer), size) });
    const last = await readLastCheckpoint(models.worker, issuer);
    expect(last).toMatchObject({ note: signed?.note, revision: 1n, origin: signed?.origin });
    if (last !== null) await checkTiles({ size, readTile: tilesOf(models.worker, issuer) }, last);
    expect(await readFile(path.join(run.copies, `${issuer}.checkpoint`), 'utf8')).toBe(signed?.note);
    const [key] = await readLogKeys(models.worker, issuer);
    expect(key).toMatchObject({ origin: `ledger.example/${issuer}` });
  }
  const [file = ''] = await readdir(run.keys);
  expect(((await stat(path.join(run.keys, file))).mode & 0o777).toString(8)).toBe('600');
  expect(JSON.stringify(run.said)).not.toContain('PRIVATE');
});

test('A log that grew is signed a minute after its last checkpoint, after 1,000 leaves, or on demand', async () => {
  const before = leaves(rival).length;
  issue(rival, 2);
  await projectAll();
  await untilTree(rival);
  expect(await lastSize(rival)).toBe(before);
  await demandCheckpoint(models.worker, rival);
  await untilSigned(rival);
  await vi.waitFor(
    async () => expect((await models.superuser.query('select from ops.log_demands')).rowCount).toBe(0),
    patiently,
  );

  issue(rival, 1);
  await projectAll();
  await untilTree(rival);
  run.clock.aheadMs += 61_000;
  await untilSigned(rival);

  // A first part of the thousand would be signed at once a minute after the last checkpoint.
  issue(vendor, 1);
  await projectAll();
  await demandCheckpoint(models.worker, vendor);
  await untilSigned(vendor);
  issue(vendor, 1_000);
  await projectAll();
  await untilSigned(vendor);
  const signed = await signedIn(store, rival);
  expect(signed.map(({ size }) => size)).toEqual([before, before + 4, before + 6]);
  for (const { size, root } of signed) expect(root).toBe(rootOf(leaves(rival), size));
  expect(notary.signed()).toBeGreaterThanOrEqual(5);
});

test('Two notaries do each step once, and both end at the same checkpoints', async () => {
  const other = notaryNeeds(models.worker, running.connect(), run);
  started(other);
  const before = (await signedIn(store, vendor)).length;
  for (let round = 0; round < 4; round++) {
    issue(vendor, 20);
    await projectAll();
    await demandCheckpoint(models.worker, vendor);
    await untilSigned(vendor);
  }
  const signed = await signedIn(store, vendor);
  expect(signed.length).toBe(before + 4);
  for (const { size, root } of signed) expect(root).toBe(rootOf(leaves(vendor), size));
  await notaries.pop()?.stop();
});

test('A log without its key file is not signed, the message names the file, and other logs go on', async () => {
  const [key = ''] = (await readdir(run.keys)).filter((name) => name.startsWith(rival));
  const file = path.join(run.keys, key);
  await rename(file, `${file}.saved`);
  for (const issuer of [rival, vendor]) issue(issuer, 1);
  await projectAll();
  for (const issuer of [rival, vendor]) await demandCheckpoint(models.worker, issuer);
  await untilSigned(vendor);
  await vi.waitFor(() => expect(notary.fault()).toContain(`The key ${file} is missing.`), patiently);
  await rename(`${file}.saved`, file);
  await chmod(file, 0o644);
  run.clock.aheadMs += 20_000;
  await vi.waitFor(() => expect(notary.fault()).toContain(`Others may read the key ${file}.`), patiently);
  const text = await readFile(file, 'utf8');
  await chmod(file, 0o600);
  await writeFile(file, text.replace(/.{9}\n$/, 'AAAAAAAA=\n'));
  run.clock.aheadMs += 20_000;
  await vi.waitFor(
    () => expect(notary.fault()).toMatch(/is not the (private key of a log|key [0-9a-f]{8} of)/),
    patiently,
  );
  expect(run.said.filter((sentence) => sentence.includes('is missing')).length).toBe(1);
  await writeFile(file, text);
  run.clock.aheadMs += 20_000;
  await untilSigned(rival);
  await vi.waitFor(() => expect(notary.fault()).toBe(null), patiently);
  expect(JSON.stringify(run.said)).not.toContain(text.trim());
});

test('A log with a fault that nobody foresaw stops no other one, and a fault ends when another notary has signed', async () => {
  const copy = path.join(run.copies, `${rival}.checkpoint`);
  await rename(copy, `${copy}.saved`);
  await mkdir(copy);
  for (const issuer of [rival, vendor]) issue(issuer, 1);
  await projectAll();
  for (const issuer of [rival, vendor]) await demandCheckpoint(models.worker, issuer);
  await untilSigned(vendor);
  await vi.waitFor(() => expect(notary.fault()).toContain(`The log of ${rival} failed (Error).`), patiently);
  await rm(copy, { recursive: true });
  await rename(`${copy}.saved`, copy);
  await models.superuser.query(
    'delete from ops.log_demands; update ops.log_trees set due_at = null, unsigned_since = null',
  );
  run.clock.aheadMs += 20_000;
  await vi.waitFor(() => expect(notary.fault()).toBe(null), patiently);
});

test('A log that lost its key before its first checkpoint begins again, and an unknown outcome keeps the new key', async () => {
  const lost = signingKey('ledger.example/org_lost', 'LOG', new Uint8Array(32).fill(5));
  const vkey = formatVerifierKey(lost.verifier);
  const command = { type: 'StartLog', data: { origin: lost.verifier.name, vkey }, expectedRevision: -1n } as const;
  await sendToLog(run.needs, 'org_lost', command);
  const restart = { reason: 'LOST_KEY', operator: 'ops-1' };
  const executor = { ...run.needs.executor, execute: () => Promise.reject(new OutcomeUnknown('no answer')) };
  await expect(restartLog({ ...run.needs, executor }, 'org_lost', restart)).rejects.toThrow(OutcomeUnknown);
  const keys = (await readdir(run.keys)).filter((name) => name.startsWith('org_lost'));
  expect(keys).toHaveLength(1);
  const { origin, last } = await restartLog(run.needs, 'org_lost', restart);
  expect(origin).toBe('ledger.example/org_lost/2');
  expect(last).toMatchObject({ origin: 'ledger.example/org_lost', size: 0 });
});

test('A key is rotated with a note of the old key, and the old file goes', async () => {
  const [old = ''] = (await readdir(run.keys)).filter((name) => name.startsWith(rival));
  const { executor } = run.needs;
  const { log: before, revision } = await readIssuerLog(executor, rival);
  const { vkey } = await rotateLogKey(run.needs, rival, 'ops-1');
  // A notary that had read the log a moment before says nothing.
  const read = vi
    .fn(executor.read)
    .mockImplementationOnce(async (_aggregate, _id, view) => view(before as never, revision));
  expect(await signCheckpoint({ ...run.needs, executor: { ...executor, read } as never }, rival)).toBe(false);
  const names = await readdir(run.keys);
  expect(names).not.toContain(old);
  await vi.waitFor(async () => expect((await readLogKeys(models.worker, rival)).at(-1)?.vkey).toBe(vkey), patiently);
  const signed = await signedIn(store, rival);
  expect(signed.at(-1)?.note).toContain(vkey.split('+')[0]);
  expect((await readLogKeys(models.worker, rival)).length).toBe(2);
});

test('Lost and wrong tiles and rows are made again from the logs', async () => {
  const rowsOf = async () =>
    (await models.superuser.query('select to_jsonb(c) as row from ops.log_checkpoints c order by 1')).rows;
  const before = await rowsOf();
  await notary.stop();
  await models.superuser.query(
    'delete from ops.log_trees; delete from ops.log_tiles; delete from ops.log_checkpoints; delete from ops.log_keys',
  );
  notary = started(run);
  await vi.waitFor(async () => expect(await rowsOf()).toEqual(before), patiently);
  await checkTreeOf(vendor);

  // A wrong hash at the right edge does not lead to the last root.
  await models.superuser.query(
    `update ops.log_tiles set hashes = overlay(hashes placing '\\x00' from 1 for 1) where issuer_org_id = $1 and level = 1`,
    [vendor],
  );
  issue(vendor, 1);
  await projectAll();
  await demandCheckpoint(models.worker, vendor);
  await untilSigned(vendor);
  await checkTreeOf(vendor);
  // A row that the stream does not have is removed.
  await models.superuser.query(`update ops.log_checkpoints set note = 'another' where issuer_org_id = $1`, [vendor]);
  await wakeNotary(models.worker, vendor);
  const stored = (await signedIn(store, vendor)).map(({ note }) => note);
  await vi.waitFor(async () => {
    const { rows } = await models.superuser.query<{ note: string }>(
      'select note from ops.log_checkpoints where issuer_org_id = $1 order by revision',
      [vendor],
    );
    expect(rows.map(({ note }) => note)).toEqual(stored);
  }, patiently);
});

const checkTreeOf = async (issuer: string) => {
  const last = await readLastCheckpoint(models.worker, issuer);
  if (last === null) throw new Error('There is no checkpoint.');
  await checkTiles({ size: last.size, readTile: tilesOf(models.worker, issuer) }, last);
};

test('A changed entry below the last checkpoint is refused, and the message says what to do', async () => {
  await notary.stop();
  const change = `update rm.log_entries set hash = decode(repeat('ab', 32), 'hex') where issuer_org_id = $1 and log_index = 1`;
  await models.superuser.query(change, [rival]);
  await models.superuser.query('delete from ops.log_trees where issuer_org_id = $1', [rival]);
  notary = started(run);
  await vi.waitFor(
    () => expect(notary.fault()).toMatch(/^does not sign a log: The log .* have another root than the copy/),
    patiently,
  );
  await rm(path.join(run.copies, `${rival}.checkpoint`));
  run.clock.aheadMs += 20_000;
  await vi.waitFor(() => expect(notary.fault()).toContain('its events lead to another root'), patiently);
  expect((await signedIn(store, rival)).every(({ size, root }) => root === rootOf(leaves(rival), size))).toBe(true);
});

test('A page has a bound, so a log that is far behind delays no other log', () => {
  expect(leavesMax).toBeLessThanOrEqual(10_000);
});
