import { expect, test } from 'vitest';
import { copyLog } from '../../../src/eventstore/copy/copy-log.ts';
import { lastOfPrefixes } from '../../../src/eventstore/copy/last-of-prefixes.ts';
import type { EventStore } from '../../../src/eventstore/event-store.ts';
import { connectLogReader } from '../../../src/eventstore/read-log.ts';
import { rebuild } from '../../../src/projections/rebuild/rebuild.ts';
import { runProjector } from '../../../src/projections/run-projector.ts';
import { appendLog } from '../../support/append-log.ts';
import { startStore } from '../../support/event-store.ts';
import { condition } from '../../support/product.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, quiet } from '../../support/read-models.ts';
import { countedEntries, storedEntries } from './support.ts';

const streamPrefixes = ['license-', 'organization-', 'catalog-', 'reservation-', 'checkpoint-'];
const log = randomLog(120, 31);

/** Projects a store with two projectors that take turns, while `work` runs. */
const projecting = async (
  store: EventStore,
  work: (models: Awaited<ReturnType<typeof createReadModels>>) => Promise<void>,
) => {
  const models = await createReadModels();
  const stop = new AbortController();
  const options = {
    store,
    pool: models.projector,
    log: quiet,
    signal: stop.signal,
    backoffMs: () => 100,
    batchMax: 20,
  };
  const projectors = [runProjector(options), runProjector(options)];
  try {
    await work(models);
  } finally {
    stop.abort();
    await Promise.all(projectors.map(({ done }) => done));
    await models.drop();
  }
};

test('The log of an issuer is the same with two projectors, after a rebuild and in a copied event store', {
  timeout: 240_000,
}, async () => {
  const [source, target] = await Promise.all([startStore(), startStore()]);
  const reader = connectLogReader({ url: source.url });
  const store = source.connect({ watch: { idleMs: 20, pollMs: 50 } });
  try {
    const expected = countedEntries(log);
    const have = (models: Awaited<ReturnType<typeof createReadModels>>) =>
      condition(
        'every event has its index',
        async () => (await storedEntries(models.superuser)).length === expected.length,
      );
    await projecting(store, async (models) => {
      const foreign = { id: '00000000-0000-4000-8000-000000000001', type: 'Ordered', data: {}, metadata: {} };
      await appendLog(store, log.slice(0, 60));
      await store.append('orders-1', [foreign], 'no_stream', { timeoutMs: 5_000 });
      await appendLog(store, log.slice(60));
      await have(models);
      expect(await storedEntries(models.superuser)).toEqual(expected);
      const { url } = models;
      const { signal } = new AbortController();
      await rebuild({ store, databaseUrl: url, projectorUrl: url, log: quiet, signal, settleMs: 0 });
      expect(await storedEntries(models.superuser)).toEqual(expected);
    });
    const other = target.connect({ watch: { idleMs: 20, pollMs: 50 } });
    const last = () => lastOfPrefixes(target.url, streamPrefixes);
    await copyLog({ store, readLog: reader.read }, { store: other, last }, { streamPrefixes });
    await projecting(other, async (models) => {
      await have(models);
      expect(await storedEntries(models.superuser)).toEqual(expected);
    });
  } finally {
    await reader.close();
    await Promise.all([source.stop(), target.stop()]);
  }
});
