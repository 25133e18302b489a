import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventStore, Recorded } from '../../../src/eventstore/event-store.ts';
import { foldLog } from '../../../src/projections/rebuild/fold-log.ts';
import { noted, type RunningStore, startStore } from '../../support/event-store.ts';
import { createLog } from '../../support/license-fixtures.ts';
import { createReadModels } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

// Other applications use the same event store: their events come before, between and after ours.
const foreignEvents = sized(100_000);

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
beforeAll(async () => {
  models = await createReadModels();
  running = await startStore(sharedLog());
});
afterAll(async () => {
  await running.stop();
  await models.drop();
});

function* sharedLog(): Generator<readonly Recorded[]> {
  const ours = createLog();
  for (const name of ['first', 'second']) ours.activate(ours.issue(name), 'a device');
  const half = Math.floor(ours.log.length / 2);
  let position = 0n;
  const placed = (events: readonly Recorded[]): readonly Recorded[] =>
    events.map((recorded) => {
      position += 100n;
      return { ...recorded, position: { commit: position, prepare: position } };
    });
  for (const part of [ours.log.slice(0, half), ours.log.slice(half), []]) {
    for (let written = 0; written < foreignEvents / 3; written += 1_000) yield placed(foreign(1_000));
    yield placed(part);
  }
}

const foreign = (count: number): readonly Recorded[] => {
  const stream = `invoice-${randomUUID()}`;
  const nowhere = { commit: 0n, prepare: 0n };
  return Array.from({ length: count }, (_, number) => ({
    ...noted(number),
    stream,
    revision: BigInt(number),
    position: nowhere,
  }));
};

test('A rebuild reads events of other applications in long pages and without pauses', async () => {
  // A pause would take longer than the test.
  const store = running.connect({ watch: { idleMs: 20, pollMs: 3_600_000 } });
  let idles = 0;
  const counting: EventStore = {
    ...store,
    follow: async function* (...given) {
      for await (const entry of store.follow(...given)) {
        if ('idle' in entry) idles += 1;
        yield entry;
      }
    },
  };
  const folded: Recorded[] = [];
  const { signal } = new AbortController();
  const done = await foldLog({
    store: counting,
    loading: models.loader,
    signal,
    onFolded: (events) => folded.push(...events),
  });

  expect(folded.map(({ type }) => type).filter((type) => type === 'ActivationRecorded')).toHaveLength(2);
  expect(done?.to.commit).toBe((await store.head({ timeoutMs: 10_000 }))?.commit);
  expect(idles).toBeGreaterThan(0);
  expect(idles).toBeLessThan(foreignEvents / 1_000 + 10);
});
