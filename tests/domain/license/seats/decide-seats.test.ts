import { describe, expect, test } from 'vitest';
import { seatsInUse } from '../../../../src/domain/license/seats/seats-in-use.ts';
import { command, event, followedBy, policyWith, typesOf } from '../commands.ts';
import {
  activate,
  deactivate,
  type Event,
  ends,
  expiresAt,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  pro,
  revoke,
  suspendedEvent,
  twoDevices,
} from '../examples.ts';

const later = (seconds: number) => new Date(Date.parse(noon) + seconds * 1000).toISOString();
const pool = (seats: number, overrides: Partial<typeof pro> = {}, lease: Partial<typeof pro.lease> = {}) =>
  issued({
    policy: policyWith({ lease: { ...pro.lease, borrowMaxSeconds: 86_400, ...lease }, ...overrides }),
    limits: { ...twoDevices, seats, users: 1 },
  });
const acquire = (number: number, seconds = 0, overrides: object = {}) =>
  command(
    'AcquireLease',
    {
      leaseId: `l${number}`,
      holderHash: `hash-${number}`,
      product: 'local_cli',
      userRef: null,
      borrowSeconds: null,
      dead: [],
      ...overrides,
    },
    later(seconds),
  );
const borrow = (number: number, borrowSeconds: number, seconds = 0) => acquire(number, seconds, { borrowSeconds });
const renew = (number: number, seconds: number, borrowSeconds: number | null = null) =>
  command('RenewLease', { leaseId: `l${number}`, borrowSeconds }, later(seconds));
const release = (number: number, seconds = 0, by: 'USER' | 'ADMIN' = 'USER') =>
  command('ReleaseLease', { leaseId: `l${number}`, by }, later(seconds));
const lapse = (number: number, seconds: number, lastSeenAt = noon) =>
  command('LapseLease', { leaseId: `l${number}`, lastSeenAt }, later(seconds));
const acquired = (number: number, overrides: Partial<Event<'LeaseAcquired'>['data']> = {}) =>
  event('LeaseAcquired', {
    leaseId: `l${number}`,
    scope: 'MACHINE',
    product: 'local_cli',
    holderHash: `hash-${number}`,
    userRef: null,
    ttlSeconds: 360,
    expiresAt: later(360),
    borrow: false,
    inUseAfter: 1,
    limit: 1,
    overage: false,
    ...overrides,
  });
const released = (number: number, overrides: Partial<Event<'LeaseReleased'>['data']> = {}) =>
  event('LeaseReleased', { leaseId: `l${number}`, cause: 'USER', inUseAfter: 0, seatFreeAt: null, ...overrides });
const lapsed = (number: number, effectiveAt: string, lastSeenAt = noon, inUseAfter = 0) =>
  event('LeaseLapsed', { leaseId: `l${number}`, lastSeenAt, inUseAfter }, effectiveAt);
const one = followedBy([pool(1)], acquire(1));

describe('acquiring a lease', () => {
  test('takes a seat of the pool for its time to live', () => {
    given(pool(1)).when(acquire(1)).thenEvents(acquired(1));
    expect(licenseAfter(...one).facts.usage.seats).toBe(1);
  });
  test.each(['MACHINE', 'INSTANCE', 'USER'] as const)('is for a %s where the policy counts so', (scope) => {
    given(pool(1, {}, { scope }))
      .when(acquire(1))
      .thenEvents(acquired(1, { scope }));
  });
  test('again by its holder changes nothing, even when the pool is full', () => {
    given(...one)
      .when(acquire(1))
      .thenNothing();
    given(...one)
      .when(acquire(9, 0, { holderHash: 'hash-1' }))
      .thenNothing();
  });
  test('never exceeds the pool, but for its overage', () => {
    given(...one)
      .when(acquire(2))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(pool(0)).when(acquire(1)).thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...followedBy([pool(1, { overage: { kind: 'RATIO', percent: 200 } })], acquire(1)))
      .when(acquire(2))
      .thenEvents(acquired(2, { inUseAfter: 2, overage: true }));
  });
  test('frees the seats of leases that are known to be dead, each by an event, first', () => {
    given(...one)
      .when(acquire(2, 360, { dead: [{ leaseId: 'l1', lastSeenAt: noon }] }))
      .thenEvents(lapsed(1, later(360)), acquired(2, { expiresAt: later(720) }));
    given(...one)
      .when(acquire(2, 359, { dead: [{ leaseId: 'l1', lastSeenAt: noon }] }))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...one)
      .when(acquire(3, 360, { dead: [{ leaseId: 'l1', lastSeenAt: noon }], holderHash: 'hash-1' }))
      .thenEvents(lapsed(1, later(360)), acquired(3, { holderHash: 'hash-1', expiresAt: later(720) }));
  });
  test('is under the guard of every use', () => {
    given(pool(1))
      .when(acquire(1, 0, { product: 'workflow_app' }))
      .thenRejected('PRODUCT_NOT_LICENSED');
    given(pool(1), on(noon, suspendedEvent())).when(acquire(1)).thenRejected('LICENSE_SUSPENDED');
    given(pool(1))
      .when(
        command(
          'AcquireLease',
          { leaseId: 'l1', holderHash: 'h', product: null, userRef: null, borrowSeconds: null, dead: [] },
          expiresAt,
        ),
      )
      .thenRejected('LICENSE_EXPIRED');
    given(pool(1))
      .when(acquire(1, 0, { userRef: 'usr_a' }))
      .thenRejected('USER_NOT_ASSIGNED');
    given(...followedBy([pool(1)], command('AssignUser', { userRef: 'usr_a' })))
      .when(acquire(1, 0, { userRef: 'usr_a' }))
      .thenEvents(acquired(1, { userRef: 'usr_a' }));
  });
});

describe('borrowing a lease', () => {
  test('holds the seat offline to its own end, which the license’s end bounds', () => {
    given(pool(1))
      .when(borrow(1, 3600))
      .thenEvents(acquired(1, { borrow: true, expiresAt: later(3600) }));
    const ends = issued({
      policy: policyWith({ lease: { ...pro.lease, borrowMaxSeconds: 86_400 } }),
      limits: { ...twoDevices, seats: 1 },
      term: { basis: 'FIXED', duration: null, startsAt: noon, expiresAt: later(600), timeZone: 'UTC' },
    });
    given(ends)
      .when(borrow(1, 3600))
      .thenEvents(acquired(1, { borrow: true, expiresAt: later(600) }));
  });
  test('for longer than the policy allows, or no time, is refused', () => {
    given(pool(1)).when(borrow(1, 86_401)).thenRejected('LIMIT_INVALID');
    given(pool(1)).when(borrow(1, 0)).thenRejected('LIMIT_INVALID');
    given(pool(1)).when(borrow(1, 1.5)).thenRejected('LIMIT_INVALID');
  });
  test('can be extended, not shortened, from now on', () => {
    const borrowed = followedBy([pool(1)], borrow(1, 3600));
    given(...borrowed)
      .when(renew(1, 1800, 3600))
      .thenEvents(event('LeaseExtended', { leaseId: 'l1', expiresAt: later(5400) }));
    given(...borrowed)
      .when(renew(1, 1800, 60))
      .thenNothing();
    given(...borrowed)
      .when(renew(1, 1800))
      .thenNothing();
    given(...borrowed)
      .when(renew(1, 1800, 86_401))
      .thenRejected('LIMIT_INVALID');
    expect(licenseAfter(...followedBy(borrowed, renew(1, 1800, 3600))).leases.get('l1')?.expiresAt).toBe(later(5400));
  });
  test('is over by the clock: the next holder gets the seat', () => {
    const borrowed = followedBy([pool(1)], borrow(1, 3600));
    given(...borrowed)
      .when(acquire(2, 3599))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...borrowed)
      .when(acquire(2, 3600))
      .thenEvents(lapsed(1, later(3600), later(3600)), acquired(2, { expiresAt: later(3960) }));
  });
});

describe('a heartbeat', () => {
  test('is no event', () =>
    given(...one)
      .when(renew(1, 300))
      .thenNothing());
  test('is refused where the license may not be used, so that its leases lapse', () => {
    given(...one, on(noon, suspendedEvent()))
      .when(renew(1, 300))
      .thenRejected('LICENSE_SUSPENDED');
    given(...one, on(noon, suspendedEvent()))
      .when(lapse(1, 360))
      .thenEvents(lapsed(1, later(360)));
  });
  test('of a lease that never was is refused', () =>
    given(...one)
      .when(renew(2, 0))
      .thenRejected('NOT_FOUND'));
  test('brings a lapsed lease back within the resurrection window, if a seat is free', () => {
    const gone = followedBy([pool(1, {}, { resurrectSeconds: 60 })], acquire(1), lapse(1, 360));
    given(...gone)
      .when(renew(1, 419))
      .thenEvents(acquired(1, { expiresAt: later(779) }));
    given(...gone)
      .when(renew(1, 420))
      .thenRejected('NOT_FOUND');
    given(...followedBy(gone, acquire(2, 400)))
      .when(renew(1, 419))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...followedBy([pool(1)], acquire(1), lapse(1, 360)))
      .when(renew(1, 360))
      .thenRejected('NOT_FOUND');
  });
  test('does not bring it back where its holder has another by now', () => {
    const gone = followedBy(
      [pool(2, {}, { resurrectSeconds: 60 })],
      acquire(1),
      lapse(1, 360),
      acquire(3, 370, { holderHash: 'hash-1' }),
    );
    given(...gone)
      .when(renew(1, 400))
      .thenRejected('NOT_FOUND');
  });
  test('after a borrow is over goes by the same window', () => {
    const over = followedBy([pool(1, {}, { resurrectSeconds: 60 })], borrow(1, 3600));
    expect(typesOf(followedBy(over, renew(1, 3650))).slice(2)).toEqual(['LeaseLapsed', 'LeaseAcquired']);
    given(...over)
      .when(renew(1, 3660))
      .thenRejected('NOT_FOUND');
  });
});

describe('the end of a lease', () => {
  test('by its holder frees the seat; again, it changes nothing', () => {
    given(...one)
      .when(release(1))
      .thenEvents(released(1));
    given(...followedBy(one, release(1)))
      .when(release(1))
      .thenNothing();
    given(...one)
      .when(release(2))
      .thenRejected('NOT_FOUND');
    given(...followedBy(one, release(1)))
      .when(acquire(2))
      .thenEvents(acquired(2));
  });
  test('by silence comes at the end of its time to live after it was last heard of, once', () => {
    given(...one)
      .when(lapse(1, 359))
      .thenNothing();
    given(...one)
      .when(lapse(1, 400, later(30)))
      .thenEvents(lapsed(1, later(390), later(30)));
    given(...one)
      .when(lapse(1, 389, later(30)))
      .thenNothing();
    given(...followedBy(one, lapse(1, 360)))
      .when(lapse(1, 360))
      .thenNothing();
    given(...followedBy(one, lapse(1, 360)))
      .when(release(1, 360))
      .thenNothing();
  });
  test('by silence is never that of a lease not acquired for so long, whatever was heard', () => {
    given(...one)
      .when(lapse(1, 359, '2026-06-01T00:00:00.000Z'))
      .thenNothing();
    given(...one)
      .when(lapse(1, 360, '2026-06-01T00:00:00.000Z'))
      .thenEvents(lapsed(1, later(360), '2026-06-01T00:00:00.000Z'));
  });
  test('comes with the deactivation of its machine', () => {
    const both = followedBy([pool(1)], activate('1'), acquire(1));
    given(...both)
      .when(deactivate('1'))
      .thenEvents(
        event('ActivationDeactivated', { activationId: 'act_1', cause: 'USER', countAfter: 0 }),
        released(1, { cause: 'DEACTIVATED' }),
      );
    const instance = followedBy([pool(1, {}, { scope: 'INSTANCE' })], activate('1'), acquire(1));
    given(...instance)
      .when(deactivate('1'))
      .thenEvents(event('ActivationDeactivated', { activationId: 'act_1', cause: 'USER', countAfter: 0 }));
  });
  test('comes with the removal of its product and with the revocation, each by an event', () => {
    given(...one)
      .when(command('RemoveProduct', { product: 'local_cli' }))
      .thenEvents(
        event('ProductRemoved', { product: 'local_cli', ...ends('PRODUCT', 0, { leases: 1 }) }),
        released(1, { cause: 'PRODUCT_REMOVED' }),
      );
    expect(typesOf(followedBy(one, activate('a'), revoke())).slice(2)).toEqual([
      'ActivationRecorded',
      'LicenseRevoked',
      'ActivationDeactivated',
      'LeaseReleased',
    ]);
  });
});

describe('taking back a borrowed lease', () => {
  const borrowed = followedBy([pool(1)], activate('1'), borrow(1, 3600));
  const kept = released(1, { cause: 'ADMIN', inUseAfter: 1, seatFreeAt: later(3600) });

  test('by the vendor leaves the seat taken until the borrow ends, because the file still works', () => {
    given(...borrowed)
      .when(release(1, 0, 'ADMIN'))
      .thenEvents(kept);
    const taken = followedBy(borrowed, release(1, 0, 'ADMIN'));
    given(...taken)
      .when(acquire(2, 3599))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...taken)
      .when(acquire(2, 3600))
      .thenEvents(acquired(2, { expiresAt: later(3960) }));
    expect([3599, 3600].map((seconds) => seatsInUse(licenseAfter(...taken), later(seconds)))).toEqual([1, 0]);
  });
  test('with its device does too', () => {
    given(...borrowed)
      .when(deactivate('1', noon, 'ADMIN'))
      .thenEvents(event('ActivationDeactivated', { activationId: 'act_1', cause: 'ADMIN', countAfter: 0 }), kept);
  });
  test('frees the seat at once where the policy reclaims it, or the holder gives it back', () => {
    given(...followedBy([pool(1, { reclaimBorrowed: true })], borrow(1, 3600)))
      .when(release(1, 0, 'ADMIN'))
      .thenEvents(released(1, { cause: 'ADMIN' }));
    given(...borrowed)
      .when(release(1))
      .thenEvents(released(1));
  });
});

describe('metered use', () => {
  const metered = issued({ limits: { ...twoDevices, meters: { builds: 10 } } });
  const record = (quantity: number, usageId = 'u1', meter = 'builds', at = noon) =>
    command('RecordUsage', { meter, quantity, usageId, occurredAt: at }, at);
  const counted = (quantity: number, totalAfter: number, usageId = 'u1', overage = false) =>
    event('UsageRecorded', { meter: 'builds', quantity, usageId, occurredAt: noon, totalAfter, limit: 10, overage });

  test('is counted, once per usage id', () => {
    given(metered).when(record(3)).thenEvents(counted(3, 3));
    given(...followedBy([metered], record(3)))
      .when(record(3))
      .thenNothing();
    given(...followedBy([metered], record(3)))
      .when(record(7, 'u2'))
      .thenEvents(counted(7, 10, 'u2'));
  });
  test('never exceeds the quota, as a whole or not at all, but for its overage', () => {
    given(...followedBy([metered], record(3)))
      .when(record(8, 'u2'))
      .thenRejected('QUOTA_EXCEEDED');
    const generous = issued({
      policy: policyWith({ overage: { kind: 'RATIO', percent: 150 } }),
      limits: { ...twoDevices, meters: { builds: 10 } },
    });
    given(generous)
      .when(record(15))
      .thenEvents(counted(15, 15, 'u1', true));
    given(generous).when(record(16)).thenRejected('QUOTA_EXCEEDED');
  });
  test('is of a meter that the license has, in whole numbers', () => {
    given(metered)
      .when(record(1, 'u1', 'exports'))
      .thenRejected('LIMIT_INVALID');
    given(metered)
      .when(record(1, 'u1', 'toString'))
      .thenRejected('LIMIT_INVALID');
    for (const wrong of [0, -1, 1.5]) given(metered).when(record(wrong)).thenRejected('LIMIT_INVALID');
  });
  test('is refused where the license may not be used', () => {
    given(metered)
      .when(record(1, 'u1', 'builds', expiresAt))
      .thenRejected('LICENSE_EXPIRED');
  });
  test('begins anew with a renewal', () => {
    const renewed = followedBy(
      [metered],
      record(10),
      command('Renew', { duration: 'P1Y', basis: 'FROM_EXPIRY', reasonCode: null }),
    );
    expect(licenseAfter(...renewed).facts.usage.meters).toEqual({});
    given(...renewed)
      .when(record(3, 'u2'))
      .thenEvents(counted(3, 3, 'u2'));
  });
});
