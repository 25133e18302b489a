import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { startRetentionCheck } from '../../src/cli/health/retention-check.ts';
import type { EventStore, JsonObject, Recorded } from '../../src/eventstore/event-store.ts';
import { readRetention } from '../../src/eventstore/retention.ts';
import { readNewestTime, storeVersion } from '../../src/eventstore/server-facts.ts';
import { notes, startStore } from '../support/event-store.ts';

const recorded = (stream: string, revision: number, place: number, data: JsonObject): Recorded => ({
  ...{ id: randomUUID(), type: '$metadata', stream, revision: BigInt(revision), data, metadata: {} },
  position: { commit: BigInt(place), prepare: BigInt(place) },
});

test('Streams of ours that are limited, closed or deleted in the log are found', async () => {
  const store = await startStore([
    [
      recorded('$$license-cut', 0, 100, { $maxCount: 5 }),
      recorded('$$license-mended', 0, 200, { $maxAge: 60 }),
      recorded('$$license-mended', 1, 300, { $acl: {} }),
      recorded('$$other-cut', 0, 400, { $maxCount: 5 }),
      recorded('$$$all', 0, 500, { $maxAge: 60 }),
      recorded('$$catalog-1', 0, 600, { $acl: { $r: 'ops' } }),
      recorded('$settings', 0, 700, { $userStreamAcl: { $d: 'ops' } }),
      recorded('$$ledger-log', 0, 710, { $maxCount: 1 }),
      recorded('$$ledger-logs', 0, 720, { $maxCount: 1 }),
      { ...recorded('license-gone', 0, 800, {}), type: '$streamDeleted' },
      { ...recorded('ledger-logs', 0, 810, {}), type: '$streamDeleted' },
      { ...recorded('other-gone', 0, 900, {}), type: '$streamDeleted' },
    ],
  ]);
  const options = { streamPrefixes: ['license-', 'catalog-'], timeoutMs: 20_000 };
  expect(await readRetention(store.connect(), store.url, options)).toEqual({
    ...{ limited: ['license-cut', '$all', 'ledger-log'], closed: ['catalog-1', '$settings'] },
    ...{ tombstoned: ['license-gone'], isComplete: true },
  });
  const stopped = { ...options, signal: AbortSignal.abort() };
  expect(await readRetention(store.connect(), store.url, stopped)).toMatchObject({ isComplete: false });

  const stops: (() => Promise<unknown>)[] = [];
  const lines: unknown[] = [];
  for (const embedded of [true, false])
    startRetentionCheck({
      servers: { embedded, eventStoreUrl: store.url },
      store: store.connect(),
      log: {
        error: (_: object, line?: string) => lines.push(line),
        warn: (_: object, line?: string) => lines.push(line),
      },
      onStop: (stop) => stops.push(stop),
    });
  expect(stops).toHaveLength(1);
  await vi.waitFor(() => expect(lines).toHaveLength(6), 20_000);
  expect(lines).toContain(
    'license-gone has a tombstone and can no longer be read or written. Restore the event store from a backup.',
  );
  await stops[0]?.();

  expect(await storeVersion(store.url, 10_000)).toMatch(/^\d+\.\d+/);
  expect(await readNewestTime(store.url, 10_000)).toBeInstanceOf(Date);
  await store.stop();
  expect(await storeVersion('esdb://127.0.0.1:1?tls=false', 200)).toBeNull();
});

test('The metadata behind a long part of the log without any are found, even when they arrive late', async () => {
  const foreign = Array.from({ length: 250 }, (_, n) => recorded('order-1', n, n + 1, {}));
  const store = await startStore([[...foreign, recorded('$$license-cut', 0, 1_000, { $maxCount: 5 })]]);
  store.server.faults.subscriptionsHang = true;
  const connected = store.connect({ watch: { idleMs: 20, pollMs: 20 } });
  const hanging: Pick<EventStore, 'follow'> = {
    follow: async function* (...given) {
      for await (const entry of connected.follow(...given)) {
        yield entry;
        store.server.faults.subscriptionsHang = false;
        await connected.append('order-2', notes(1), 'no_stream', { timeoutMs: 5_000 }).catch(() => {});
      }
    },
  };
  const options = { streamPrefixes: ['license-'], timeoutMs: 20_000 };
  expect(await readRetention(hanging, store.url, options)).toMatchObject({
    limited: ['license-cut'],
    isComplete: true,
  });
  await store.stop();
});

test('A check that did not read the whole log says so', async () => {
  const store = await startStore([]);
  store.server.faults.subscriptionsHang = true;
  const lines: (string | undefined)[] = [];
  startRetentionCheck({
    servers: { embedded: false, eventStoreUrl: store.url },
    store: store.connect(),
    log: { error: () => {}, warn: (_: object, line?: string) => lines.push(line) },
    onStop: () => {},
    timeoutMs: 50,
  });
  await vi.waitFor(() => expect(lines).toEqual([expect.stringContaining('Not all streams could be checked')]), 20_000);
  await store.stop();
});
