import type { Limit } from '../../rate-limits.ts';
import { type Problem, problem } from '../problems/problems.ts';

/** The state of one limit after a request: what is left of its quota, and the seconds until it grows again. */
export type LimitState = { readonly limit: Limit; readonly remaining: number; readonly resetSeconds: number };

/**
 * Says whether a request is within its limits, with the state of each. `refusedBy` names the exceeded limits. It is
 * empty for an allowed request.
 */
export type Verdict = { readonly standings: readonly LimitState[]; readonly refusedBy: readonly LimitState[] };

/** The verdict on a request without limits. */
export const unlimited: Verdict = { standings: [], refusedBy: [] };

/** Merges the verdicts on one request. */
export const together = (verdicts: readonly Verdict[]): Verdict => ({
  standings: verdicts.flatMap(({ standings }) => standings),
  refusedBy: verdicts.flatMap(({ refusedBy }) => refusedBy),
});

/**
 * Returns `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), with one item for each limit.
 * Returns no headers when there is no limit.
 */
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

/**
 * Returns the refusal of a request that exceeds its limits, with `Retry-After` unless its units exceed the whole quota.
 * Returns null for an allowed request.
 */
export const refusalOf = (verdict: Verdict, units = 1): Problem | null => {
  const [last] = verdict.refusedBy.toSorted((a, b) => b.resetSeconds - a.resetSeconds);
  if (last === undefined) return null;
  const { limit, resetSeconds } = last;
  const quota = `${limit.quota} in ${limit.seconds} seconds`;
  if (units > limit.quota) {
    const detail = `The request has ${units} records, and the limit ${limit.name} allows ${quota}. Send at most ${limit.quota} records in a request, or ask the operator of the server to raise ${limit.name} in RATE_LIMITS.`;
    return problem('RATE_LIMITED', detail);
  }
  return {
    ...problem('RATE_LIMITED', `The limit ${limit.name} of ${quota} is used up. Try again in ${resetSeconds} seconds.`),
    headers: { 'Retry-After': String(resetSeconds) },
  };
};
