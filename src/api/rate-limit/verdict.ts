import type { Limit } from '../../rate-limits.ts';
import { type Problem, problem } from '../problems/problems.ts';

/** One limit as it stands after a request: what remains of its quota, and in how many seconds there is more. */
export type Standing = { readonly limit: Limit; readonly remaining: number; readonly resetSeconds: number };

/** Whether a request is within its limits, and where each stands. `refusedBy`: those that it is beyond; none allows it. */
export type Verdict = { readonly standings: readonly Standing[]; readonly refusedBy: readonly Standing[] };

/** Of a request that nothing limits. */
export const unlimited: Verdict = { standings: [], refusedBy: [] };

/** All limits that one request counted against. */
export const together = (verdicts: readonly Verdict[]): Verdict => ({
  standings: verdicts.flatMap(({ standings }) => standings),
  refusedBy: verdicts.flatMap(({ refusedBy }) => refusedBy),
});

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), one item for each limit; nothing for none. */
export const rateLimitHeaders = ({ standings }: Verdict): Readonly<Record<string, string>> => {
  if (standings.length === 0) return {};
  let [policy, state] = ['', ''];
  for (const { limit, remaining, resetSeconds } of standings) {
    if (policy !== '') [policy, state] = [`${policy}, `, `${state}, `];
    policy += `"${limit.name}";q=${limit.quota};w=${limit.seconds}`;
    state += `"${limit.name}";r=${remaining};t=${resetSeconds}`;
  }
  return { 'RateLimit-Policy': policy, RateLimit: state };
};

/** The refusal of a request that is beyond its limits, with `Retry-After`; null for one that is not. */
export const refusalOf = (verdict: Verdict): Problem | null => {
  const [last] = verdict.refusedBy.toSorted((a, b) => b.resetSeconds - a.resetSeconds);
  if (last === undefined) return null;
  const { limit, resetSeconds } = last;
  const quota = `${limit.quota} in ${limit.seconds} seconds`;
  return {
    ...problem('RATE_LIMITED', `The limit ${limit.name} of ${quota} is used up. Try again in ${resetSeconds} seconds.`),
    headers: { 'Retry-After': String(resetSeconds) },
  };
};
