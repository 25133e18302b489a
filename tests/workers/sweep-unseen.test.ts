import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { createPool } from '../../src/projections/connect.ts';
import { unseenDevices } from '../../src/projections/queries/unseen-page.ts';
import { sweepUnseen } from '../../src/workers/sweep-unseen.ts';
import { entriesOf, type License, observerOf } from '../api/observing/observer.ts';
import { issueDirectly } from '../support/issue-directly.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { quiet } from '../support/read-models.ts';

const dayMs = 86_400_000;
let ledger: Ledger;
let observer: ReturnType<typeof observerOf>;
let pool: ReturnType<typeof createPool>;
beforeAll(async () => {
  ledger = await startLedger();
  observer = observerOf(ledger);
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 4, log: quiet });
});
afterAll(async () => {
  await pool.end();
  await ledger.stop();
});
afterEach(() => {
  ledger.clock.aheadMs = 0;
});

const fail = (error: unknown) => {
  throw error;
};
/** Moves the clock of the product on, and returns the new instant. */
const later = (days: number, ms = 0) => {
  ledger.clock.aheadMs += days * dayMs + ms;
  return new Date(ledger.needs.now());
};
const sweep = (at: Date, options: Partial<Parameters<typeof sweepUnseen>[0]> = {}) =>
  sweepUnseen({
    ...{ unseen: (page) => unseenDevices(pool, page), executor: ledger.executor, now: () => at, onError: fail },
    ...options,
  });
const events = async ({ licenseId }: License) =>
  (await ledger.store.connect().read(licenseAggregate.stream(licenseId))).events;
const caughtUp = async (license: License) =>
  ledger.projected.waitFor((await events(license)).at(-1)?.position.commit ?? 0n, 10_000);
const endings = async (license: License) =>
  (await events(license)).filter(({ type }) => type === 'DeactivationAnnounced' || type === 'ActivationDeactivated');
const typesOf = async (license: License) => (await endings(license)).map(({ type }) => type);
const devices = async (license: License) => entriesOf(await observer.get(license, '/activations'));
const issue = (policy = {}) => issueDirectly(ledger, { policy: { deactivateUnseenAfter: 'P90D', ...policy } });
const activate = async (license: License, fingerprint: string, fields = {}) => {
  const { status, body } = await observer.client('activate', license, { fingerprint, ...fields });
  expect(status).toBe(201);
  return String(body.activation?.id);
};

describe('A device that nobody has seen', () => {
  test('is announced 7 days before its end, shows that, and is ended by one of two workers', async () => {
    const [license, other] = [await issue(), await issue({ deactivateUnseenAfter: undefined })];
    const [stale] = [await activate(license, 'stale'), await activate(other, 'stale')];
    const activatedAt = (await devices(license))[0]?.activatedAt;
    await sweep(later(83, -60_000));
    expect(await typesOf(license)).toEqual([]);
    await sweep(later(0, 60_000));
    await caughtUp(license);
    const end = new Date(Date.parse(String(activatedAt)) + 90 * dayMs).toISOString();
    const [shown] = await devices(license);
    expect(Date.parse(String(shown?.deactivatesAt)) - Date.parse(end)).toBeLessThan(60_000);
    expect(await endings(license)).toMatchObject([
      { data: { activationId: stale, lastSeenAt: activatedAt, deactivatesAt: shown?.deactivatesAt } },
    ]);

    // A worker that is a week late, and another one with a log connection of its own.
    const at = later(14);
    const another = createExecutor({ store: ledger.store.connect() });
    await Promise.all([sweep(at), sweep(at, { executor: another })]);
    await caughtUp(license);
    const [, ended, ...more] = await endings(license);
    expect([ended, more]).toMatchObject([
      { data: { activationId: stale, cause: 'UNSEEN', countAfter: 0 }, metadata: { actor: { type: 'SYSTEM' } } },
      [],
    ]);
    expect(await devices(license)).toEqual([]);
    expect((await observer.validate(license, { fingerprint: 'stale' })).body.code).toBe('NOT_ACTIVATED');
    expect(await typesOf(other)).toEqual([]);
    const history = await observer.get(license, '/history?types=ActivationDeactivated');
    expect(entriesOf(history)).toMatchObject([{ data: { cause: 'UNSEEN' } }]);
    await activate(license, 'stale');
  });

  test('is never ended by a worker that comes late without an announcement', async () => {
    const license = await issue();
    await activate(license, 'late');
    await sweep(later(120));
    await caughtUp(license);
    await sweep(later(6));
    expect(await typesOf(license)).toEqual(['DeactivationAnnounced']);
    await sweep(later(2));
    expect(await typesOf(license)).toEqual(['DeactivationAnnounced', 'ActivationDeactivated']);
  });
});

describe('A device that is seen between the announcement and the end stays', () => {
  test('when it validates, also when the worker sweeps before the contact is stored', async () => {
    const license = await issue();
    await activate(license, 'back');
    await sweep(later(83, 60_000));
    await caughtUp(license);
    later(6, dayMs - 180_000);
    await observer.validate(license, { fingerprint: 'back' });
    await sweep(new Date(Date.parse(ledger.needs.now()) + 300_000));
    await ledger.writeObservations();
    await sweep(later(1));
    expect(await typesOf(license)).toEqual(['DeactivationAnnounced']);
    expect(await devices(license)).toMatchObject([{ deactivatesAt: null }]);
    await sweep(later(82, 3_600_000));
    await caughtUp(license);
    await sweep(later(7, 3_600_000));
    expect(await typesOf(license)).toEqual(['DeactivationAnnounced', 'DeactivationAnnounced', 'ActivationDeactivated']);
  });

  test('when only its components find it, and when its seat is borrowed', async () => {
    const lease = { scope: 'MACHINE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 300 * 86_400 } as const;
    const license = await issue({ fingerprintMatching: 'ANY', lease });
    await activate(license, 'board-1', { components: { mac: 'm1' } });
    const borrower = await activate(license, 'borrower');
    const borrow = { leaseHolder: 'borrower', borrowSeconds: 200 * 86_400 };
    expect((await observer.client('leases', license, borrow)).status).toBe(201);
    later(80);
    const { body } = await observer.validate(license, { fingerprint: 'board-2', components: { mac: 'm1' } });
    expect(body.code).toBe('VALID');
    await ledger.writeObservations();
    await sweep(later(15));
    await caughtUp(license);
    await sweep(later(15));
    expect(await typesOf(license)).toEqual([]);
    expect((await devices(license)).map(({ id }) => id)).toContain(borrower);
  });

  test('when the row of its contacts is lost, but an event about it is newer', async () => {
    const license = await issue();
    await activate(license, 'lost', { appVersion: '1.0.0' });
    later(50);
    await observer.client('activate', license, { fingerprint: 'lost', appVersion: '2.0.0' });
    await ledger.writeObservations();
    await ledger.database.superuser.query('delete from ops.device_sightings where license_id = $1', [
      license.licenseId,
    ]);
    await caughtUp(license);
    await sweep(later(50));
    expect(await typesOf(license)).toEqual([]);
    await sweep(later(34));
    expect(await typesOf(license)).toEqual(['DeactivationAnnounced']);
  });
});

test('Pages of any size reach every device of every license once, and a failing license stops no other', async () => {
  const licenses = [await issue(), await issue(), await issue()];
  for (const license of licenses) {
    for (const name of ['p1', 'p2', 'p3']) await activate(license, name);
    await caughtUp(license);
  }
  const [broken = licenses[0], ...others] = licenses;
  const failed: string[] = [];
  const execute: Ledger['executor']['execute'] = (aggregate, id, ...rest) => {
    if (id === broken?.licenseId) throw new Error('It fails.');
    return ledger.executor.execute(aggregate, id, ...rest);
  };
  const at = later(84);
  const options = { pageMax: 2, executor: { ...ledger.executor, execute } };
  await sweep(at, { ...options, onError: (_, licenseId) => failed.push(licenseId) });
  expect(new Set(failed)).toEqual(new Set([broken?.licenseId]));
  for (const license of others) expect(await typesOf(license)).toHaveLength(3);
});

test('The worker reads no more of devices than it needs', async () => {
  await expect(pool.query('select name_ref from rm.activations')).rejects.toThrow('permission denied');
  await expect(pool.query('update rm.activations set cause = null')).rejects.toThrow('permission denied');
});
