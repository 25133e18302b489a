import { inspect } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { applyBatch } from '../../src/projections/apply.ts';
import { readCheckpoint } from '../../src/projections/checkpoint.ts';
import { listParked } from '../../src/projections/parked.ts';
import { runProjector } from '../../src/projections/run-projector.ts';
import { checkStreams } from '../../src/projections/verify/check-streams.ts';
import { inSnapshot } from '../../src/projections/verify/in-snapshot.ts';
import { appendLog } from '../support/append-log.ts';
import { startStore } from '../support/event-store.ts';
import { createLog, customer, rival, testHash } from '../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project, quiet, readModels } from '../support/read-models.ts';
import { sized } from '../support/size.ts';

const devicesMany = sized(40_000, 600);

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

type Sent = LicenseCommand extends infer Each ? (Each extends LicenseCommand ? Omit<Each, 'at'> : never) : never;

const transferTo = (toHolderOrgId: string, activations: 'KEEP' | 'RELEASE'): Sent => ({
  type: 'Transfer',
  data: { toHolderOrgId, accepted: true, expiry: 'KEEP', activations },
});
const decisive: readonly (readonly [string, Sent])[] = [
  ['a transfer with its devices', transferTo(rival, 'KEEP')],
  ['a transfer without its devices', transferTo(rival, 'RELEASE')],
  ['a revocation', { type: 'Revoke', data: { reasonCode: 'FRAUD' } }],
  ['the removal of a product', { type: 'RemoveProduct', data: { product: 'local_cli' } }],
  [
    'the eviction of all devices but one',
    {
      type: 'ChangeLimits',
      data: { limits: { activations: 1, seats: 0, users: 0, meters: {} }, strategy: 'EVICT_OLDEST' },
    },
  ],
];

/** Returns the events of a license with this many devices, and the events that the command adds. */
const licenseOf = (devices: number, command: Sent) => {
  const ledger = createLog();
  const licenseId = ledger.issue('large', { holderOrgId: customer, activations: devices });
  // Devices end with the last product.
  if (command.type === 'RemoveProduct')
    ledger.send(licenseId, { type: 'RemoveProduct', data: { product: 'cloud_ide' } });
  for (let index = 0; index < devices; index++)
    ledger.send(licenseId, {
      type: 'Activate',
      data: {
        activationId: `act ${index}`,
        fingerprintHash: testHash(`device ${index}`),
        product: 'local_cli',
        nameRef: null,
        platform: 'linux',
        appVersion: '2.1.0',
      },
    });
  const before = [...ledger.log];
  const [event] = ledger.send(licenseId, command);
  if (event === undefined) throw new Error('The command was refused.');
  return { ledger, licenseId, before, event };
};

/** Returns the traffic with Postgres while the decisive event is projected, and how many devices it changes. */
const costOf = async (devices: number, command: Sent) => {
  const { before, event } = licenseOf(devices, command);
  await emptyReadModels(models.superuser);
  await project(models.projector, before, 5_000);
  const { position: from } = await readCheckpoint(models.projector, readModels);
  const query = vi.spyOn(pg.Client.prototype, 'query');
  expect(await applyBatch(models.projector, readModels, { from, events: [event], to: event.position })).toBe(true);
  // Test files of one worker share the driver, so that a projector of another database may be at work.
  const database = new URL(models.url).pathname.slice(1);
  const isOurs = (index: number) => (query.mock.contexts[index] as unknown as pg.Client).database === database;
  const calls = query.mock.calls.filter((_, index) => isOurs(index));
  const sent = calls.map(([statement]) =>
    inspect(statement, { depth: 5, maxArrayLength: null, maxStringLength: null }),
  );
  const results = query.mock.results.filter((_, index) => isOurs(index));
  const answers: readonly unknown[] = await Promise.all(results.map(({ value }) => value));
  query.mockRestore();
  const { rows } = await models.superuser.query(
    `select count(*)::integer as changed from rm.activations where deactivated_at is not null or holder_org_id = '${rival}'`,
  );
  expect(sent.length).toBeGreaterThan(5);
  return {
    statements: sent.length,
    characters: sent.join().length,
    rows: answers.flatMap((answer) => (answer instanceof pg.Result ? answer.rows : [])).length,
    changed: rows[0].changed,
  };
};

test.each(decisive)('%s costs the projector the same for many devices as for two', async (_, command) => {
  const many = devicesMany;
  const [small, large] = [await costOf(2, command), await costOf(many, command)];
  expect([small.changed, large.changed]).toEqual(command.type === 'ChangeLimits' ? [1, many - 1] : [2, many]);
  expect([large.statements, large.rows]).toEqual([small.statements, small.rows]);
  // Larger numbers have more digits.
  expect(large.characters).toBeLessThan(small.characters + 100);
});

// The kinds have different statements: one ends all devices, and one ends the oldest.
const inFull = decisive.filter(([name]) => /without its devices|eviction/.test(name));

test.each(inFull)('Events of another tenant are projected during %s with many devices', async (_, command) => {
  const started = await startStore();
  const store = started.connect();
  const stop = new AbortController();
  let projector: ReturnType<typeof runProjector> | null = null;
  try {
    const { ledger, licenseId, before } = licenseOf(devicesMany, command);
    while (ledger.send(licenseId, { type: 'AnnounceEnded', data: {} }).length > 0);
    const theirs = createLog();
    theirs.issue('theirs', { issuerOrgId: rival });
    for (let first = 0; first < before.length; first += 200) await appendLog(store, before.slice(first, first + 200));
    const running = runProjector({ store, pool: models.projector, log: quiet, signal: stop.signal });
    projector = running;
    const reach = async () => {
      const head = await store.head({ timeoutMs: 5_000 });
      await expect.poll(running.position, { timeout: 120_000, interval: 10 }).toBe(head?.commit);
    };
    const ours = ledger.log.slice(before.length);
    // The license of the other tenant is issued right after the decisive event, before most ends are announced.
    const [first, ...rest] = appends(ours);
    await appendLog(store, first ?? []);
    await appendLog(store, theirs.log);
    await reach();
    expect((await models.superuser.query(`select 1 from rm.licenses where issuer_org_id = '${rival}'`)).rowCount).toBe(
      1,
    );
    for (const append of rest) await appendLog(store, append);
    await reach();
    expect(await listParked(models.projector, readModels)).toEqual([]);
    const stored = (await store.head({ timeoutMs: 5_000 }))?.commit ?? 0n;
    const differences = await inSnapshot(models.projector, (db) =>
      checkStreams([`license-${licenseId}`], { store, db, upTo: stored }),
    );
    expect(differences).toEqual([]);
  } finally {
    stop.abort();
    await projector?.done;
    await started.stop();
  }
});

/** Groups the events of a log that were recorded together. */
const appends = (log: readonly Recorded[]): readonly (readonly Recorded[])[] => {
  const groups = new Map<string, Recorded[]>();
  for (const event of log) {
    const group = groups.get(String(event.metadata.recordedAt));
    if (group === undefined) groups.set(String(event.metadata.recordedAt), [event]);
    else group.push(event);
  }
  return [...groups.values()];
};
