import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseFields } from '../../../src/api/licenses/reading/license-fields.ts';
import { explainFields } from '../../../src/application/reading/explain-fields.ts';
import { createExecutor } from '../../../src/eventstore/executor/execute.ts';
import { createSnapshotKeeper } from '../../../src/eventstore/snapshots/snapshot-keeper.ts';
import { createStreamSnapshots } from '../../../src/records/stream-snapshots.ts';
import { startStore } from '../../support/event-store.ts';
import { vendor } from '../../support/license-fixtures.ts';
import { countingReads, longLicense } from '../../support/long-license.ts';
import { createReadModels, project } from '../../support/read-models.ts';

const { licenseId, log } = longLicense(1_300);

let database: Awaited<ReturnType<typeof createReadModels>>;
let running: Awaited<ReturnType<typeof startStore>>;
beforeAll(async () => {
  database = await createReadModels();
  running = await startStore([log]);
  await project(database.projector, log);
});
afterAll(async () => {
  await running.stop();
  await database.drop();
});

const caller = {
  kind: 'apiKey',
  apiKeyId: 'key_a',
  organizationId: vendor,
  scopes: ['events:read'],
  products: null,
} as const;

test('An explanation of an early instant of a long license reads its history until then', async () => {
  const { reads, store } = countingReads(await running.connect());
  const keeper = createSnapshotKeeper({ snapshots: createStreamSnapshots(database.api) });
  const executor = createExecutor({ store, keeper });
  const needs = { store, keeper, executor, pool: database.api, now: () => String(log.at(-1)?.metadata.recordedAt) };
  const explain = async (asOf: string | undefined) => {
    reads.count = 0;
    const { signal } = new AbortController();
    const explained = await explainFields(needs, caller, { licenseId, asOf, view: licenseFields, signal });
    if ('rejected' in explained) throw new Error(explained.detail);
    return { revision: explained.revision, reads: reads.count };
  };
  const early = String(log[90]?.metadata.recordedAt);
  // The first reading of an earlier instant makes the snapshots of the stream.
  await explain(early);
  const then = await explain(early);
  expect(then.revision).toBeGreaterThanOrEqual(90n);
  expect(then.revision).toBeLessThan(200n);
  expect(then.reads).toBeLessThan(1_100);
  expect((await explain(undefined)).reads).toBeGreaterThanOrEqual(1_300);
}, 120_000);
