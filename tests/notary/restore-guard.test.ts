import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { checkpointCopies } from '../../src/notary/checkpoint-copies.ts';
import { followCheckpoints } from '../../src/notary/follow-checkpoints.ts';
import { restartLog } from '../../src/notary/restart-log.ts';
import { readLastCheckpoint } from '../../src/records/issuer-trees.ts';
import { signedCheckpoint, testKey } from '../proof/keys.ts';
import { startStore } from '../support/event-store.ts';
import { createLog, vendor } from '../support/license-fixtures.ts';
import { createReadModels, project } from '../support/read-models.ts';
import { leavesOf, notaryNeeds, rootOf, signedIn } from './support.ts';

const patiently = { timeout: 20_000, interval: 50 };
let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'ledger-guard-'));
});
afterAll(() => rm(parent, { recursive: true }));

/** Databases with this log, and a notary with the same directories as those of the others. */
const startInstallation = async (log: readonly Recorded[]) => {
  const [models, running] = await Promise.all([createReadModels(), startStore()]);
  await project(models.projector, log);
  const directories = { keys: path.join(parent, 'keys'), copies: path.join(parent, 'copies') };
  const store = running.connect();
  const run = notaryNeeds(models.worker, store, directories);
  const notary = run.start();
  const untilSigned = (origin: string, size: number) =>
    vi.waitFor(
      async () => expect(await readLastCheckpoint(models.worker, vendor)).toMatchObject({ origin, size }),
      patiently,
    );
  const stop = async () => {
    await notary.stop();
    await running.stop();
    await models.drop();
  };
  return { models, store, notary, untilSigned, stop, ...run };
};

const origin = `ledger.example/${vendor}`;
const ledger = createLog();

test('A restored older backup is not signed, until an operator begins the log again under another name', async () => {
  ledger.organization(vendor, 'vendor');
  for (let number = 0; number < 10; number++) ledger.issue(`${number}`, { issuerOrgId: vendor });
  const size = leavesOf(ledger.log, vendor).length;
  const lost = await startInstallation(ledger.log);
  await lost.untilSigned(origin, size);

  // A notary that stands by elsewhere copies what it sees, and fills what it lacks from the event store.
  const other = notaryNeeds(lost.models.worker, lost.store, { keys: lost.keys, copies: path.join(parent, 'other') });
  const stopFollowing = followCheckpoints({
    ...other.needs,
    store: lost.store,
    warn: (error) => other.said.push(`${error}`),
  });
  const damaged: string[] = [];
  await mkdir(path.join(parent, 'damaged', `${vendor}.checkpoint`), { recursive: true });
  const copyOf = (directory: string, name = `${vendor}.checkpoint`) =>
    readFile(path.join(parent, directory, name), 'utf8');
  await vi.waitFor(async () => expect(await copyOf('other')).toBe(await copyOf('copies')), patiently);
  expect(other.said).toEqual([expect.stringMatching(/^There was no copy .* filled from the event store/)]);
  // A copy that cannot be read is told once.
  const stopOther = followCheckpoints({
    ...{ ...other.needs, copies: checkpointCopies(path.join(parent, 'damaged')), store: lost.store },
    warn: (error) => damaged.push(`${error}`),
  });
  await vi.waitFor(() => expect(damaged[0]).toContain(`The checkpoints of ${vendor} are not copied`), patiently);
  await stopOther();
  ledger.issue('seen', { issuerOrgId: vendor });
  await project(lost.models.projector, ledger.log);
  lost.clock.aheadMs += 61_000;
  await lost.untilSigned(origin, size + 2);
  await vi.waitFor(async () => expect(await copyOf('other')).toContain(`\n${size + 2}\n`), patiently);
  await stopFollowing();
  await lost.stop();

  // The backup is older, and has other events after it.
  const known = leavesOf(ledger.log, vendor);
  const restored = createLog();
  restored.organization(vendor, 'vendor');
  for (let number = 0; number < 5; number++) restored.issue(`${number}`, { issuerOrgId: vendor });
  const after = await startInstallation(restored.log);
  const restoredSize = leavesOf(restored.log, vendor).length;
  await vi.waitFor(() => expect(after.notary.fault()).toContain('an older backup was restored'), patiently);
  expect(after.notary.fault()).toContain(`the copy has ${size + 2} events of ${origin}`);
  expect(after.notary.fault()).toContain(`ledger log restart --organization ${vendor}`);
  expect(await signedIn(after.store, vendor)).toEqual([]);

  const { last } = await restartLog(after.needs, vendor, { reason: 'RESTORED_BACKUP', operator: 'ops-1' });
  expect(last).toEqual({ origin, size: size + 2, root: rootOf(known, size + 2) });
  after.clock.aheadMs += 20_000;
  await after.untilSigned(`${origin}/2`, restoredSize);
  await vi.waitFor(() => expect(after.notary.fault()).toBe(null), patiently);
  expect(await copyOf('copies')).toContain(`${origin}\n${size + 2}\n`);
  expect(await copyOf('copies', `${vendor}.2.checkpoint`)).toContain(`${origin}/2\n${restoredSize}\n`);
  const { events } = await after.store.read(`checkpoint-${vendor}`);
  expect(events.map(({ type }) => type)).toEqual(['LogStarted', 'LogRestarted', 'CheckpointSigned']);
  expect(events[1]?.metadata.actor).toMatchObject({ id: 'ops-1' });
  await after.stop();

  // A backup from before the restart.
  const older = await startInstallation(restored.log);
  await vi.waitFor(() => expect(older.notary.fault()).toContain(`events of ${origin}/2`), patiently);
  const again = await restartLog(older.needs, vendor, { reason: 'RESTORED_BACKUP', operator: 'ops-1' });
  expect(again.origin).toBe(`${origin}/3`);
  older.clock.aheadMs += 20_000;
  await older.untilSigned(`${origin}/3`, restoredSize);
  await older.stop();
});

test('Writers of one copy at once leave the largest checkpoint', async () => {
  const copies = checkpointCopies(path.join(parent, 'at-once'));
  const sizes = [9, 3, 7, 12, 1, 5];
  const noteOf = (size: number) =>
    signedCheckpoint({ origin, size, root: new Uint8Array(32).fill(size) }, testKey(origin));
  await Promise.all(sizes.map((size) => copies.write(noteOf(size))));
  expect((await copies.read(origin))?.size).toBe(12);
});
