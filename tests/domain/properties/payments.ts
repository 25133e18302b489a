import type { CommandOf } from '../../../src/domain/license/commands.ts';
import { lengthOf, ms } from './draw.ts';
import { maintainedAfterMove } from './maintained.ts';
import { newOverrides } from './overrides.ts';
import { all, endOf, first, type newRecord, type Verdict } from './record.ts';

type Renewal = CommandOf<'Renew'>['data'];

/** Returns the rules of renewals and conversions, which are payments. */
export const newPayments = (record: ReturnType<typeof newRecord>) => {
  const { m, put, groundsAt, modeAt, accessEnd, drop, reinstate, pay, plan, overtake, become, setTerm, setEnd } =
    record;
  /** Returns the terms of a renewal; a missing part is that of the policy, the last term or the catalog. */
  const termsOf = (data: Renewal) => {
    if ('expiresAt' in data) return { basis: 'FIXED', length: NaN };
    const [mine, policys] = [data.duration, m.policy.renewalDuration].map((text) => text && lengthOf(text));
    const known = Number.isNaN(m.length) ? lengthOf(data.policyDuration ?? '') : m.length;
    const basis = data.basis ?? m.policy.renewalBasis ?? (data.duration ? 'FROM_EXPIRY' : 'FROM_NOW_IF_EXPIRED');
    return { basis, length: Number(mine ?? policys ?? known) };
  };
  const isBought = (paid: { terms: string; end: number; policy: string }, data: Renewal): boolean => {
    if (paid.policy !== '' || 'expiresAt' in data) return paid.policy === '' && paid.end === endOf(data, 0);
    const [basis, length] = paid.terms.split(' ');
    const isSameLength = data.duration === undefined || Number(length) === lengthOf(data.duration);
    return isSameLength && [undefined, basis].includes(data.basis);
  };
  const accept = () => {
    const grounds = groundsAt(m.now);
    const mayReinstate = m.policy.reinstateOnPayment && grounds.length > 0;
    if (mayReinstate && grounds.every((ground) => ground === 'PAYMENT')) reinstate();
    return pay();
  };
  const renew = (data: Renewal): Verdict => {
    const { basis, length } = termsOf(data);
    const paid = m.paid[data.billingRef ?? ''];
    if (paid) return isBought(paid, data) ? 'nothing' : 'BILLING_REF_REUSED';
    const start = basis === 'FROM_EXPIRY' || (basis !== 'FROM_NOW' && m.now < accessEnd()) ? m.end : m.now;
    const end = 'expiresAt' in data ? ms(data.expiresAt) : start + length;
    const run = start > m.end ? start : Math.min(m.run, start);
    const isWrong = m.end === Infinity || !(end > start || 'expiresAt' in data);
    const isTooLate = m.now >= m.end + (m.policy.renewUntilSeconds ?? Infinity) * 1000;
    const isPaid = data.reasonCode === 'PAYMENT' || data.billingRef !== undefined;
    if (!isWrong && end === m.end) {
      if (isPaid) accept();
      return 'done';
    }
    const guards = { TERM_INVALID: isTooLate, TERM_NOT_LATER: end < m.end };
    const refused = first({ TERM_INVALID: isWrong }) ?? first(guards) ?? first({ TERM_INVALID: end <= m.now });
    if (refused) return refused;
    const bought = { terms: `${basis} ${length}`, end, policy: '' };
    if (data.billingRef) put({ paid: { ...m.paid, [data.billingRef]: bought } });
    if (isPaid) accept();
    put({ length: 'expiresAt' in data ? m.length : length });
    return setTerm(start, end, run);
  };
  const changeExpiry = ({ to }: CommandOf<'ChangeExpiry'>['data']): Verdict => {
    const end = to === null ? Infinity : ms(to);
    const isEndless = end === Infinity && m.policy.type === 'TRIAL';
    const stays = m.term > 0 && end === m.end;
    const TERM_INVALID = m.term === 0 || m.now >= m.end || end < m.now || end <= m.run || isEndless;
    const refused = first({ nothing: stays && end < Infinity, TERM_INVALID: !stays && TERM_INVALID });
    if (refused) return refused;
    put(!stays && maintainedAfterMove(m, m.end, end));
    if (end < Infinity) return setEnd(end);
    overtake((other) => other.mode !== undefined);
    if (modeAt(m.now) !== 'manual') all(drop('mode'), plan(undefined, { mode: 'manual' }));
    return stays ? 'done' : setEnd(end);
  };
  const changeTier = ({ target, scheduled, term, billingRef }: CommandOf<'ChangeTier'>['data']): Verdict => {
    const { type, tier } = target.policy;
    const [leavesTrial, isFree] = [
      m.policy.type === 'TRIAL',
      m.policy.tier === 'FREE' && m.end === Infinity && m.term > 0 && m.afterTrial !== null,
    ];
    // Each drawn policy differs, so no drawn change repeats another one.
    const refused = first({
      BILLING_REF_REUSED: term !== undefined && m.paid[billingRef ?? ''] !== undefined,
      INVALID_REQUEST: term !== undefined && (scheduled !== undefined || type === 'TRIAL'),
      TERM_INVALID: !term && type !== 'TRIAL' && tier !== 'FREE' && ((leavesTrial && !scheduled) || isFree),
    });
    overtake((other) => other.target !== undefined);
    if (refused || scheduled) return refused ?? plan(scheduled, { target });
    const isForEver =
      !term && leavesTrial && (m.end < Infinity || m.awaits !== '') && type !== 'TRIAL' && tier === 'FREE';
    if (!term && !isForEver) return become(newOverrides(record).move(target));
    const from = firstStart(term ?? {});
    const [end, length] = [endOf(term ?? {}, from), term?.kind === 'duration' ? lengthOf(term.duration) : NaN];
    if (term && billingRef !== undefined)
      put({ paid: { ...m.paid, [billingRef]: { terms: '', end, policy: target.policy.policyId } } });
    const done = all(become(newOverrides(record).move(target)), put({ length }), setTerm(m.now, end, m.now, from));
    if (term && billingRef !== undefined) accept();
    return first({ TERM_INVALID: term !== undefined && endOf(term, m.now) <= m.now }) ?? done;
  };
  /** Returns where the first paid term counts from; it may add the days of a trial that has not ended or not begun. */
  const firstStart = (term: object): number => {
    const keeps = m.policy.trialDays === 'KEEP' && m.policy.type === 'TRIAL' && 'duration' in term;
    if (!keeps) return m.now;
    return m.end < Infinity ? Math.max(m.end, m.now) : m.now + (m.awaits === '' ? 0 : m.span);
  };
  const convertTrial = ({ target, term, billingRef }: CommandOf<'ConvertTrial'>['data']): Verdict => {
    const paid = m.paid[billingRef ?? ''];
    // Each drawn policy differs, so no drawn conversion repeats another one.
    const guards = { INVALID_REQUEST: target.policy.type === 'TRIAL', BILLING_REF_REUSED: paid !== undefined };
    const from = firstStart(term);
    const end = endOf(term, from);
    const refused =
      first(guards) ?? first({ INVALID_REQUEST: m.policy.type !== 'TRIAL', TERM_INVALID: endOf(term, m.now) <= m.now });
    if (billingRef !== null && !refused)
      put({ paid: { ...m.paid, [billingRef]: { terms: '', end, policy: target.policy.policyId } } });
    overtake((plan) => plan.target !== undefined);
    const length = term.kind === 'duration' ? lengthOf(term.duration) : NaN;
    return (
      refused ??
      all(pay(), become(newOverrides(record).move(target)), put({ length }), setTerm(m.now, end, m.now, from))
    );
  };
  return { renew, changeExpiry, changeTier, convertTrial };
};
