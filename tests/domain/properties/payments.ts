import type { CommandOf } from '../../../src/domain/license/commands.ts';
import { lengthOf, ms } from './draw.ts';
import { all, endOf, first, type newRecord, type Verdict } from './record.ts';

type Renewal = CommandOf<'Renew'>['data'];

/** Returns the rules of renewals and conversions, which are payments. */
export const newPayments = (record: ReturnType<typeof newRecord>) => {
  const { m, put, groundsAt, accessEnd, drop, pay, overtake, become, setTerm } = record;
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
    const accept = () => {
      const grounds = groundsAt(m.now);
      const mayReinstate = m.policy.reinstateOnPayment && grounds.length > 0;
      if (mayReinstate && grounds.every((ground) => ground === 'PAYMENT')) drop('ground');
      pay();
    };
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
  const convertTrial = ({ target, term, billingRef }: CommandOf<'ConvertTrial'>['data']): Verdict => {
    const paid = m.paid[billingRef ?? ''];
    // Each drawn policy differs, so no drawn conversion repeats another one.
    const guards = { INVALID_REQUEST: target.policy.type === 'TRIAL', BILLING_REF_REUSED: paid !== undefined };
    const keeps = m.policy.trialDays === 'KEEP' && m.end < Infinity;
    const end = endOf(term, keeps ? Math.max(m.end, m.now) : m.now);
    const refused =
      first(guards) ?? first({ INVALID_REQUEST: m.policy.type !== 'TRIAL', TERM_INVALID: endOf(term, m.now) <= m.now });
    if (billingRef !== null && !refused)
      put({ paid: { ...m.paid, [billingRef]: { terms: '', end, policy: target.policy.policyId } } });
    overtake((plan) => plan.target !== undefined);
    const length = term.kind === 'duration' ? lengthOf(term.duration) : NaN;
    return refused ?? all(pay(), become(target), put({ length }), setTerm(m.now, end));
  };
  return { renew, convertTrial };
};
