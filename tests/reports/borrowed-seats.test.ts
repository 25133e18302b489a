import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { seatsInUse } from '../../src/domain/license/seats/seats-in-use.ts';
import { usageAt } from '../../src/domain/license/usage/term-counters.ts';
import { viewOfFacts } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { moreOf, readMore } from '../../src/projections/tables/license-more.ts';
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

const plain = { product: null, fingerprint: null };
const evicting = { limitStrategy: 'EVICT_OLDEST' } as const;
const evicted = followedBy([pool(2, evicting)], borrow(1, 3600), acquire(2, 1), evict(1));
const answer = (history: typeof evicted, seconds: number) =>
  validate(viewOfFacts(licenseAfter(...history).facts), plain, later(seconds));
const seatsShown = (history: typeof evicted, seconds: number) =>
  usageAt(licenseAfter(...history).facts, later(seconds)).seats;

describe('A withheld seat returns by the clock alone', () => {
  test.each(releases)(
    'Released by $by, the seat is no longer in use after the borrow, without an event',
    ({ commands }) => {
      const history = followedBy([pool(1)], ...borrowed, ...commands);
      expect([3599.999, 3600].map((seconds) => seatsShown(history, seconds))).toEqual([1, 0]);
    },
  );
  test('A stored row and a log of an earlier build show the same', () => {
    const history = followedBy([pool(1)], ...borrowed, evict(0), evict(1));
    const stored: typeof history = JSON.parse(JSON.stringify(history));
    for (const { event } of stored)
      if (event.type === 'LicenseLimitsChanged' && event.data.ends)
        Object.assign(event.data.ends, { seatsFreeAt: undefined });
    expect([3599.999, 3600].map((seconds) => seatsShown(stored, seconds))).toEqual([1, 0]);
    const { facts } = licenseAfter(...history);
    expect(readMore(JSON.stringify(moreOf(facts))).withheldSeats).toEqual(facts.withheldSeats);
    expect(readMore('{"usage":{"seats":1,"users":0,"meters":{}}}').withheldSeats).toEqual([]);
  });
  test('A lower limit that ends a borrowed seat leaves the holder of the other seat valid', () => {
    expect([1, 3599, 3600].map((seconds) => answer(evicted, seconds).valid)).toEqual([true, true, true]);
    expect([1, 3600].map((seconds) => answer(evicted, seconds).code)).toEqual(['VALID_OVERAGE', 'VALID']);
    given(...followedBy([pool(3, evicting)], borrow(1, 3600), evict(1)))
      .when(acquire(3, 2))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
  });
  test('Open seats above the limit still make the license invalid', () => {
    const history = followedBy(
      [pool(1, { overage: { kind: 'ALWAYS' } })],
      acquire(1),
      acquire(2),
      command('ChangeTier', { target: to(policyWith({ policyId: 'pol_strict', limitStrategy: 'REJECT' })) }),
    );
    expect(answer(history, 1).code).toBe('TOO_MANY_LEASES');
  });
  test('The holder may not trust an answer past the return of a seat that changes it', () => {
    expect(answer(evicted, 3590).ttlSeconds).toBe(10);
    const within = followedBy([pool(2)], borrow(1, 3600), release(1));
    expect(answer(within, 3590).ttlSeconds).toBeGreaterThan(10);
  });
});

describe('The holder of a withheld seat takes it back', () => {
  const withheld = followedBy([pool(1)], borrow(1, 3600), release(1, 60));
  const mine = (number: number, seconds: number, overrides: object = {}) =>
    acquire(number, seconds, { holderHash: 'hash-1', ...overrides });
  const again: readonly { readonly how: string; readonly command: LicenseCommand; readonly end: number }[] = [
    { how: 'acquires', command: mine(2, 120), end: 3600 },
    { how: 'acquires shortly before the end', command: mine(2, 3500), end: 3860 },
    { how: 'borrows for less time', command: mine(2, 120, { borrowSeconds: 60 }), end: 3600 },
    { how: 'borrows for more time', command: mine(2, 120, { borrowSeconds: 7200 }), end: 7320 },
    { how: 'names itself in another spelling', command: acquire(2, 120, { otherHashes: ['hash-1'] }), end: 3600 },
  ];
  test.each(again)('A holder who $how has the seat, at least until the borrow ends', ({ command, end }) => {
    const history = followedBy(withheld, command);
    const license = licenseAfter(...history);
    expect(license.leases.get('l2')).toMatchObject({ borrow: true, expiresAt: later(end) });
    expect([license.facts.usage.seats, seatsInUse(license, command.at), seatsShown(history, end)]).toEqual([1, 1, 1]);
    expect(license.facts.withheldSeats).toEqual([]);
  });
  test('A seat that is taken back and released again stays taken until the borrow ends', () => {
    const history = followedBy(withheld, mine(2, 120), release(2, 180));
    expect([3599.999, 3600].map((seconds) => seatsShown(history, seconds))).toEqual([1, 0]);
    given(...history)
      .when(acquire(9, 200))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
  });
  test('Another holder does not take the seat', () => {
    given(...withheld)
      .when(acquire(2, 120))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
  });
  test('A lower limit that ended the seat does not let the holder take it back from the others', () => {
    given(...evicted)
      .when(mine(3, 120))
      .thenRejected('SEAT_LIMIT_EXCEEDED');
  });
});
