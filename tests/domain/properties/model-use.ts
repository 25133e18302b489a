import type { Device, DeviceName } from '../../../src/domain/license/commands.ts';
import type { LastSeen } from '../../../src/domain/license/commands-lease.ts';
import {
  accessEnd,
  did,
  type Held,
  type Lease,
  type Model,
  ms,
  put,
  type Rules,
  setTerm,
  unusable,
  type Verdict,
} from './model.ts';

/** The model of devices, seats, users and meters. */
export const useRules: Rules<
  | ('Activate' | 'Deactivate' | 'SwapActivation' | 'AcquireLease' | 'RenewLease' | 'ReleaseLease' | 'LapseLease')
  | ('AssignUser' | 'UnassignUser' | 'RecordUsage')
> = {
  Activate: (m, device, at) => activate(m, device, at, m.devices.size),
  Deactivate: (m, { device, by }, at) => {
    const print = printOf(m, device);
    if (print === null) return m.gone.has(nameOf(device)) ? 'nothing' : 'ACTIVATION_NOT_FOUND';
    return (by === 'USER' ? mayNotRelease(m, at) : null) ?? release(m, print, by, at);
  },
  SwapActivation: (m, { release: left, activate: device }, at) => {
    const print = printOf(m, left);
    const [refused, isOn] = [unusable(m, device.product, null, at), m.devices.has(device.fingerprintHash)];
    if (refused !== null) return refused;
    if (print === null) return isOn && m.gone.has(nameOf(left)) ? 'nothing' : 'ACTIVATION_NOT_FOUND';
    if (isOn) return print === device.fingerprintHash ? 'nothing' : 'INVALID_REQUEST';
    const verdict = mayNotRelease(m, at) ?? activate(m, device, at, m.devices.size - 1);
    return verdict === 'done' ? release(m, print, 'USER', at) : verdict;
  },
  AcquireLease: (m, { leaseId: id, holderHash, product, userRef: user, borrowSeconds, dead }, at) => {
    const refused = unusable(m, product, user, at);
    if (refused !== null) return refused;
    const over = [...m.leases].filter(([, lease]) => isOver(lease, dead, at)).map(([holder]) => holder);
    if (m.leases.has(holderHash) && !over.includes(holderHash)) return 'nothing';
    if (borrowSeconds !== null && !mayBorrow(m, borrowSeconds)) return 'LIMIT_INVALID';
    if (seats(m, at) - over.length + 1 > capacity(m, m.limits.seats)) return 'SEAT_LIMIT_EXCEEDED';
    for (const holder of over) lapse(m, holder, dead);
    return occupy(m, holderHash, { id, product, user }, borrowSeconds, at);
  },
  RenewLease: (m, { leaseId, borrowSeconds }, at) => {
    const holder = holderOf(m, leaseId);
    const [live, gone] = [m.leases.get(holder ?? ''), m.lapsed.get(leaseId)];
    const lease = live ?? gone?.lease;
    if (lease === undefined) return 'NOT_FOUND';
    const refused = unusable(m, lease.product, lease.user, at);
    if (refused !== null) return refused;
    if (live !== undefined && !(live.borrow && at >= live.end)) {
      const end = Math.min(at + (borrowSeconds ?? 0) * 1000, accessEnd(m));
      if (!live.borrow || borrowSeconds === null || end <= live.end) return 'nothing';
      return mayBorrow(m, borrowSeconds) ? put(live, { end }) : 'LIMIT_INVALID';
    }
    const isReplaced = gone !== undefined && m.leases.has(gone.holder);
    if (isReplaced || at >= (live?.end ?? gone?.at ?? 0) + m.policy.lease.resurrectSeconds * 1000) return 'NOT_FOUND';
    if (seats(m, at) - (live ? 1 : 0) + 1 > capacity(m, m.limits.seats)) return 'SEAT_LIMIT_EXCEEDED';
    return occupy(m, holder ?? gone?.holder ?? '', lease, null, at);
  },
  ReleaseLease: (m, { leaseId, by }, at) => {
    const holder = holderOf(m, leaseId);
    if (holder === null) return m.gone.has(leaseId) || m.lapsed.has(leaseId) ? 'nothing' : 'NOT_FOUND';
    return giveBack(m, holder, by, at);
  },
  LapseLease: (m, seen, at) => {
    const holder = holderOf(m, seen.leaseId);
    return holder !== null && isOver(m.leases.get(holder), [seen], at) ? lapse(m, holder, [seen]) : 'nothing';
  },
  AssignUser: (m, { userRef }) => {
    if (m.users.has(userRef)) return 'nothing';
    return m.users.size + 1 > capacity(m, m.limits.users) ? 'USER_LIMIT_EXCEEDED' : did(m.users.add(userRef));
  },
  UnassignUser: (m, { userRef }) => (m.users.delete(userRef) ? 'done' : 'nothing'),
  RecordUsage: (m, { meter, quantity, usageId }, at) => {
    const refused = unusable(m, null, null, at);
    const [limit, total] = [m.limits.meters[meter], (m.used.get(meter) ?? 0) + quantity];
    if (limit === undefined) return 'LIMIT_INVALID';
    if (m.usageIds.has(usageId)) return 'nothing';
    if (refused !== null) return refused;
    return total > capacity(m, limit) ? 'QUOTA_EXCEEDED' : did(m.usageIds.add(usageId), m.used.set(meter, total));
  },
};

export const capacity = (m: Model, limit: number): number => {
  const { overage } = m.policy;
  if (overage.kind === 'ALWAYS') return Infinity;
  return overage.kind === 'RATIO' ? Math.max(limit, Math.ceil((limit * overage.percent) / 100)) : limit;
};

/** Seats that are taken: by leases, and by released ones that still work offline. */
export const seats = (m: Model, at: number): number => m.leases.size + m.withheld.filter((until) => until > at).length;

export const closeDevices = (m: Model, prints: readonly string[]): Verdict => {
  for (const print of prints) did(m.gone.add(print).add(m.devices.get(print)?.id ?? ''), m.devices.delete(print));
  return 'done';
};
export const closeLeases = (m: Model, holders: readonly string[]): Verdict => {
  for (const holder of holders) did(m.gone.add(m.leases.get(holder)?.id ?? ''), m.leases.delete(holder));
  return 'done';
};

const activate = (m: Model, device: Device, at: number, count: number): Verdict => {
  const starts = m.awaited === 'FIRST_ACTIVATION';
  const refused = unusable(m, device.product, device.userRef ?? null, at, starts);
  if (refused !== null) return refused;
  if (m.devices.has(device.fingerprintHash)) return 'nothing';
  if (count + 1 > capacity(m, m.limits.activations)) return 'ACTIVATION_LIMIT_EXCEEDED';
  if (starts) setTerm(m, at, at + m.span);
  return did(m.devices.set(device.fingerprintHash, { id: device.activationId, product: device.product }));
};
const nameOf = (device: DeviceName): string =>
  'activationId' in device ? device.activationId : device.fingerprintHash;
const printOf = (m: Model, device: DeviceName): string | null => {
  const isMeant = ([print, { id }]: [string, Held]) => nameOf(device) === ('activationId' in device ? id : print);
  return [...m.devices].find(isMeant)?.[0] ?? null;
};
const mayNotRelease = (m: Model, at: number): Verdict | null => {
  const { allowed, maxPerTerm, cooldownSeconds } = m.policy.deactivation;
  if (!allowed || m.releases >= (maxPerTerm ?? Infinity)) return 'DEACTIVATION_LIMIT';
  return at - m.lastRelease < cooldownSeconds * 1000 ? 'COOLDOWN_ACTIVE' : null;
};
const release = (m: Model, print: string, by: string, at: number): Verdict => {
  if (by === 'USER') Object.assign(m, { releases: m.releases + 1, lastRelease: m.recorded });
  if (m.policy.lease.scope === 'MACHINE' && m.leases.has(print)) giveBack(m, print, by, at);
  return closeDevices(m, [print]);
};

const holderOf = (m: Model, leaseId: string): string | null =>
  [...m.leases].find(([, { id }]) => id === leaseId)?.[0] ?? null;
const mayBorrow = (m: Model, seconds: number): boolean => seconds > 0 && seconds <= m.policy.lease.borrowMaxSeconds;
const lastSeen = (lease: Lease, seen: readonly LastSeen[]): number =>
  seen.findLast(({ leaseId }) => leaseId === lease.id) === undefined
    ? Infinity
    : ms(seen.findLast(({ leaseId }) => leaseId === lease.id)?.lastSeenAt ?? '');

/** A borrowed lease ends by the clock, another when nothing was heard of it, or of its beginning, for its time to live. */
const endOf = (lease: Lease, seen: readonly LastSeen[]): number =>
  lease.borrow ? lease.end : Math.max(lease.end, lastSeen(lease, seen) + lease.ttl);
const isOver = (lease: Lease | undefined, seen: readonly LastSeen[], at: number): boolean =>
  lease !== undefined && at >= endOf(lease, seen);
const lapse = (m: Model, holder: string, seen: readonly LastSeen[]): Verdict => {
  const lease = m.leases.get(holder);
  if (lease !== undefined) m.lapsed.set(lease.id, { holder, lease, at: endOf(lease, seen) });
  return did(m.leases.delete(holder));
};
const giveBack = (m: Model, holder: string, by: string, at: number): Verdict => {
  const lease = m.leases.get(holder);
  if (lease?.borrow && by === 'ADMIN' && !m.policy.reclaimBorrowed && lease.end > at) m.withheld.push(lease.end);
  return closeLeases(m, [holder]);
};
const occupy = (m: Model, holder: string, lease: Held & { user: string | null }, borrow: number | null, at: number) => {
  const { ttlSeconds } = m.policy.lease;
  const end = borrow === null ? at + ttlSeconds * 1000 : Math.min(at + borrow * 1000, accessEnd(m));
  m.lapsed.delete(lease.id);
  m.leases.delete(holder);
  return did(m.leases.set(holder, { ...lease, end, ttl: ttlSeconds * 1000, borrow: borrow !== null }));
};
