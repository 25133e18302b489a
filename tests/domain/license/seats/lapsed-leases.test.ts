import { describe, expect, test } from 'vitest';
import { seatsInUse } from '../../../../src/domain/license/seats/seats-in-use.ts';
import { command, event, followedBy, typesOf } from '../commands.ts';
import { activate, deactivate, ends, given, licenseAfter, noon, revoke } from '../examples.ts';
import { acquire, acquired, borrow, lapse, lapsed, later, one, pool, release, released } from './lease-examples.ts';

describe('the end of a lease', () => {
  test('frees the seat when its holder releases it; repeating changes nothing', () => {
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
  test('comes once, a time to live after the last heartbeat', () => {
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
  test('does not come before a time to live after the acquisition', () => {
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
  test('comes with the removal of the last product and with the revocation, each announced by an event', () => {
    given(...followedBy(one, command('RemoveProduct', { product: 'cloud_ide' })))
      .when(command('RemoveProduct', { product: 'local_cli' }))
      .thenEvents(
        event('ProductRemoved', {
          product: 'local_cli',
          ...ends('ALL', 0, { leases: 1 }),
          overrides: { products: { added: [], removed: ['cloud_ide', 'local_cli'] } },
        }),
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

  test('leaves the seat taken until the borrow ends, because the license file still works', () => {
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
  test('by releasing its device leaves the seat taken too', () => {
    given(...borrowed)
      .when(deactivate('1', noon, 'ADMIN'))
      .thenEvents(event('ActivationDeactivated', { activationId: 'act_1', cause: 'ADMIN', countAfter: 0 }), kept);
  });
  test('frees the seat at once when the policy reclaims it', () => {
    given(...followedBy([pool(1, { reclaimBorrowed: true })], borrow(1, 3600)))
      .when(release(1, 0, 'ADMIN'))
      .thenEvents(released(1, { cause: 'ADMIN' }));
  });
});
