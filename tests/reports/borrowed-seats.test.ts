import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { seatsInUse } from '../../src/domain/license/seats/seats-in-use.ts';
import { command, device, followedBy, policyWith, to } from '../domain/license/commands.ts';
import { activate, deactivate, given, licenseAfter, noon, pro } from '../domain/license/examples.ts';
import { acquire, borrow, later, pool, release, renew } from '../domain/license/seats/lease-examples.ts';

const borrowed = [activate('1'), borrow(1, 3600)];
const twoSeats = followedBy([pool(2)], borrow(1, 3600));
const evict = (seats: number) =>
  command('ChangeLimits', { limits: { activations: 2, seats, users: 1, meters: {} }, strategy: 'EVICT_OLDEST' });
const swap = command('SwapActivation', { release: { fingerprintHash: 'hash-1' }, activate: device('2') });
const transfer = command('Transfer', {
  toHolderOrgId: 'org_3',
  accepted: true,
  expiry: 'KEEP',
  activations: 'RELEASE',
});
const dropProducts = command('ChangePolicy', {
  target: to(policyWith({ lease: { ...pro.lease, borrowMaxSeconds: 86_400 } }), { products: [] }),
});

/** The borrow ends 3,600 seconds after noon. */
const releases: readonly { readonly by: string; readonly commands: readonly LicenseCommand[] }[] = [
  { by: 'its user', commands: [release(1)] },
  { by: 'an administrator', commands: [release(1, 0, 'ADMIN')] },
  { by: 'the user who deactivates the device', commands: [deactivate('1')] },
  { by: 'the administrator who deactivates the device', commands: [deactivate('1', noon, 'ADMIN')] },
  { by: 'the user who swaps the device', commands: [swap] },
  { by: 'a transfer that releases devices', commands: [transfer] },
  { by: 'a lower limit that ends the oldest seats', commands: [evict(0), evict(1)] },
  { by: 'the removal of the last product', commands: [dropProducts, command('AddProduct', { product: 'local_cli' })] },
];

describe('A borrowed seat is handed out once', () => {
  test.each(releases)('Released by $by, the seat stays taken until the borrow ends', ({ commands }) => {
    const history = followedBy([pool(1)], ...borrowed, ...commands);
    const license = licenseAfter(...history);
    expect(license.leases.size).toBe(0);
    expect(license.facts.usage.seats).toBe(1);
    expect([0, 3599.999, 3600].map((seconds) => seatsInUse(license, later(seconds)))).toEqual([1, 1, 0]);
    given(...history)
      .when(acquire(9, 3599.999))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
    expect(licenseAfter(...followedBy(history, acquire(9, 3600))).facts.usage.seats).toBe(1);
    const end = history.find(({ event }) => event.type === 'LeaseReleased')?.event;
    expect(end?.data).toMatchObject({ leaseId: 'l1', inUseAfter: 1, seatFreeAt: later(3600) });
  });
  test.each(releases)('Released by $by, the seat is free at once when the policy reclaims it', ({ commands }) => {
    const history = followedBy([pool(1, { reclaimBorrowed: true })], ...borrowed, ...commands);
    expect(licenseAfter(...history).facts.usage.seats).toBe(0);
  });
  test('The history says that an administrator released the seat', () => {
    const end = followedBy([pool(1)], ...borrowed, release(1, 0, 'ADMIN')).at(-1)?.event;
    expect(end?.data).toMatchObject({ cause: 'ADMIN' });
  });
  test('A seat that is not borrowed is free at once', () => {
    const history = followedBy([pool(1)], acquire(1), release(1));
    expect(seatsInUse(licenseAfter(...history), noon)).toBe(0);
  });
  test('A borrowed seat is free at its end when it is released later', () => {
    const history = followedBy([pool(1)], ...borrowed, release(1, 3600));
    expect(seatsInUse(licenseAfter(...history), later(3600))).toBe(0);
  });
  test('A borrow that was extended keeps the seat until its new end', () => {
    const history = followedBy([pool(1)], ...borrowed, renew(1, 60, 7200), release(1, 120));
    expect([7259, 7260].map((seconds) => seatsInUse(licenseAfter(...history), later(seconds)))).toEqual([1, 0]);
  });
  test('Other seats of the license stay available', () => {
    const history = followedBy(twoSeats, release(1), acquire(2));
    given(...history)
      .when(acquire(3))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
  });
});
