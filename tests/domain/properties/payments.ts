import type { CommandOf } from '../../../src/domain/license/commands.ts';
import { ms } from './draw.ts';
import { newOverrides } from './overrides.ts';
import { all, endOf, first, type newRecord, type Verdict } from './record.ts';

/** Returns the rules of renewals and conversions, which are payments. */
export const newPayments = (record: ReturnType<typeof newRecord>) => {
  const { m, put, groundsAt, accessEnd, drop, pay, overtake, become, setTerm } = record;
  const renew = (data: CommandOf<'Renew'>['data']): Verdict => {
    const terms = 'duration' in data ? `${data.basis} ${data.duration}` : 'FIXED';
    const paid = m.paid[data.billingRef ?? ''];
    const isSameEnd = 'expiresAt' in data && paid?.end === ms(data.expiresAt) && paid.policy === '';
    if (paid) return isSameEnd || ('duration' in data && paid.terms === terms) ? 'nothing' : 'BILLING_REF_REUSED';
    const basis = 'basis' in data ? data.basis : 'FROM_NOW_IF_EXPIRED';
    const start = basis === 'FROM_EXPIRY' || (basis === 'FROM_NOW_IF_EXPIRED' && m.now < accessEnd()) ? m.end : m.now;
    const [end, run] = [endOf(data, start), start > m.end ? start : Math.min(m.run, start)];
    const isWrong = m.end === Infinity || ('duration' in data && end <= start);
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
    if (data.billingRef) put({ paid: { ...m.paid, [data.billingRef]: { terms, end, policy: '' } } });
    if (isPaid) accept();
    return setTerm(start, end, run);
  };
  const convertTrial = ({ target, term, billingRef }: CommandOf<'ConvertTrial'>['data']): Verdict => {
    const paid = m.paid[billingRef ?? ''];
    // Each drawn policy differs, so no drawn conversion repeats another one.
    const guards = { INVALID_REQUEST: target.policy.type === 'TRIAL', BILLING_REF_REUSED: paid !== undefined };
    const keeps = m.policy.trialDays === 'KEEP' && m.end < Infinity && term.kind === 'duration';
    const from = keeps ? Math.max(m.end, m.now) : m.now;
    const end = endOf(term, from);
    const refused =
      first(guards) ?? first({ INVALID_REQUEST: m.policy.type !== 'TRIAL', TERM_INVALID: endOf(term, m.now) <= m.now });
    if (billingRef !== null && !refused)
      put({ paid: { ...m.paid, [billingRef]: { terms: '', end, policy: target.policy.policyId } } });
    overtake((plan) => plan.target !== undefined);
    return refused ?? all(pay(), become(newOverrides(record).move(target)), setTerm(m.now, end, m.now, from));
  };
  return { renew, convertTrial };
};
