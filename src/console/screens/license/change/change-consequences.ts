import type { AnswerOf } from '@license-ledger/client';
import { excessOf } from '../../../../domain/license/usage/usage-limits.ts';
import { plusSeconds } from '../../../../domain/time.ts';
import { dayOf, inZone } from '../../../parts/dates.ts';
import { texts } from '../../../texts/catalogue.ts';
import { type Counted, changeTexts } from '../../../texts/license-change-texts.ts';
import { limitText } from '../../../texts/license-texts.ts';
import type { License } from '../../../types.ts';

const names = changeTexts.preview;

type Answer = AnswerOf<'changeLicenseLimits'>;
type Previewed = { readonly before: License; readonly after: License; readonly ended: Answer['ended'] };

/** Returns what a change does, in sentences: the license before and after it, and what it ends. */
export const consequencesOfPreview = ({ before, after, ended }: Previewed): readonly string[] => {
  const sentences = [
    ...planOf(before, after),
    ...listsOf(before, after),
    ...countedParts.flatMap((of) => countOf(of, { before, after, ended })),
    ...metersOf(before, after),
    ...(before.term.expiresAt === after.term.expiresAt ? [] : [movedEnd(before.term.expiresAt, after.term.expiresAt)]),
    ...(before.maintenanceUntil === after.maintenanceUntil || after.maintenanceUntil === null
      ? []
      : [names.covers(inZone(after.maintenanceUntil))]),
  ];
  return sentences.length === 0 ? [names.nothing] : sentences;
};

const countedParts = ['activations', 'seats', 'users'] as const satisfies readonly Counted[];

const planOf = (before: License, after: License): readonly string[] => {
  const policyOf = ({ policy: { id, version } }: License) => texts.license.policyVersion(id, version);
  return [
    ...(before.tier === after.tier ? [] : [names.tier(texts.tier[before.tier], texts.tier[after.tier])]),
    ...(policyOf(before) === policyOf(after) ? [] : [names.policy(policyOf(before), policyOf(after))]),
    ...(before.effectiveStatus === after.effectiveStatus
      ? []
      : [names.status(texts.status[before.effectiveStatus], texts.status[after.effectiveStatus])]),
  ];
};

const listsOf = (before: License, after: License): readonly string[] => [
  ...differenceOf(names.products, before.products, after.products),
  ...differenceOf(names.entitlements, grantedOf(before), grantedOf(after)),
];

const grantedOf = ({ entitlements }: License): readonly string[] =>
  entitlements.filter(({ ended, withheld }) => !ended && !withheld).map(({ code }) => code);

const differenceOf = (what: string, before: readonly string[], after: readonly string[]): readonly string[] => {
  const gained = after.filter((code) => !before.includes(code));
  const lost = before.filter((code) => !after.includes(code));
  return [
    ...(gained.length === 0 ? [] : [names.gets(what, gained.join(', '))]),
    ...(lost.length === 0 ? [] : [names.loses(what, lost.join(', '))]),
  ];
};

const countOf = (of: Counted, { before, after, ended }: Previewed): readonly string[] => {
  const [was, is] = [before.limits[of], after.limits[of]];
  const ends = ended?.[of === 'seats' ? 'leases' : of].count ?? 0;
  const over = excessOf(after.usage[of], is);
  return [
    ...(was === is ? [] : [names.limit(texts.limits[of], limitText(was), limitText(is))]),
    ...(ends === 0 ? [] : [names.ends(ends, of)]),
    ...(over === 0 || was === is ? [] : [names.stays(over, of)]),
  ];
};

const metersOf = (before: License, after: License): readonly string[] => {
  const meters = [...new Set([...Object.keys(before.limits.meters), ...Object.keys(after.limits.meters)])];
  return meters.flatMap((meter) => {
    const [was, is] = [meterLimit(before, meter), meterLimit(after, meter)];
    const [used, use] = [before.usage.meters[meter] ?? 0, after.usage.meters[meter] ?? 0];
    const over = excessOf(use, is);
    return [
      ...(was === is ? [] : [names.limit(changeTexts.limits.meter(meter), limitText(was), limitText(is))]),
      ...(used === use ? [] : [names.meter(meter, used, use)]),
      ...(over === 0 || was === is ? [] : [names.meterStays(meter, over)]),
    ];
  });
};

/** Returns the limit of a meter, without its period. */
export const meterLimit = ({ limits }: Pick<License, 'limits'>, meter: string): number | 'unlimited' => {
  const limit = limits.meters[meter] ?? 0;
  return typeof limit === 'object' ? limit.limit : limit;
};

const endText = (at: string | null): string => (at === null ? names.never : inZone(at));

const movedEnd = (before: string | null, after: string | null): string =>
  after === null ? names.perpetual : names.termEnds(inZone(after), endText(before));

/** Returns what another end of the term does. `to` null: none. */
export const consequencesOfExpiry = (
  { term: { expiresAt }, maintenanceUntil, policy, scheduled }: License,
  to: string | null,
  now: string,
): readonly string[] => {
  if (to === expiresAt) return [names.nothing];
  const maintenance = expiresAt !== null && maintenanceUntil === expiresAt ? [names.maintenanceMoves] : [];
  if (to === null) {
    const withdraws = scheduled.some(({ kind }) => kind === 'RENEWAL');
    return [names.perpetual, ...(withdraws ? [names.withdrawsRenewals] : []), ...maintenance];
  }
  if (to <= now) return [names.past];
  const isSooner = expiresAt === null || to < expiresAt;
  return [
    names.termEnds(inZone(to), endText(expiresAt)),
    ...(isSooner ? [names.sooner] : []),
    afterEnd(policy, to),
    ...maintenance,
  ];
};

const afterEnd = ({ expiryGraceSeconds, expiryStrategy }: License['policy'], to: string): string => {
  if (expiryStrategy !== 'RESTRICT') return names.worksAfter;
  return expiryGraceSeconds === 0 ? names.stopsAfter : names.grace(dayOf(plusSeconds(to, expiryGraceSeconds)));
};

/** Returns what another end of the maintenance does. `to` null: none. */
export const consequencesOfMaintenance = (
  { maintenanceUntil }: Pick<License, 'maintenanceUntil'>,
  to: string | null,
): readonly string[] => {
  if (to === null) return [names.coversAll];
  return to === maintenanceUntil ? [names.nothing] : [names.covers(inZone(to))];
};

/** Returns what ends with a license that is revoked. Its users stay. */
export const consequencesOfRevocation = ({ usage }: Pick<License, 'usage'>): readonly string[] => {
  const used = (['activations', 'seats'] as const)
    .filter((of) => usage[of] > 0)
    .map((of) => changeTexts.counted(usage[of], of));
  return used.length === 0 ? [] : [names.revoked(used.join(', '))];
};

/** How the key of a license is replaced. */
export type Rotation = { readonly overlapSeconds: number; readonly cause: string };

/** Returns what a new key does to the present ones. A key that others may know always stops at once. */
export const consequencesOfRotation = (
  { keyOverlaps }: Pick<License, 'keyOverlaps'>,
  { overlapSeconds, cause }: Rotation,
  now: string,
): readonly string[] => {
  const isUnsafe = cause === 'LEAKED' || cause === 'LOST';
  if (overlapSeconds > 0 && !isUnsafe) return [names.keyWorks(inZone(plusSeconds(now, overlapSeconds)))];
  return isUnsafe && keyOverlaps.length > 0 ? [names.keyStops, names.overlapsEnd] : [names.keyStops];
};

/** An entitlement that a person grants or withholds. */
export type EntitlementDraft = { readonly code: string; readonly until: string | null; readonly isWithheld: boolean };

/** Returns what a granted or withheld entitlement does. */
export const consequencesOfGrant = (
  { entitlements }: Pick<License, 'entitlements'>,
  { code, until, isWithheld }: EntitlementDraft,
): readonly string[] => {
  if (code === '') return [];
  const end = until === null ? null : inZone(until);
  const ofPolicy = entitlements.some((state) => state.code === code && isOfPolicy(state));
  return [
    isWithheld ? names.withheld(code, end) : names.granted(code, end),
    ...(ofPolicy ? [names.replacesPolicy] : []),
  ];
};

/** Returns what follows when a grant or a withholding is taken back. */
export const consequencesOfTakingBack = (state: License['entitlements'][number]): readonly string[] => [
  isOfPolicy(state) ? names.backToPolicy : names.goneWith(state.code),
];

const isOfPolicy = ({ sources }: License['entitlements'][number]): boolean =>
  sources.some(({ source }) => source !== 'grant');
