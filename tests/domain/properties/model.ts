import type { CommandOf, LicenseCommand, LicenseRejection, Origination } from '../../../src/domain/license/commands.ts';
import type { Limits, PinnedPolicy } from '../../../src/domain/license/events.ts';
import type { Target } from '../../../src/domain/license/events-grant.ts';

// A second reading of domain.md 2.2 to 2.6, written apart from src/domain and in another way: one mutable record, no events,
// milliseconds instead of texts, `Infinity` for never. It shares nothing with the decider but the types of its commands.
// Here: what a license is and when. model-use.ts: who uses it. model-grants.ts: what it grants.

/** What becomes of a command: something changes, nothing does, or it is refused. `open`: the model has no opinion. */
export type Verdict = 'done' | 'nothing' | 'open' | LicenseRejection;
export type Held = { id: string; product: string | null };
export type Lease = Held & { user: string | null; end: number; ttl: number; borrow: boolean };
type Later = { id: string; at: number; mode?: string; ground?: string; until?: number; target?: Target };

export const newModel = (policy: PinnedPolicy) => ({
  ...{ policy, issued: false, revoked: false, recorded: -Infinity, holder: null as string | null },
  ...{ products: new Set<string>(), limits: { activations: 0, seats: 0, users: 0, meters: {} } as Limits },
  // `span`: what it was issued for; `awaited`: the trigger of a term that has not begun.
  ...{ term: { number: 0, start: Infinity, end: Infinity, announced: 0, graceEnded: 0 }, span: NaN, awaited: '' },
  // Devices by fingerprint, leases by holder; `gone`: what may be named once more after its end.
  ...{ devices: new Map<string, Held>(), gone: new Set<string>(), releases: 0, lastRelease: -Infinity },
  ...{ leases: new Map<string, Lease>(), withheld: [] as number[] },
  ...{ lapsed: new Map<string, { holder: string; lease: Lease; at: number }>(), users: new Set<string>() },
  ...{ used: new Map<string, number>(), usageIds: new Set<string>() },
  // The grounds of the suspension and the renewal mode that hold without having been announced, and all that was.
  ...{ grounds: new Map<string, number>(), mode: 'manual', later: [] as Later[] },
});
export type Model = ReturnType<typeof newModel>;
export type Rules<Type extends LicenseCommand['type'] = LicenseCommand['type']> = {
  readonly [Each in Type]: (m: Model, data: CommandOf<Each>['data'], at: number) => Verdict;
};

/** Says what becomes of the command by the rules, and does it. */
export const judge = (rules: Rules, m: Model, { type, data, at }: LicenseCommand): Verdict => {
  const begins = type === 'IssueLicense' || type === 'ImportLicense';
  if (begins ? m.issued : m.revoked && sweeps.has(type)) return 'nothing';
  if (!begins && !m.issued) return 'LICENSE_NOT_FOUND';
  if (m.revoked && type !== 'RecordReplacement') return 'LICENSE_REVOKED';
  // The rule of this very type; the compiler loses that link.
  const rule = rules[type] as (m: Model, data: LicenseCommand['data'], at: number) => Verdict;
  const before = m.recorded;
  m.recorded = Math.max(ms(at), before);
  const verdict = rule(m, data, ms(at));
  if (verdict !== 'done') m.recorded = before;
  return verdict;
};

export const statusOf = (m: Model, at: number): string => {
  if (m.revoked) return 'REVOKED';
  if (groundsAt(m, at).length > 0) return 'SUSPENDED';
  if (at >= m.term.end) return at >= m.term.end + grace(m) ? 'EXPIRED' : 'IN_GRACE';
  return at < m.term.start ? 'NOT_YET_VALID' : 'ACTIVE';
};

// A sweep that was on its way when the license was revoked has done nothing wrong.
const sweeps = new Set<LicenseCommand['type']>([
  ...(['Revoke', 'Expire', 'EndGrace', 'EndTrial', 'Remind'] as const),
  ...(['CarryOutScheduled', 'RetireKey', 'LapseLease'] as const),
]);
const open = (): Verdict => 'open';

export const lifeRules: Rules<
  | ('IssueLicense' | 'ImportLicense' | 'StartTerm' | 'Suspend' | 'Reinstate' | 'Renew' | 'ChangeExpiry')
  | ('SetRenewal' | 'CancelScheduled' | 'Expire' | 'EndGrace' | 'Remind' | 'RecordReplacement')
  | ('GrantEntitlement' | 'RevokeEntitlement' | 'RotateKey' | 'RetireKey')
> = {
  // These touch nothing else that is modeled; the invariants look at them.
  ...{ GrantEntitlement: open, RevokeEntitlement: open, RotateKey: open, RetireKey: open },
  ...{ Remind: open, RecordReplacement: open },
  IssueLicense: (m, data, at) => begin(m, data, at, at),
  ImportLicense: (m, data, at) => begin(m, data, at, -Infinity),
  StartTerm: (m, { trigger }, at) => {
    if (m.awaited === '') return 'nothing';
    return m.awaited === trigger ? setTerm(m, at, at + m.span) : 'TERM_INVALID';
  },
  Suspend: (m, { reasonCode: ground, until, scheduled }, at) => {
    const [from, end] = [scheduled ? ms(scheduled.effectiveAt) : at, until === null ? Infinity : ms(until)];
    if ((scheduled && from <= at) || end <= from) return 'TERM_INVALID';
    const announced = m.later.filter((each) => each.ground === ground && each.at <= from);
    const held = [m.grounds.get(ground) ?? -Infinity, ...announced.map((each) => each.until ?? -Infinity)];
    if (held.some((heldUntil) => heldUntil >= end)) return 'nothing';
    if (scheduled) return did(m.later.push({ id: scheduled.eventId, at: from, ground, until: end }));
    if (groundsAt(m, at).length === 0) reinstate(m);
    return did(m.grounds.set(ground, end));
  },
  Reinstate: (m, _, at) => (groundsAt(m, at).length > 0 ? reinstate(m) : 'nothing'),
  Renew: (m, data, at) => {
    const { end, start } = m.term;
    if (end === Infinity || at >= end + (m.policy.renewUntilSeconds ?? Infinity) * 1000) return 'TERM_INVALID';
    const basis = 'basis' in data ? data.basis : 'FROM_NOW_IF_EXPIRED';
    const isOver = at >= end + grace(m);
    const newStart = basis === 'FROM_NOW' || (basis === 'FROM_NOW_IF_EXPIRED' && isOver) ? at : end;
    const newEnd = 'duration' in data ? newStart + length(data.duration) : ms(data.expiresAt);
    if (newEnd <= end || newEnd <= at || newEnd <= newStart) return 'TERM_INVALID';
    setTerm(m, newStart > end ? newStart : Math.min(start, newStart), newEnd, at);
    const waits = groundsAt(m, at);
    const isPaid = data.reasonCode === 'PAYMENT' && m.policy.reinstateOnPayment && waits.length > 0;
    return isPaid && waits.every((ground) => ground === 'PAYMENT') ? reinstate(m) : 'done';
  },
  ChangeExpiry: (m, { to }, at) => {
    if (m.term.number > 0 && ms(to) === m.term.end) return 'nothing';
    if (m.term.number === 0 || at >= m.term.end) return 'TERM_INVALID';
    return ms(to) < at || ms(to) <= m.term.start ? 'TERM_INVALID' : put(m.term, { end: ms(to) });
  },
  SetRenewal: (m, { to: mode, scheduled }, at) => {
    const from = scheduled ? ms(scheduled.effectiveAt) : at;
    if (scheduled && from <= at) return 'TERM_INVALID';
    if (modeAt(m, from) === mode) return 'nothing';
    if (scheduled) return did(m.later.push({ id: scheduled.eventId, at: from, mode }));
    m.later = m.later.filter((each) => each.mode === undefined || each.at > m.recorded);
    return put(m, { mode });
  },
  CancelScheduled: (m, { eventId }, at) =>
    m.later.some(({ id, at: since }) => id === eventId && since > at) ? withdraw(m, eventId) : 'NOT_FOUND',
  Expire: (m, { termNumber }, at) => (termNumber === m.term.number ? announce(m, at) : 'nothing'),
  EndGrace: (m, { termNumber: number }, at) => {
    if (number !== m.term.number || m.term.graceEnded >= number || grace(m) === 0) return 'nothing';
    if (at < m.term.end + grace(m)) return 'nothing';
    return put(m.term, { announced: number, graceEnded: number });
  },
};

export const did = (..._: readonly unknown[]): Verdict => 'done';
export const put = <Part extends object>(part: Part, values: Partial<Part>): Verdict =>
  did(Object.assign(part, values));
export const ms = (instant: string): number => Date.parse(instant);

/** Hours, days and weeks only: months have tests of their own. 0 for what is no duration. */
export const length = (text: string): number => {
  const [, days = 0, weeks = 0, hours = 0] = /^P(?:(\d+)D)?(?:(\d+)W)?(?:T(\d+)H)?$/.exec(text) ?? [];
  return ((Number(days) + Number(weeks) * 7) * 24 + Number(hours)) * 3_600_000;
};
export const isWrong = (limits: Limits | null): boolean => limits !== null && limits.activations < 0;

const begin = (m: Model, data: Origination, at: number, endsAfter: number): Verdict => {
  const { policy, products, term, limits, holderOrgId: holder } = data;
  const span = 'duration' in term ? length(term.duration) : NaN;
  const triggers: Record<string, string> = { firstActivation: 'FIRST_ACTIVATION', firstValidation: 'FIRST_VALIDATION' };
  const awaited = triggers[term.kind] ?? '';
  const start = 'startsAt' in term && term.startsAt !== null ? ms(term.startsAt) : at;
  const end = term.kind === 'perpetual' ? Infinity : term.kind === 'fixed' ? ms(term.expiresAt) : start + span;
  if (end <= start || end <= endsAfter) return 'TERM_INVALID';
  if (isWrong(limits)) return 'LIMIT_INVALID';
  if (awaited === '') setTerm(m, start, end);
  return put(m, { issued: true, policy, products: new Set(products), limits, span, holder, awaited });
};

/** Begins a term. The one before is announced as over if it is at `at`. */
export const setTerm = (m: Model, start: number, end: number, at = -Infinity): Verdict => {
  announce(m, at);
  m.used.clear();
  Object.assign(m.term, { number: m.term.number + 1, start, end });
  return put(m, { releases: 0, awaited: '' });
};
export const announce = (m: Model, at: number): Verdict => {
  if (at < m.term.end || m.term.announced >= m.term.number) return 'nothing';
  return put(m.term, { announced: m.term.number });
};
export const withdraw = (m: Model, id: string): Verdict => put(m, { later: m.later.filter((each) => each.id !== id) });
const reinstate = (m: Model): Verdict => {
  m.grounds.clear();
  return put(m, { later: m.later.filter((each) => each.ground === undefined || each.at > m.recorded) });
};
const groundsAt = (m: Model, at: number): string[] => [
  ...[...m.grounds].filter(([, until]) => at < until).map(([ground]) => ground),
  ...m.later.flatMap(({ at: since, ground, until = 0 }) => (ground && since <= at && at < until ? [ground] : [])),
];
const modeAt = (m: Model, at: number): string => {
  const holding = m.later.filter((each) => each.mode !== undefined && each.at <= at);
  return (
    holding.reduce((last, each) => (each.at >= last.at ? each : last), { at: -Infinity, mode: m.mode } as Later).mode ??
    ''
  );
};
const grace = (m: Model): number => m.policy.expiryGraceSeconds * 1000;
export const accessEnd = (m: Model): number => m.term.end + grace(m);

type Refusal = LicenseRejection | null;
/** Why the license may not be used now. `starts`: its term begins with this very use. */
export const unusable = (
  m: Model,
  product: string | null,
  user: string | null,
  at: number,
  starts = false,
): Refusal => {
  if (groundsAt(m, at).length > 0) return 'LICENSE_SUSPENDED';
  if (at >= accessEnd(m)) return 'LICENSE_EXPIRED';
  if (at < m.term.start && !starts) return 'LICENSE_NOT_STARTED';
  if (product !== null && !m.products.has(product)) return 'PRODUCT_NOT_LICENSED';
  return user === null || m.users.has(user) ? null : 'USER_NOT_ASSIGNED';
};
