import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { JsonObject, Recorded } from '../../src/eventstore/event-store.ts';
import { readRetention } from '../../src/eventstore/retention.ts';
import { readNewestTime, storeVersion } from '../../src/eventstore/server-facts.ts';
import { startStore } from '../support/event-store.ts';

const recorded = (stream: string, revision: number, place: number, data: JsonObject): Recorded => ({
  ...{ id: randomUUID(), type: '$metadata', stream, revision: BigInt(revision), data, metadata: {} },
  position: { commit: BigInt(place), prepare: BigInt(place) },
});

test('Streams of ours whose newest metadata lets the store delete events are found', async () => {
  const store = await startStore([
    [
      recorded('$$license-cut', 0, 100, { $maxCount: 5 }),
      recorded('$$license-mended', 0, 200, { $maxAge: 60 }),
      recorded('$$license-mended', 1, 300, { $acl: {} }),
      recorded('$$other-cut', 0, 400, { $maxCount: 5 }),
      recorded('$$$all', 0, 500, { $maxAge: 60 }),
    ],
  ]);
  const options = { streamPrefixes: ['license-', 'catalog-'], timeoutMs: 20_000 };
  expect(await readRetention(store.connect(), options)).toEqual({ limited: ['license-cut', '$all'], isComplete: true });
  expect(await storeVersion(store.url, 10_000)).toMatch(/^\d+\.\d+/);
  expect(await readNewestTime(store.url, 10_000)).toBeInstanceOf(Date);
  await store.stop();
  expect(await storeVersion('esdb://127.0.0.1:1?tls=false', 200)).toBeNull();
});
