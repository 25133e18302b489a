import { command, event, followedBy, policyWith } from '../commands.ts';
import { type Event, issued, noon, pro, twoDevices } from '../examples.ts';

export const later = (seconds: number) => new Date(Date.parse(noon) + seconds * 1000).toISOString();
export const pool = (seats: number, overrides: Partial<typeof pro> = {}, lease: Partial<typeof pro.lease> = {}) =>
  issued({
    policy: policyWith({ lease: { ...pro.lease, borrowMaxSeconds: 86_400, ...lease }, ...overrides }),
    limits: { ...twoDevices, seats, users: 1 },
  });
export const acquire = (number: number, seconds = 0, overrides: object = {}) =>
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
export const borrow = (number: number, borrowSeconds: number, seconds = 0) =>
  acquire(number, seconds, { borrowSeconds });
export const renew = (number: number, seconds: number, borrowSeconds: number | null = null) =>
  command('RenewLease', { leaseId: `l${number}`, borrowSeconds }, later(seconds));
export const release = (number: number, seconds = 0, by: 'USER' | 'ADMIN' = 'USER') =>
  command('ReleaseLease', { leaseId: `l${number}`, by }, later(seconds));
export const lapse = (number: number, seconds: number, lastSeenAt = noon) =>
  command('LapseLease', { leaseId: `l${number}`, lastSeenAt }, later(seconds));
export const acquired = (number: number, overrides: Partial<Event<'LeaseAcquired'>['data']> = {}) =>
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
export const released = (number: number, overrides: Partial<Event<'LeaseReleased'>['data']> = {}) =>
  event('LeaseReleased', { leaseId: `l${number}`, cause: 'USER', inUseAfter: 0, seatFreeAt: null, ...overrides });
export const lapsed = (number: number, effectiveAt: string, lastSeenAt = noon, inUseAfter = 0) =>
  event('LeaseLapsed', { leaseId: `l${number}`, lastSeenAt, inUseAfter }, effectiveAt);
export const one = followedBy([pool(1)], acquire(1));
