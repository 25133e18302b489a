import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type EventStore, StoreUnavailable } from '../../src/eventstore/event-store.ts';
import { checkpointCopies } from '../../src/notary/checkpoint-copies.ts';
import { copyCheckpoint } from '../../src/notary/copy-checkpoint.ts';
import { followCheckpoints } from '../../src/notary/follow-checkpoints.ts';
import { noteGrowth } from '../../src/notary/growing-trees.ts';
import { startNotary } from '../../src/notary/notary.ts';
import { readIssuerLog } from '../../src/notary/notary-context.ts';
import { rotateLogKey } from '../../src/notary/rotate-key.ts';
import { signCheckpoint } from '../../src/notary/sign-checkpoint.ts';
import { removeTiles } from '../../src/notary/stored-tiles.ts';
import { wakeNotary } from '../../src/notary/wake-notary.ts';
import { parseVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { readLastCheckpoint, readTreeSize } from '../../src/records/issuer-trees.ts';
import { readLogKey } from '../../src/signing/log-key-files.ts';
import type { SigningKey } from '../../src/signing/log-keys.ts';
import { signedCheckpoint, testKey } from '../proof/keys.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, rival, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';
import { leavesOf, notaryNeeds, signedIn } from './support.ts';

const patiently = { timeout: 20_000, interval: 50 };
const origin = `ledger.example/${vendor}`;
const ledger = createLog();
let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let store: EventStore;
let run: ReturnType<typeof notaryNeeds>;
let parent: string;
/** The notes of the first and the last checkpoint, and the key that signed them. */
let notes: { readonly first: string; readonly last: string };
let key: SigningKey;

const size = () => leavesOf(ledger.log, vendor).length;
const signAll = async () => {
  await project(models.projector, ledger.log);
  for (const issuer of [vendor, rival]) await wakeNotary(models.worker, issuer);
  const notary = run.start();
  await vi.waitFor(async () => expect((await readLastCheckpoint(models.worker, vendor))?.size).toBe(size()), patiently);
  await notary.stop();
};
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'ledger-outside-'));
  [models, running] = await Promise.all([createReadModels(), startStore()]);
  store = running.connect();
  run = notaryNeeds(models.worker, store, { keys: path.join(parent, 'keys'), copies: path.join(parent, 'copies') });
  for (const issuer of [vendor, rival]) {
    ledger.organization(issuer, issuer === vendor ? 'vendor' : 'rival');
    for (let number = 0; number < 4; number++) ledger.issue(`${number}`, { issuerOrgId: issuer });
  }
  await signAll();
  for (let number = 4; number < 9; number++) ledger.issue(`${number}`, { issuerOrgId: vendor });
  await signAll();
  const signed = await signedIn(store, vendor);
  notes = { first: signed[0]?.note ?? '', last: signed.at(-1)?.note ?? '' };
  const { log } = await readIssuerLog(run.needs.executor, vendor);
  key = await readLogKey(run.keys, parseVerifierKey(log.kind === 'started' ? log.vkey : ''));
});
afterAll(async () => {
  await running.stop();
  await models.drop();
  await rm(parent, { recursive: true });
});
beforeEach(() => models.superuser.query('delete from ops.log_demands'));

let directories = 0;
/** Another directory of copies, with this one. */
const copiesWith = async (note: string) => {
  directories += 1;
  const copies = checkpointCopies(path.join(parent, `other-${directories}`));
  await copies.write(note);
  const file = (await copies.read(origin))?.file ?? '';
  return { copies, text: () => readFile(file, 'utf8'), file };
};
const forged = (leaves: number, signer: SigningKey) =>
  signedCheckpoint({ origin, size: leaves, root: new Uint8Array(32).fill(9) }, signer);
const demands = async () =>
  (await models.superuser.query<{ id: string }>('select issuer_org_id as id from ops.log_demands')).rows.map(
    ({ id }) => id,
  );

test('A copy takes only a checkpoint of a key of the log, over a tree that contains the copy', async () => {
  const { copies, text } = await copiesWith(notes.first);
  const needs = { pool: models.worker, store, copies };
  const take = (note: string) => copyCheckpoint(needs, vendor, note);
  await expect(take(forged(9e15, testKey(origin)))).rejects.toThrow('No known key');
  await expect(take(forged(size(), key))).rejects.toThrow(`The tiles have another root of ${size()} events`);
  expect(await take(forged(9e15, key))).toBe('later');
  expect(await text()).toBe(notes.first);
  expect(await take(notes.last)).toBe('copied');
  await expect(take(forged(size(), key))).rejects.toThrow('It has another root than the copy');
  expect(await take(notes.first)).toBe('kept');
  expect(await text()).toBe(notes.last);

  // With all tiles made again the tree is that of the checkpoint, and the copy shows the difference.
  const small = leavesOf(ledger.log, vendor).length - 2;
  const other = await copiesWith(forged(small, key));
  await expect(copyCheckpoint({ ...needs, copies: other.copies }, vendor, notes.last)).rejects.toThrow('consistency');
  expect(await other.text()).toBe(forged(small, key));
});

test('Who follows brings an older copy up to date, wakes the notaries after a command, and tells of a forged note', async () => {
  const { copies, text } = await copiesWith(notes.first);
  const said: string[] = [];
  const following = { ...run.needs, store, copies, warn: (error: unknown) => said.push(`${error}`) };
  const stop = followCheckpoints(following);
  await vi.waitFor(async () => expect(await text()).toBe(notes.last), patiently);
  // The command ends before it wakes anybody.
  const dead = { query: () => Promise.reject(new Error('killed')) } as never;
  await expect(rotateLogKey({ ...run.needs, pool: dead }, rival, 'ops-1')).rejects.toThrow('killed');
  await vi.waitFor(async () => expect(await demands()).toEqual([rival]), patiently);

  const { revision } = await readIssuerLog(run.needs.executor, vendor);
  const event = { id: '00000000-0000-4000-8000-000000000001', type: 'CheckpointSigned', metadata: {} };
  const data = { size: 9e15, root: '', note: forged(9e15, testKey(origin)) };
  await store.append(`checkpoint-${vendor}`, [{ ...event, data }], revision, { timeoutMs: 5_000 });
  await vi.waitFor(() => expect(said[0]).toContain(`The checkpoints of ${vendor} are not copied`), patiently);
  expect(await text()).toBe(notes.last);
  await stop();
  // A notary that was down finds the command in the stream.
  await models.superuser.query('delete from ops.log_demands');
  const stopAgain = followCheckpoints(following);
  await vi.waitFor(async () => expect(await demands()).toEqual([rival]), patiently);
  await stopAgain();
});

test('A pass neither ends a demand since its beginning, nor takes the step of another notary for a lost log', async () => {
  const { executor } = run.needs;
  const { log, revision } = await readIssuerLog(executor, rival);
  const woken: typeof executor.read = async (aggregate, id, view) => {
    await wakeNotary(models.worker, rival);
    return executor.read(aggregate, id, view);
  };
  await signCheckpoint({ ...run.needs, executor: { ...executor, read: woken } }, rival);
  expect(await demands()).toEqual([rival]);
  expect(await signCheckpoint(run.needs, rival)).toBe(false);
  expect(await demands()).toEqual([]);

  await models.superuser.query('update ops.log_trees set size = size - 1 where issuer_org_id = $1', [rival]);
  const read = vi.fn(executor.read).mockImplementationOnce(async (_, __, view) => view(log as never, revision - 1n));
  const late = { ...run.needs, executor: { ...executor, read: read as never } };
  expect(await signCheckpoint(late, rival)).toBe(false);
  await expect(signCheckpoint(run.needs, rival)).rejects.toThrow('the read models have');
  await models.superuser.query('update ops.log_trees set size = size + 1 where issuer_org_id = $1', [rival]);
});

test('A log that cannot be read in time is a fault of this log only', async () => {
  const { executor } = run.needs;
  const read: typeof executor.read = async (aggregate, id, view) => {
    if (id === vendor) throw new StoreUnavailable('too late');
    return executor.read(aggregate, id, view);
  };
  ledger.issue('later', { issuerOrgId: rival });
  await project(models.projector, ledger.log);
  for (const issuer of [vendor, rival]) await wakeNotary(models.worker, issuer);
  const notary = startNotary({ ...run.needs, executor: { ...executor, read } });
  const leaves = leavesOf(ledger.log, rival).length;
  await vi.waitFor(async () => expect((await readLastCheckpoint(models.worker, rival))?.size).toBe(leaves), patiently);
  expect(notary.fault()).toContain(`The event store answers, but not in time about the log of ${vendor}.`);
  await notary.stop();
});

test('A damaged copy is named with its file and what to do', async () => {
  const { copies, file } = await copiesWith(notes.last);
  await writeFile(file, 'x');
  await expect(copies.latest(origin)).rejects.toThrow(`The copy ${file} of the checkpoints of ${origin} is damaged:`);
  await expect(copies.latest(origin)).rejects.toThrow('Put back an undamaged copy');
});

test('The notices of the projector stay while the row of a tree is locked, and tiles stay when the tree moved', async () => {
  await models.superuser.query('insert into ops.log_growth values ($1) on conflict do nothing', [rival]);
  const holder = await models.superuser.connect();
  const notices = async () => (await models.superuser.query('select from ops.log_growth')).rowCount;
  const tiles = async () => (await models.superuser.query('select from ops.log_tiles')).rowCount;
  const before = await tiles();
  const leaves = await readTreeSize(models.worker, rival);
  try {
    await holder.query('begin; select from ops.log_trees for update');
    await noteGrowth(models.worker);
    expect(await notices()).toBe(1);
    await removeTiles(models.worker, rival, leaves);
  } finally {
    await holder.query('rollback');
    holder.release();
  }
  await removeTiles(models.worker, rival, leaves + 1);
  expect(await tiles()).toBe(before);
  await noteGrowth(models.worker);
  expect(await notices()).toBe(0);
  await removeTiles(models.worker, rival, leaves);
  expect([await tiles(), await readTreeSize(models.worker, rival)]).toEqual([(before ?? 0) - 1, 0]);
});
