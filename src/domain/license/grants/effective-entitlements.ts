import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import { type Entitlement, isEnded } from './entitlement.ts';

// A license has at most one effective entitlement of a code. The grant of the license decides before its policy, so that
// a vendor can widen, narrow and withhold what the policy says. An ended entitlement decides nothing.

/**
 * What a license grants of a code: the value, limit and end of the source that decides, and what each source grants of it
 * now, the source that decides first.
 */
export type EffectiveEntitlement = Granted & { readonly code: string; readonly sources: readonly Granted[] };

type Granted = Pick<Entitlement, 'value' | 'limit' | 'until' | 'source'>;

/**
 * What the sources of a license say about a code, the source that decides first. The license grants the code when it is
 * neither `ended` nor `withheld`.
 */
export type EntitlementState = Stated & { readonly code: string; readonly sources: readonly Stated[] };

type Stated = Granted & { readonly ended: boolean; readonly withheld: boolean };

type Entitled = Pick<LicenseFacts, 'entitlements'>;

/** Returns what a license grants at `at`, one entitlement for each code. */
export const effectiveEntitlements = ({ entitlements }: Entitled, at: Instant): readonly EffectiveEntitlement[] => {
  if (entitlements.length === 0) return nothing;
  const effective: EffectiveEntitlement[] = [];
  for (const [code, all] of byCode(entitlements)) {
    const running = all.filter((entitlement) => !isEnded(entitlement, at));
    const [first] = running;
    if (first === undefined || first.withheld === true) continue;
    effective.push({ code, ...granted(first), sources: running.map(granted) });
  }
  return effective;
};

/** Returns what a license grants of a code at `at`; null: nothing. */
export const effectiveEntitlement = (license: Entitled, code: string, at: Instant): EffectiveEntitlement | null =>
  effectiveEntitlements(license, at).find((effective) => effective.code === code) ?? null;

/** Returns what a license says at `at` about each code, also about a withheld one, and one that has ended. */
export const entitlementStates = ({ entitlements }: Entitled, at: Instant): readonly EntitlementState[] =>
  [...byCode(entitlements)].map(([code, all]) => {
    const sources = all
      .map((entitlement) => stated(entitlement, at))
      .toSorted((a, b) => Number(a.ended) - Number(b.ended));
    // Of ended ones, one that granted the code says more than one that withheld it.
    const first = sources.find(({ ended, withheld }) => !(ended && withheld)) ?? sources[0];
    if (first === undefined) throw new Error(`Every code has an entitlement, but ${code} has none.`);
    return { code, ...first, sources };
  });

/**
 * Returns the instants, in no order, at which the clock alone changes what a license grants: ends of sources that can be
 * seen then. What a withheld code would have been granted ends unseen.
 */
export const entitlementChanges = ({ entitlements }: Entitled): readonly Instant[] =>
  entitlements.flatMap((entitlement) =>
    entitlement.until !== null && isEndSeen(entitlement, entitlement.until, entitlements) ? [entitlement.until] : [],
  );

const isEndSeen = (ending: Entitlement, until: Instant, all: readonly Entitlement[]): boolean => {
  const withholds = ending.withheld === true;
  for (const other of all) {
    if (other === ending || other.code !== ending.code) continue;
    const isLonger = other.until === null || other.until > until;
    if (withholds && isLonger) return true;
    if (other.withheld === true && (isLonger || other.until === until)) return false;
  }
  return !withholds;
};

/** The entitlements of each code, in the order in which their sources decide. */
const byCode = (entitlements: readonly Entitlement[]): ReadonlyMap<string, readonly Entitlement[]> => {
  const codes = new Map<string, Entitlement[]>();
  for (const entitlement of entitlements) {
    const all = codes.get(entitlement.code);
    if (all === undefined) codes.set(entitlement.code, [entitlement]);
    else all.push(entitlement);
  }
  for (const all of codes.values()) if (all.length > 1) all.sort((a, b) => rank[a.source] - rank[b.source]);
  return codes;
};

const rank: Readonly<Record<Entitlement['source'], number>> = { grant: 0, trial: 1, tier: 2, product: 3 };

const granted = ({ source, value, limit, until }: Entitlement): Granted => ({ value, limit, until, source });

const stated = (entitlement: Entitlement, at: Instant): Stated => ({
  ...granted(entitlement),
  ended: isEnded(entitlement, at),
  withheld: entitlement.withheld === true,
});

const nothing: readonly EffectiveEntitlement[] = [];
