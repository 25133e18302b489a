import { describe, expect, test } from 'vitest';
import { command, event, followedBy, policyWith, typesOf } from '../commands.ts';
import { expiresAt, given, issued, licenseAfter, noon, on, pro, suspendedEvent, twoDevices } from '../examples.ts';
import { acquire, acquired, borrow, lapse, lapsed, later, one, pool, renew } from './lease-examples.ts';

describe('acquiring a lease', () => {
  test('takes a seat of the pool for its time to live', () => {
    given(pool(1)).when(acquire(1)).thenEvents(acquired(1));
    expect(licenseAfter(...one).facts.usage.seats).toBe(1);
  });
  test.each(['MACHINE', 'INSTANCE', 'USER'] as const)('counts a %s when the policy counts so', (scope) => {
    given(pool(1, {}, { scope }))
      .when(acquire(1))
      .thenEvents(acquired(1, { scope }));
  });
  test('changes nothing when its holder repeats it, even when the pool is full', () => {
    given(...one)
      .when(acquire(1))
      .thenNothing();
    given(...one)
      .when(acquire(9, 0, { holderHash: 'hash-1' }))
      .thenNothing();
  });
  test('never exceeds the pool and its overage', () => {
    given(...one)
      .when(acquire(2))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    given(pool(0)).when(acquire(1)).thenRejected('SEAT_LIMIT_EXCEEDED');
    given(...followedBy([pool(1, { overage: { kind: 'RATIO', percent: 200 } })], acquire(1)))
      .when(acquire(2))
      .thenEvents(acquired(2, { inUseAfter: 2, overage: true }));
  });
  test('first frees the seats of dead leases, each by an event', () => {
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
  test('is refused when the license may not be used', () => {
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
  test('occupies the seat until the borrow ends, at most until the license ends', () => {
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
  test('is refused for longer than the policy allows, and for no time', () => {
    given(pool(1)).when(borrow(1, 86_401)).thenRejected('LIMIT_INVALID');
    given(pool(1)).when(borrow(1, 0)).thenRejected('LIMIT_INVALID');
    given(pool(1)).when(borrow(1, 1.5)).thenRejected('LIMIT_INVALID');
  });
  test('can be extended from now on, but not shortened', () => {
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
  test('ends by the clock, and then the next holder gets the seat', () => {
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
  test('records no event', () =>
    given(...one)
      .when(renew(1, 300))
      .thenNothing());
  test('is refused when the license may not be used, so that its leases lapse', () => {
    given(...one, on(noon, suspendedEvent()))
      .when(renew(1, 300))
      .thenRejected('LICENSE_SUSPENDED');
    given(...one, on(noon, suspendedEvent()))
      .when(lapse(1, 360))
      .thenEvents(lapsed(1, later(360)));
  });
  test('is refused for an unknown lease', () =>
    given(...one)
      .when(renew(2, 0))
      .thenRejected('NOT_FOUND'));
  test('brings a lapsed lease back within the resurrection window when a seat is free', () => {
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
  test('does not bring a lease back when its holder has another one', () => {
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
  test('brings an ended borrow back within the same window', () => {
    const over = followedBy([pool(1, {}, { resurrectSeconds: 60 })], borrow(1, 3600));
    expect(typesOf(followedBy(over, renew(1, 3650))).slice(2)).toEqual(['LeaseLapsed', 'LeaseAcquired']);
    given(...over)
      .when(renew(1, 3660))
      .thenRejected('NOT_FOUND');
  });
});
