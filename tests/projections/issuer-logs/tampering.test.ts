import { afterAll, beforeAll, expect, test } from 'vitest';
import { genesisHash, linkToChain } from '../../../src/eventstore/chain/chain.ts';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { appendToLogs } from '../../../src/projections/issuer-logs/log-entries.ts';
import { type Chance, chanceOf, oneOf, runSeed } from '../../support/chance.ts';
import { type SignedTree, signTree } from '../../support/issuer-trees.ts';
import { vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, project } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';
import { checkpointEvents, copiesOf, moveToEnd, signed, started, verdictWith } from './signed-logs.ts';

const log = randomLog(90, 31);
const isOfVendor = ({ stream, metadata }: Recorded) =>
  metadata.issuerOrgId === vendor && /^(license|catalog|organization)-/.test(stream);

let models: Awaited<ReturnType<typeof createReadModels>>;
let exported: SignedTree;
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, log);
  exported = await signTree(models.superuser, vendor);
});
afterAll(() => models.drop());

/** Changes one thing of an event of the vendor, or of the order of its events. Positions stay in order. */
const changes: Readonly<Record<string, (at: number, chance: Chance) => readonly Recorded[]>> = {
  id: (at) => replaced(at, { id: event(at).id.replace(/^../, (two) => (two === 'aa' ? 'bb' : 'aa')) }),
  type: (at) => replaced(at, { type: `${event(at).type}X` }),
  data: (at) => replaced(at, { data: { ...event(at).data, added: 1 } }),
  metadata: (at) => replaced(at, { metadata: { ...event(at).metadata, correlationId: 'another' } }),
  recordedAt: (at) => replaced(at, { metadata: { ...event(at).metadata, recordedAt: '2031-01-01T00:00:00.000Z' } }),
  hash: (at) => replaced(at, { metadata: { ...event(at).metadata, hash: genesisHash } }),
  issuer: (at) => replaced(at, { metadata: { ...event(at).metadata, issuerOrgId: 'org_0000000000000000000000000z' } }),
  stream: (at) => replaced(at, { stream: `license-lic_${event(at).id.replaceAll('-', '').slice(0, 26)}` }),
  revision: (at) => replaced(at, { revision: event(at).revision + 1n }),
  removal: (at) => log.filter((_, place) => place !== at),
  'removal of a stream': (at) => log.filter(({ stream }) => stream !== event(at).stream),
  'removal of the end': (at) => log.filter((other, place) => place < at || !isOfVendor(other)),
  insertion: (at, chance) => {
    const copy = { ...event(at), id: `00000000-0000-4000-8000-${String(chance.below(1e9)).padStart(12, '0')}` };
    return [...log.slice(0, at), copy, ...log.slice(at)];
  },
  order: (at) => {
    const other = log.findLastIndex((one, place) => place < at && isOfVendor(one) && one.stream !== event(at).stream);
    return log.map((one, place) => {
      const from = place === at ? other : place === other ? at : place;
      return { ...event(from), position: one.position };
    });
  },
};

const event = (at: number): Recorded => log[at] as Recorded;
const replaced = (at: number, change: Partial<Recorded>): readonly Recorded[] =>
  log.map((one, place) => (place === at ? { ...one, ...change } : one));

/** Numbers and links the events of each stream again, as somebody who hides a change would. */
const recomputed = (events: readonly Recorded[]): readonly Recorded[] => {
  const ends = new Map<string, { readonly nextRevision: bigint; readonly hash: string }>();
  return events.map((one, place) => {
    const { nextRevision, hash } = ends.get(one.stream) ?? { nextRevision: 0n, hash: genesisHash };
    const { hash: _, prevHash: __, ...metadata } = one.metadata;
    const [linked] = linkToChain([{ ...one, metadata }], { stream: one.stream, nextRevision, hash });
    ends.set(one.stream, { nextRevision: nextRevision + 1n, hash: String(linked?.metadata.hash) });
    const commit = BigInt(place + 1) * 100n;
    return { ...one, metadata: linked?.metadata ?? {}, revision: nextRevision, position: { commit, prepare: commit } };
  });
};

// Each has an event of another stream of the vendor before it, to change places with.
const changeable = log.flatMap((one, place) => {
  const hasOther = log.slice(0, place).some((other) => isOfVendor(other) && other.stream !== one.stream);
  return isOfVendor(one) && hasOther ? [place] : [];
});

/** Gives the events their places in the logs, as a projector does. */
const numberAgain = async (events: readonly Recorded[]): Promise<void> => {
  const db = await models.loader.connect();
  try {
    await appendToLogs(db, events);
  } finally {
    db.release();
  }
};

const copies = () => copiesOf(vendor, exported);
const withCheckpoint = (events: readonly Recorded[]) => [
  ...events,
  ...checkpointEvents(log, vendor, [started(exported), signed(exported)]),
];

test('The log that was signed is intact', async () => {
  await moveToEnd(models, withCheckpoint(log));
  expect(await verdictWith(models, withCheckpoint(log), copies())).toMatchObject({ intact: true, findings: [] });
});

test('Every single change of a log below its last checkpoint is detected', { timeout: 1_800_000 }, async () => {
  const seed = runSeed();
  const chance = chanceOf(seed);
  await moveToEnd(models, withCheckpoint(log));
  for (let round = 0; round < sized(600, 20); round++) {
    const kind = oneOf(Object.keys(changes), chance);
    const changed = changes[kind]?.(oneOf(changeable, chance), chance) ?? [];
    const { intact } = await verdictWith(models, withCheckpoint(changed), copies());
    expect(intact, `seed ${seed}, round ${round}: ${kind}`).toBe(false);
  }
});

test('A change of a log with all else computed again is detected by the outside copy', {
  timeout: 3_600_000,
}, async () => {
  const seed = runSeed();
  const chance = chanceOf(seed);
  const hidden = [
    'id',
    'type',
    'data',
    'metadata',
    'recordedAt',
    'stream',
    'removal',
    'removal of a stream',
    'removal of the end',
    'insertion',
    'order',
  ];
  for (let round = 0; round < sized(400, 6); round++) {
    const kind = oneOf(hidden, chance);
    const changed = recomputed(changes[kind]?.(oneOf(changeable, chance), chance) ?? []);
    await models.superuser.query('delete from rm.log_entries');
    await models.superuser.query('truncate ops.log_trees, ops.log_tiles, ops.log_checkpoints, ops.log_keys');
    await numberAgain(changed);
    const forged = await signTree(models.superuser, vendor);
    const whole = [...changed, ...checkpointEvents(changed, vendor, [started(forged), signed(forged)])];
    await moveToEnd(models, whole);
    const { findings } = await verdictWith(models, whole, copies());
    expect(findings, `seed ${seed}, round ${round}: ${kind}`).toContainEqual(
      expect.objectContaining({ code: 'TREE_DIFFERS', stream: `checkpoint-${vendor}` }),
    );
  }
});
