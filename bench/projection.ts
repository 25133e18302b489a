import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { type Stack, startStack } from '../src/embedded/stack.ts';
import { connectEventStore } from '../src/eventstore/eventstoredb.ts';
import { projectedChannel, readNotice } from '../src/projections/checkpoint.ts';
import { createPool } from '../src/projections/connect.ts';
import { prepareDatabase } from '../src/projections/prepare-database.ts';
import { runProjector } from '../src/projections/run-projector.ts';
import { compared, type Figures } from './bench.ts';
import { eventsPerLicense, licenseEvents, type Vendor } from './bulk-log.ts';
import { startApp } from './http.ts';
import { connectAs } from './ledgers.ts';
import { interleaved } from './rounds.ts';

/** Measures P8: projected events per second, in batches and one by one, and the lag at 1,000 events per second. */
export const projectionFigures: Figures = {
  ids: ['P8'],
  measure: async (bench) => {
    const { dataDir, secret, vendor, licenses } = await bench.ledgerWith(bench.licenses.middle);
    const stack = await startStack({ dataDir });
    try {
      const superuser = await connectAs(stack, dataDir, 'postgres');
      const log = await connectAs(stack, dataDir, 'eventstore');
      const rate = (batchMax: number, events: number) => async () => {
        const end = await positionAfter(log, events);
        return projectionRate(stack, superuser, { batchMax, events, end });
      };
      const events = licenses * eventsPerLicense;
      const best = await interleaved(bench.rounds, {
        batches: rate(500, events),
        single: rate(1, Math.ceil(events / 10)),
      });
      await Promise.all([superuser.end(), log.end()]);

      const app = await startApp({ variant: 'product', ...stack, secret, roles: ['projector'] });
      const lag = await measureLag({ stack, vendor }, { firstIndex: licenses, seconds: bench.seconds * 4 });
      app.process.disconnect();
      const madeOf = `${lag.events} events, p50 ${lag.p50.toFixed(0)} ms, from before the append to the notice of the commit`;
      return [
        compared('P8', 'live projection / a transaction per event, events/s', [best.batches, best.single], '>= 5.00'),
        ['P8', 'p99 of the lag at 1,000 events a second, ms', lag.p99.toFixed(0), '<= 250', madeOf],
      ];
    } finally {
      await stack.stop();
    }
  },
};

/** Returns the position of event number `count` of the log. */
const positionAfter = async (log: pg.Client, count: number): Promise<bigint> => {
  const text = 'select position from eventstore.events order by position limit 1 offset $1';
  const { rows } = await log.query<{ position: string }>(text, [count - 1]);
  return BigInt(rows[0]?.position ?? 0);
};

type Run = { readonly batchMax: number; readonly events: number; readonly end: bigint };

/** Projects the log up to `end` into an empty database. Returns events per second. */
const projectionRate = async (stack: Stack, superuser: pg.Client, { batchMax, events, end }: Run): Promise<number> => {
  const quiet = pino({ level: 'silent' });
  const url = new URL(stack.databaseUrl);
  url.pathname = '/bench_projection';
  await superuser.query('drop database if exists bench_projection with (force)');
  await superuser.query(`create database bench_projection owner ${url.username} template template0`);
  await prepareDatabase({ url: url.href, log: () => {} });
  const pool = createPool({ url: url.href, role: 'ledger_projector', max: 2, log: quiet });
  const store = connectEventStore({ url: stack.eventStoreUrl });
  const ending = new AbortController();
  const startedMs = performance.now();
  const projector = runProjector({ store, pool, log: quiet, signal: ending.signal, batchMax });
  while ((projector.position() ?? 0n) < end) {
    const state = projector.state();
    if (state.kind === 'waiting') throw new Error(`The projector waits: ${state.problem}`);
    await delay(2);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  ending.abort();
  await projector.done;
  await Promise.all([pool.end(), store.close()]);
  await superuser.query('drop database bench_projection with (force)');
  return events / seconds;
};

const eventsPerSecond = 1_000;

/**
 * Issues licenses at an even rate and measures the lag of the notice of each projection. A lag starts when the license
 * was due. Calls `begin` before it issues the first license.
 */
export const measureLag = async (
  { stack, vendor }: { readonly stack: Stack; readonly vendor: Vendor },
  { firstIndex, seconds, begin = () => {} }: { firstIndex: number; seconds: number; begin?: () => void },
) => {
  const store = connectEventStore({ url: stack.eventStoreUrl });
  const listener = new pg.Client(stack.databaseUrl);
  await listener.connect();
  const waiting: { readonly position: bigint; readonly dueMs: number }[] = [];
  const lags: number[] = [];
  let projected = 0n;
  // The answer of an append may arrive after the notice of its projection. So both of them call settle.
  const settle = () => {
    for (let place = waiting.length - 1; place >= 0; place--) {
      const wait = waiting[place];
      if (wait === undefined || wait.position > projected) continue;
      lags.push(performance.now() - wait.dueMs);
      waiting.splice(place, 1);
    }
  };
  listener.on('notification', ({ payload = '' }) => {
    const commit = readNotice(payload)?.commit ?? 0n;
    if (commit > projected) projected = commit;
    settle();
  });
  await listener.query(`listen ${projectedChannel}`);

  try {
    const licenses = (eventsPerSecond * seconds) / eventsPerLicense;
    const batches = Array.from({ length: licenses }, (_, index) =>
      licenseEvents(vendor, firstIndex + index, new Date().toISOString()),
    );
    begin();
    const startedMs = performance.now();
    const append = async ({ stream, events }: (typeof batches)[number], dueMs: number) => {
      const { position } = await store.append(stream, events, 'no_stream', { timeoutMs: 30_000 });
      waiting.push({ position: position.commit, dueMs });
      settle();
    };
    const sent: Promise<void>[] = [];
    while (sent.length < batches.length) {
      const due = ((performance.now() - startedMs) / 1_000) * (eventsPerSecond / eventsPerLicense);
      for (const license of batches.slice(sent.length, Math.floor(due)))
        sent.push(append(license, startedMs + (sent.length * eventsPerLicense * 1_000) / eventsPerSecond));
      await delay(1);
    }
    await Promise.all(sent);
    while (waiting.length > 0) await delay(5);
  } finally {
    await Promise.all([store.close(), listener.end()]);
  }
  lags.sort((a, b) => a - b);
  const quantile = (part: number) => lags[Math.floor(lags.length * part)] ?? 0;
  return { events: lags.length * eventsPerLicense, p50: quantile(0.5), p99: quantile(0.99) };
};
