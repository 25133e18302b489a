import { pino } from 'pino';
import { type Stack, startStack } from '../src/embedded/stack.ts';
import { connectEventStore } from '../src/eventstore/eventstoredb.ts';
import { streamPrefixes } from '../src/projections/fold/fold-event.ts';
import { rebuild } from '../src/projections/rebuild/rebuild.ts';
import { prune } from '../src/projections/rebuild/roll-back.ts';
import { compared, type Figures } from './bench.ts';
import { interleaved } from './rounds.ts';

/**
 * Measures P9: events per second of a rebuild, from the first event to the switch, and of a subscriber that only
 * counts.
 */
export const rebuildFigures: Figures = {
  ids: ['P9'],
  measure: async (bench) => {
    const { dataDir } = await bench.ledgerWith(Math.min(bench.licenses.large, licensesMax));
    const stack = await startStack({ dataDir });
    try {
      const best = await interleaved(bench.rounds, {
        rebuilt: () => rebuiltPerSecond(stack),
        counted: () => countedPerSecond(stack),
      });
      return [
        compared('P9', 'rebuild / a subscriber that only counts, events/s', [best.rebuilt, best.counted], '>= 0.40'),
      ];
    } finally {
      await stack.stop();
    }
  },
};

const licensesMax = 100_000;

const rebuiltPerSecond = async ({ databaseUrl, eventStoreUrl }: Stack): Promise<number> => {
  const store = connectEventStore({ url: eventStoreUrl });
  const log = pino({ level: 'warn' });
  const { signal } = new AbortController();
  const startedMs = performance.now();
  // Leaves out the ten seconds in which a rebuild shows that it keeps up with the log.
  const { events } = await rebuild({ store, databaseUrl, projectorUrl: databaseUrl, log, signal, settleMs: 0 });
  const seconds = (performance.now() - startedMs) / 1_000;
  await prune({ databaseUrl });
  await store.close();
  return events / seconds;
};

const countedPerSecond = async ({ eventStoreUrl }: Stack): Promise<number> => {
  const store = connectEventStore({ url: eventStoreUrl });
  const end = (await store.head({ timeoutMs: 10_000 }))?.commit ?? 0n;
  const stop = new AbortController();
  const startedMs = performance.now();
  let events = 0;
  for await (const entry of store.follow('start', { streamPrefixes, signal: stop.signal })) {
    if (!('idle' in entry)) events += 1;
    if (('idle' in entry ? entry.head : entry.position).commit >= end) break;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  stop.abort();
  await store.close();
  return events / seconds;
};
