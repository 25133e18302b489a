import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventStoreDBClient } from '@eventstore/db-client';
import pg from 'pg';
import { startStack } from '../src/embedded/stack.ts';
import { compileWhatIsStarted } from '../tests/support/compiled.ts';
import { readBytes } from './bare-stream-process.ts';
import { type Bench, compared, type Figures, type Row, whole } from './bench.ts';
import { connectAs } from './ledgers.ts';
import { interleaved } from './rounds.ts';
import type { StoreUse } from './store-process.ts';

/**
 * Measures reads of the whole log: the processor time of the event store for each event, the rate through the client
 * and without decoding, divided by that of a server that streams the same messages from its memory, and the memory of
 * the event store while a reader goes through 1,000,000 events.
 */
export const readFigures: Figures = {
  ids: ['reads'],
  measure: async (bench) => {
    await compileWhatIsStarted();
    const dataDir = await mkdtemp(join(tmpdir(), 'ledger-reads-'));
    const stack = await startStack({ dataDir });
    try {
      const admin = await connectAs(stack, dataDir, 'postgres');
      await admin.query('create database bench_reads');
      const url = new URL(stack.databaseUrl);
      url.username = 'postgres';
      url.password = String(admin.password ?? '');
      url.pathname = '/bench_reads';
      await admin.end();
      return await measureReads(url.href, bench);
    } finally {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

const measureReads = async (databaseUrl: string, bench: Bench): Promise<readonly Row[]> => {
  // The first start creates the tables.
  (await startStore(databaseUrl)).process.disconnect();
  const total = bench.rounds === 1 ? 50_000 : 1_000_000;
  // So few that the rounds take no longer than the one read of everything.
  const few = total / 20;
  bench.say(`writing ${whole(total)} events`);
  await fill(databaseUrl, total);
  const store = await startStore(databaseUrl);
  const bare = fork(fileURLToPath(new URL('./bare-stream-process.ts', import.meta.url)));
  try {
    bare.send({ storePort: store.port, count: few });
    const [{ port: barePort }] = (await once(bare, 'message')) as [{ port: number }];
    const decoded = (port: number) => rateOfReading(few, () => readDecoded(port, few));
    const bytes = (port: number) => rateOfReading(few, () => readUndecoded(port, few));
    bench.say(`reading ${whole(few)} events in ${bench.rounds} rounds`);
    const best = await interleaved(bench.rounds, {
      decoded: () => decoded(store.port),
      bareDecoded: () => decoded(barePort),
      bytes: () => bytes(store.port),
      bareBytes: () => bytes(barePort),
    });
    const cpu = await cpuPerEvent(store, few, bench.rounds);
    bench.say(`reading ${whole(total)} events`);
    const grown = await memoryWhileReading(store, total);
    return [
      ['reads', 'processor time of the event store for each event', `${cpu.toFixed(1)} µs`, '<= 15 µs', whole(few)],
      compared('reads', '$all through the client / a bare stream', [best.decoded, best.bareDecoded], '>= 0.70'),
      compared('reads', '$all as bytes / a bare stream', [best.bytes, best.bareBytes]),
      ['reads', `memory while a reader passes ${whole(total)} events`, `${grown.toFixed(0)} MB`, '<= 100 MB', ''],
    ];
  } finally {
    store.process.disconnect();
    bare.disconnect();
  }
};

type Store = { readonly process: ChildProcess; readonly port: number };

const startStore = async (databaseUrl: string): Promise<Store> => {
  const child = fork(fileURLToPath(new URL('./store-process.ts', import.meta.url)));
  child.send({ databaseUrl });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { process: child, port };
};

const useOf = async (store: Store): Promise<StoreUse> => {
  store.process.send({});
  const [use] = (await once(store.process, 'message')) as [StoreUse];
  return use;
};

/** Writes events of the size of an activation and its envelope. */
const fill = async (databaseUrl: string, count: number): Promise<void> => {
  const db = new pg.Client(databaseUrl);
  await db.connect();
  await db.query(
    `insert into eventstore.events
       (position, stream, revision, event_id, type, is_json, data, metadata, created_ticks)
     select n * 2000, 'license-' || md5((n / 8)::text), n % 8, gen_random_uuid(), 'ActivationRecorded', true,
       convert_to(json_build_object('n', n, 'text', repeat('x', 300))::text, 'UTF8'),
       convert_to(json_build_object('n', n, 'text', repeat('y', 800))::text, 'UTF8'), 17000000000000000 + n
     from generate_series(0, $1::bigint - 1) as n`,
    [count],
  );
  await db.query('vacuum analyze');
  await db.end();
};

const rateOfReading = async (count: number, read: () => Promise<number>): Promise<number> => {
  const startedAt = performance.now();
  const received = await read();
  if (received !== count) throw new Error(`${received} of ${count} events were read.`);
  return (count / (performance.now() - startedAt)) * 1_000;
};

const readDecoded = async (port: number, count: number): Promise<number> => {
  const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
  let received = 0;
  for await (const { event } of client.readAll({ maxCount: count })) if (event) received += 1;
  await client.dispose();
  return received;
};

const readUndecoded = async (port: number, count: number): Promise<number> => {
  let received = 0;
  await readBytes(port, count, () => {
    received += 1;
  });
  return received;
};

/** Returns the lowest of several rounds, in microseconds. */
const cpuPerEvent = async (store: Store, count: number, rounds: number): Promise<number> => {
  let lowest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const before = await useOf(store);
    await readUndecoded(store.port, count);
    const after = await useOf(store);
    lowest = Math.min(lowest, (after.cpuMicros - before.cpuMicros) / count);
  }
  return lowest;
};

/** Returns by how many megabytes the resident memory grew at most while all events were read. */
const memoryWhileReading = async (store: Store, count: number): Promise<number> => {
  const before = (await useOf(store)).residentBytes;
  let highest = before;
  let received = 0;
  let pending = Promise.resolve();
  await readBytes(store.port, count, () => {
    received += 1;
    if (received % 20_000 !== 0) return;
    pending = pending.then(async () => {
      highest = Math.max(highest, (await useOf(store)).residentBytes);
    });
  });
  await pending;
  if (received !== count) throw new Error(`${received} of ${count} events were read.`);
  return (highest - before) / 1024 / 1024;
};
