import { isDeepStrictEqual as isSame } from 'node:util';
import type { CommandOf, LicenseRejection } from '../../../src/domain/license/commands.ts';
import type { Entitlement } from '../../../src/domain/license/grants/entitlement.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import type { Schedule } from '../../../src/domain/license/scheduled/scheduled-commands.ts';
import type { Target } from '../../../src/domain/license/tiers/tier-events.ts';
import type { Limit, Limits } from '../../../src/domain/license/usage/usage-limits.ts';
import type { Details } from './device-details.ts';
import { hour, lengthOf, ms } from './draw.ts';
import { countersFrom, type Metered, noLate, noMetered } from './late-use.ts';
import { maintainedBy, maintainedUnder } from './maintained.ts';
import { type ModelOverrides, noOverrides } from './overrides.ts';

// The model's state: one flat record, with milliseconds instead of texts and `Infinity` for never. Values are replaced,
// never changed in place, so that a copy restores it.

/** The outcome of a command: it changes something, changes nothing, or is refused. */
export type Verdict = 'done' | 'nothing' | LicenseRejection;
type Guards = { readonly [Refusal in Exclude<Verdict, 'done'>]?: boolean };
type Kind = 'activations' | 'seats' | 'users';
/**
 * A device, lease or user. `over`: when it ended without heartbeat; `Infinity`: it is open; `-Infinity`: it was
 * released. `known`: until when a repeated release counts as a repetition; for ever while the end is not announced.
 */
export type Use = { kind: Kind; id: string; name: string; product: string | null; user: string | null } & Hold;
type Hold = { over: number; known: number; end: number; ttl: number; borrow: boolean } & Partial<Details>;
type LastSeen = CommandOf<'LapseLease'>['data'];
/** A suspension, a renewal mode or a tier change from `at` on. Without an id it was not announced. */
export type Plan = { id: string; at: number; ground?: string; until?: number; mode?: string; target?: Target };
type Offer = { to: string; terms: Terms; over: number; declined: boolean };
type Terms = { expiry: string; activations: string };
type Marks = Readonly<Record<string, number>>;

const unissued = (policy: PinnedPolicy) => ({
  now: -Infinity,
  /** The id of the event of the current command. */
  eventId: '',
  issued: false,
  revoked: false,
  replacedBy: '',
  reference: null as string | null,
  holder: null as string | null,
  /** The last offer since the last transfer. `over`: when it ends by itself, or -Infinity once it has ended. */
  offer: null as Offer | null,
  policy,
  products: [] as readonly string[],
  limits: { activations: 0, seats: 0, users: 0, meters: {} } as Limits,
  entitlements: [] as readonly Entitlement[],
  beside: noOverrides as ModelOverrides,
  /** The latest announced end of an entitlement, or when the license was recorded. */
  endsAnnounced: -Infinity,
  keyVersion: 1,
  overlaps: {} as Marks,
  term: 0,
  /** The start of the first term of an unbroken row of terms. */
  run: Infinity,
  ...{ end: Infinity, endSetAt: 0 },
  /** The end of the maintenance, and whether the issuer named it. */
  ...{ maintained: Infinity, sold: false },
  /** The durations that it was issued for, and of the last term under its policy. */
  span: NaN,
  length: NaN,
  awaits: '',
  announced: 0,
  graceEnded: 0,
  reminded: {} as Marks,
  plans: [{ id: '', at: -Infinity, mode: 'manual' }] as readonly Plan[],
  afterTrial: null as Target | null,
  uses: [] as readonly Use[],
  withheld: [] as readonly { until: number; name: string }[],
  /** The terms of each payment, by its reference. */
  paid: {} as Readonly<Record<string, { terms: string; end: number; policy: string }>>,
  /** The starts of renewed terms that are still to come. */
  ahead: [] as readonly number[],
  ...{ releases: 0, lastRelease: -Infinity, reinstated: -Infinity },
  ...{ meters: {} as Marks, firsts: {} as Marks, metered: noMetered as Metered, late: noLate },
  /** How many ended parts are not announced yet, and how many announcements were requested. */
  ...{ unannounced: 0, announcing: 0 },
});

/** Returns an unissued license, and the operations that rules consist of. */
export const newRecord = (anyPolicy: PinnedPolicy) => {
  const m = unissued(anyPolicy);
  const put = (values: Partial<typeof m> | false): Verdict => {
    Object.assign(m, values);
    return 'done';
  };
  const statusAt = (at: number): string => {
    if (m.revoked || groundsAt(at).length > 0) return m.revoked ? 'REVOKED' : 'SUSPENDED';
    if (at >= m.end) return at >= accessEnd() ? 'EXPIRED' : 'IN_GRACE';
    return at < m.run ? 'NOT_YET_VALID' : 'ACTIVE';
  };

  /** Starts a term. Announces the expiry of an expired one first. */
  const setTerm = (start: number, end: number, run = start, from = start): Verdict => {
    announce();
    const ahead = start > m.now ? [...m.ahead.filter((other) => other < start), start] : [];
    const counters = start > m.now ? {} : countersFrom(m, start);
    const changes = { ...counters, ahead, awaits: '', ...maintainedBy(m, from, end) };
    return all(put({ term: m.term + 1, run, ...changes }), setEnd(end));
  };
  const setEnd = (end: number) =>
    put({ end, endSetAt: m.now, reminded: {}, late: noLate, ahead: m.ahead.filter((start) => start < end) });
  /** Begins the counters of a renewed term that has started. */
  const enterTerm = () =>
    put(m.ahead.some((start) => start <= m.now) && { ...noLate, ahead: m.ahead.filter((start) => start > m.now) });
  const announce = () => put(m.now >= m.end && { announced: m.term });
  const accessEnd = () => m.end + m.policy.expiryGraceSeconds * 1000;
  const useEnd = () => (m.policy.expiryStrategy === 'RESTRICT' ? accessEnd() : Infinity);
  const startOf = (scheduled: Schedule | undefined) => (scheduled ? ms(scheduled.effectiveAt) : m.now);
  const groundsAt = (at: number, until = at + 1) =>
    m.plans.flatMap(({ ground, at: from, until: end = 0 }) => (ground && from <= at && end >= until ? [ground] : []));
  const modeAt = (at: number) =>
    m.plans.filter((plan) => plan.mode && plan.at <= at).reduce((last, plan) => (plan.at < last.at ? last : plan)).mode;
  const plan = (scheduled: Schedule | undefined, change: Partial<Plan>) =>
    put({
      plans: [
        ...m.plans,
        { ...change, id: scheduled ? m.eventId : '', at: scheduled ? startOf(scheduled) : -Infinity },
      ],
    });
  const drop = (change: 'ground' | 'mode') =>
    put({ plans: m.plans.filter((plan) => plan[change] === undefined || plan.at > m.now) });
  const reinstate = () => all(drop('ground'), put({ reinstated: m.now }));
  const withdraw = (eventId: string) => put({ plans: m.plans.filter(({ id }) => id !== eventId) });

  /** Withdraws announced changes that are still to come. */
  const overtake = (isMeant: (plan: Plan) => boolean) =>
    put({ plans: m.plans.filter((plan) => plan.id === '' || !isOpenPlan(plan) || !isMeant(plan)) });
  const pay = () => overtake((plan) => plan.ground === 'PAYMENT');
  const isOpenPlan = (plan: Plan) => plan.target !== undefined || plan.at > m.now;
  /** Returns true when exactly this change is announced, and no other one like it. */
  const isPlanned = (scheduled: Schedule | undefined, isAlike: (plan: Plan) => boolean, change: Partial<Plan>) => {
    const [only, ...more] = m.plans.filter((plan) => isOpenPlan(plan) && isAlike(plan));
    const isIt = scheduled && more.length === 0 && only?.at === startOf(scheduled);
    return isIt === true && only?.until === change.until && only?.mode === change.mode;
  };

  const find = (kind: Kind, name: string) =>
    m.uses.findLast((use) => use.kind === kind && (use.id === name || use.name === name));
  /** Returns true when an ended part of this kind and name is still known. */
  const isKnown = (kind: Kind, name: string) =>
    m.uses.some(
      (use) => use.kind === kind && [use.id, use.name].includes(name) && use.over < Infinity && m.now < use.known,
    );
  /** Ends the open parts that match. */
  const close = (isMeant: (use: Use) => boolean, how = (_: Use) => ({ over: -Infinity, known: m.now + repeated })) =>
    put({ uses: m.uses.map((use) => (isOpen(use) && isMeant(use) ? { ...use, ...how(use) } : use)) });
  /** Ends the open parts that match; each is announced later. */
  const end = (isMeant: (use: Use) => boolean) => {
    const ending = m.uses.filter((use) => isOpen(use) && isMeant(use));
    put({ unannounced: m.unannounced + ending.length, withheld: [...m.withheld, ...ending.flatMap(lentUntil)] });
    return close(isMeant, () => ({ over: -Infinity, known: Infinity }));
  };
  /** Notes that an ended part was announced. */
  const announced = (kind: Kind, id: string) => {
    const known = m.now + repeated;
    const isIt = (use: Use) => use.kind === kind && use.id === id && use.over === -Infinity;
    return put({ unannounced: m.unannounced - 1, uses: m.uses.map((use) => (isIt(use) ? { ...use, known } : use)) });
  };
  const lapse = (seen: readonly LastSeen[], only?: string) =>
    close(
      (use) => (only ?? use.id) === use.id && m.now >= overAt(use, seen),
      (use) => {
        const over = overAt(use, seen);
        return { over, known: Math.max(over + m.policy.lease.resurrectSeconds * 1000, m.now + repeated) };
      },
    );
  /** Returns the end of an open borrow, until which its seat stays taken. */
  const lentUntil = (use: Use | undefined): typeof m.withheld => {
    const isLent = isOpen(use) && use.borrow && use.end > m.now && !m.policy.reclaimBorrowed;
    return isLent ? [{ until: use.end, name: use.name }] : [];
  };
  const giveBack = (name: string) => {
    const lease = find('seats', name);
    put({ withheld: [...m.withheld, ...lentUntil(lease)] });
    return close((use) => use === lease);
  };
  /** Opens a part if its limit allows. */
  const take = (use: Use) => {
    put({ uses: [...m.uses.filter(({ id }) => id !== use.id), { ...use, over: Infinity, known: Infinity }] });
    return beyond(use.kind) > 0 ? full[use.kind] : 'done';
  };
  const occupy = (lease: Use, borrow: number | null) => {
    const ttl = m.policy.lease.ttlSeconds * 1000;
    const end = borrow === null ? m.now + ttl : Math.min(m.now + borrow * 1000, useEnd());
    const own = m.withheld.find(({ until, name }) => until > m.now && name === lease.name);
    m.withheld = m.withheld.filter((other) => other !== own);
    return take({ ...lease, end: Math.max(end, own?.until ?? 0), ttl, borrow: borrow !== null || !!own });
  };
  const mayNotBorrow = (seconds: number | null) =>
    seconds !== null && (seconds <= 0 || seconds > m.policy.lease.borrowMaxSeconds);
  const capacity = (limit: Limit) => {
    if (limit === 'unlimited') return Infinity;
    const { overage } = m.policy;
    const percent = overage.kind === 'RATIO' ? overage.percent : 100;
    return overage.kind === 'ALWAYS' ? Infinity : Math.floor((limit * percent) / 100);
  };
  const openOf = (kind: Kind) => m.uses.filter((use) => use.kind === kind && isOpen(use));
  /** Returns how much is used above the limit, seats of borrowed leases included. */
  const beyond = (kind: Kind) => {
    const withheld = kind === 'seats' ? m.withheld.filter(({ until }) => until > m.now).length : 0;
    return Math.max(0, openOf(kind).length + withheld - capacity(m.limits[kind]));
  };
  /** Rule 2.5.13: the one guard of every use. */
  const unusable = (product: string | null, user: string | null) => {
    const status = statusAt(m.now);
    return first({
      LICENSE_SUSPENDED: status === 'SUSPENDED',
      LICENSE_EXPIRED: status === 'EXPIRED' && m.policy.expiryStrategy === 'RESTRICT',
      LICENSE_NOT_STARTED: status === 'NOT_YET_VALID',
      PRODUCT_NOT_LICENSED: product !== null && !m.products.includes(product),
      USER_NOT_ASSIGNED: user !== null && !isOpen(find('users', user)),
    });
  };
  const otherThan = ({ code, source }: Pick<Entitlement, 'code' | 'source'>) =>
    m.entitlements.filter((other) => other.code !== code || other.source !== source);
  /** Moves the license to the target. */
  const become = ({ policy, products, limits, entitlements }: Target, strategy = policy.limitStrategy): Verdict => {
    // Devices and seats end with the last product.
    const isBare = products?.length === 0 && m.products.length > 0;
    const length = policy.policyId === m.policy.policyId ? m.length : NaN;
    put({ ...maintainedUnder(policy, m), policy, products: products ?? m.products, length });
    if (isBare) end(({ kind }) => kind !== 'users');
    const kept = m.entitlements.filter(({ source }) => source !== 'tier' && source !== 'trial');
    if (entitlements !== null) put({ entitlements: [...kept, ...entitlements] });
    if (limits === null || isSame(limits, m.limits)) return 'done';
    put({ limits });
    const tooMany = kinds.find((kind) => beyond(kind) > 0);
    const isOver = Object.entries(limits.meters).some(([meter, limit]) => (m.meters[meter] ?? 0) > capacity(limit));
    if (strategy === 'REJECT') return tooMany ? full[tooMany] : isOver ? 'QUOTA_EXCEEDED' : 'done';
    const oldest = (kind: Kind) => openOf(kind).slice(0, beyond(kind));
    const evicted = strategy === 'EVICT_OLDEST' ? kinds.flatMap(oldest) : [];
    return end((use) => evicted.includes(use));
  };
  return {
    m,
    put,
    statusAt,
    modeAt,
    groundsAt,
    accessEnd,
    useEnd,
    startOf,
    setTerm,
    setEnd,
    enterTerm,
    announce,
    plan,
    isPlanned,
    drop,
    reinstate,
    withdraw,
    overtake,
    pay,
    find,
    isKnown,
    close,
    end,
    announced,
    lapse,
    giveBack,
    take,
    occupy,
    mayNotBorrow,
    capacity,
    unusable,
    otherThan,
    become,
  };
};

/** Returns the first guard that applies. */
export const first = (guards: Guards): Verdict | undefined => {
  for (const refusal in guards) if (guards[refusal as keyof Guards]) return refusal as keyof Guards;
  return undefined;
};
/** Returns the first outcome other than done. */
export const all = (...verdicts: Verdict[]): Verdict => verdicts.find((verdict) => verdict !== 'done') ?? 'done';
/** Returns true while the part is open. */
export const isOpen = (use: Use | undefined): use is Use => use?.over === Infinity;
export const isWrong = (limits: Limits | null) => Number(limits?.activations) < 0;
/** Returns the end of a requested term that starts at `start`. */
export const endOf = (term: { duration: string } | { expiresAt: string } | object, start: number): number =>
  'duration' in term ? start + lengthOf(term.duration) : 'expiresAt' in term ? ms(term.expiresAt) : Infinity;
/** Returns when a lease ends: a borrowed one by the clock, another its time to live after the last heartbeat seen. */
export const overAt = (lease: Use, seen: readonly LastSeen[] = []) => {
  const heard = seen.find(({ leaseId }) => leaseId === lease.id);
  const silent = heard ? Math.max(lease.end, ms(heard.lastSeenAt) + lease.ttl) : Infinity;
  return Math.min(lease.over, lease.borrow ? lease.end : silent);
};
const [activations, seats] = ['ACTIVATION_LIMIT_EXCEEDED', 'SEAT_LIMIT_EXCEEDED'] as const;
const full = { activations, seats, users: 'USER_LIMIT_EXCEEDED' } as const;
const kinds = ['activations', 'seats', 'users'] as const;
/** The lease fields of a device and a user, which have none. */
export const noLease = { user: null, over: Infinity, known: Infinity, end: Infinity, ttl: 0, borrow: false };
/** How long a release counts as repeatable, and how long a usage id is known. */
const repeated = 25 * hour;
export const asItIs = { products: null, limits: null, entitlements: null };
