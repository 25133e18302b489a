import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { lengthOf } from './draw.ts';

/** `maintained`: the end of the maintenance, or `Infinity` without one. `sold`: the issuer named it, not a policy. */
type Maintained = { readonly policy: PinnedPolicy; readonly maintained: number; readonly sold: boolean };

const byPolicy = (maintained: number) => ({ maintained, sold: false });
const isForEver = ({ maintained, sold }: Maintained) => sold && maintained === Infinity;

/** Returns the maintenance once a term has begun. */
export const maintainedBy = (m: Maintained, from: number, end: number) => {
  const { policy, maintained } = m;
  if (policy.maintenance === undefined || isForEver(m)) return {};
  const brought = policy.maintenance === 'TERM' ? end : from + lengthOf(policy.maintenance);
  return (maintained === Infinity || brought > maintained) && byPolicy(brought);
};

/** Returns the maintenance once the end of the term has moved. One with an end stays the issuer's or the policy's. */
export const maintainedAfterMove = (m: Maintained, end: number, to: number) =>
  m.policy.maintenance === 'TERM' &&
  !isForEver(m) &&
  m.maintained === end && { maintained: to, sold: m.sold && m.maintained < Infinity && to < Infinity };

/** Returns the maintenance under another policy: without a rule for it, only what was sold stays. */
export const maintainedUnder = ({ maintenance }: PinnedPolicy, { sold }: Maintained) =>
  maintenance === undefined && !sold && byPolicy(Infinity);
