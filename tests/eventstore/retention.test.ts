import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { startRetentionCheck } from '../../src/cli/health/retention-check.ts';
import type { JsonObject, Recorded } from '../../src/eventstore/event-store.ts';
import { readRetention } from '../../src/eventstore/retention.ts';
import { readNewestTime, storeVersion } from '../../src/eventstore/server-facts.ts';
import { startStore } from '../support/event-store.ts';

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
      { ...recorded('license-gone', 0, 800, {}), type: '$streamDeleted' },
      { ...recorded('other-gone', 0, 900, {}), type: '$streamDeleted' },
    ],
  ]);
  const options = { streamPrefixes: ['license-', 'catalog-'], timeoutMs: 20_000 };
  expect(await readRetention(store.connect(), store.url, options)).toEqual({
    ...{ limited: ['license-cut', '$all'], closed: ['catalog-1', '$settings'] },
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
  await vi.waitFor(() => expect(lines).toHaveLength(5), 20_000);
  expect(lines).toContain(
    'license-gone has a tombstone and can no longer be read or written. Restore the event store from a backup.',
  );
  await stops[0]?.();

  expect(await storeVersion(store.url, 10_000)).toMatch(/^\d+\.\d+/);
  expect(await readNewestTime(store.url, 10_000)).toBeInstanceOf(Date);
  await store.stop();
  expect(await storeVersion('esdb://127.0.0.1:1?tls=false', 200)).toBeNull();
});
