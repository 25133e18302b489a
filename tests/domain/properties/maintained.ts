import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { lengthOf } from './draw.ts';

type Maintained = { readonly policy: PinnedPolicy; readonly maintained: number; readonly soldForEver: boolean };

/** Returns the end of the maintenance once a term has begun; `Infinity`: it has none of its own. */
export const maintainedBy = ({ policy, maintained, soldForEver }: Maintained, from: number, end: number) => {
  if (policy.maintenance === undefined || soldForEver) return {};
  const brought = policy.maintenance === 'TERM' ? end : from + lengthOf(policy.maintenance);
  return { maintained: maintained === Infinity ? brought : Math.max(maintained, brought) };
};

/** Returns the end of the maintenance once the end of the term has moved. */
export const maintainedAfterMove = ({ policy, maintained, soldForEver }: Maintained, end: number, to: number) =>
  policy.maintenance === 'TERM' && !soldForEver && maintained === end && { maintained: to };
