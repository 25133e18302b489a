import { addDuration } from '../../../domain/calendar.ts';
import { parseDuration } from '../../../domain/time.ts';
import { dayOf, inZone } from '../../parts/dates.ts';
import { durationText, secondsText } from '../../parts/durations.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { Policy } from '../../types.ts';
import { choiceText, entitlementText, limitText, meterText } from '../catalog/policy-values.ts';
import type { IssueBody } from './issue-form.ts';
import { mergedMeter } from './limit-texts.ts';

/** A line of the preview: what the license will have, and whether the form changes it from the policy. */
export type PreviewLine = { readonly name: string; readonly value: string; readonly isChanged: boolean };

/** The instant of the issue, and the zone of the issuer, in which lengths are counted. */
export type IssueMoment = { readonly at: string; readonly timeZone: string };

type Term = Pick<PreviewTerm, 'starts' | 'ends'>;
type PreviewTerm = { readonly starts: string; readonly ends: string; readonly isChanged: boolean };
type Line = (name: string, value: string, isChanged: boolean) => PreviewLine;

const line: Line = (name, value, isChanged) => ({ name, value, isChanged });

/**
 * Returns what a license of a policy will have with this body, line by line. `holderName`: the name of its customer; null:
 * not known.
 */
export const previewOf = (
  policy: Policy,
  body: IssueBody,
  moment: IssueMoment,
  holderName: string | null = null,
): readonly PreviewLine[] => {
  const names = policyTexts.fields;
  const { preview } = issueTexts;
  const products = body.products ?? policy.products;
  const { starts, ends, isChanged } = termOf(policy, body, moment);
  return [
    line(names.tier, policyTexts.values.tier[policy.tier], false),
    line(names.products, products.join(', ') || policyTexts.none, body.products !== undefined),
    line(preview.starts, starts, isStartChanged(body)),
    line(preview.ends, ends, isChanged),
    ...limitLines(policy, body),
    ...entitlementLines(policy, body),
    line(names.expiryGraceSeconds, graceText(policy.expiryGraceSeconds), false),
    line(names.offlineGraceSeconds, graceText(policy.offlineGraceSeconds), false),
    line(names.expiryStrategy, choiceText('expiryStrategy', policy.expiryStrategy), false),
    ...(body.maintenanceUntil === undefined
      ? []
      : [line(names.maintenance, policyTexts.until(dayOf(body.maintenanceUntil)), true)]),
    ...(body.externalRef === undefined ? [] : [line(preview.reference, body.externalRef ?? '', true)]),
    ...(body.holderOrganizationId === undefined
      ? []
      : [line(preview.holder, holderName ?? body.holderOrganizationId ?? '', true)]),
    ...(body.metadata === undefined ? [] : [line(preview.metadata, Object.keys(body.metadata).join(', '), true)]),
  ];
};

const isStartChanged = ({ term }: IssueBody): boolean =>
  term !== undefined && (term.startsAt !== undefined || (term.basis ?? 'ISSUE') !== 'ISSUE');

const graceText = (seconds: number): string => (seconds === 0 ? policyTexts.none : secondsText(seconds));

const termOf = (policy: Policy, { term }: IssueBody, moment: IssueMoment): PreviewTerm => {
  const { preview } = issueTexts;
  if (term === undefined) return { ...policyTerm(policy.term, moment), isChanged: false };
  const starts = term.startsAt === undefined ? preview.atOnce : inZone(term.startsAt);
  if (term.perpetual === true) return { starts, ends: preview.never, isChanged: true };
  if (term.expiresAt !== undefined) return { starts, ends: inZone(term.expiresAt), isChanged: true };
  const { duration = '', basis = 'ISSUE' } = term;
  const counted = durationTerm({ duration, basis }, { ...moment, at: term.startsAt ?? moment.at });
  return { ...counted, ...(basis === 'ISSUE' ? { starts } : {}), isChanged: true };
};

const policyTerm = (term: Policy['term'], moment: IssueMoment): Term => {
  const { preview } = issueTexts;
  if (term.basis === 'PERPETUAL') return { starts: preview.atOnce, ends: preview.never };
  if (term.basis === 'FIXED') return { starts: preview.atOnce, ends: inZone(term.expiresAt) };
  return durationTerm(term, moment);
};

type Length = { readonly duration: string; readonly basis: 'ISSUE' | 'FIRST_ACTIVATION' | 'FIRST_VALIDATION' };

const durationTerm = ({ duration, basis }: Length, { at, timeZone }: IssueMoment): Term => {
  const { preview } = issueTexts;
  const words = preview.afterFirst(durationText(duration), policyTexts.values.basis[basis]);
  if (basis !== 'ISSUE') return { starts: policyTexts.values.basis[basis], ends: words };
  const length = parseDuration(duration);
  const end = length === null ? null : addDuration(at, length, undefined, timeZone);
  return { starts: preview.atOnce, ends: end === null ? words : inZone(end) };
};

const limitLines = (policy: Policy, { limits = {} }: IssueBody): readonly PreviewLine[] => {
  const names = policyTexts.fields;
  const counts = (
    [
      ['activations', names.activations],
      ['seats', names.leases],
      ['users', names.users],
    ] as const
  ).map(([key, name]) => line(name, limitText(limits[key] ?? policy.limits[key]), limits[key] !== undefined));
  const own = Object.entries(limits.meters ?? {}).map(
    ([name, meter]) => [name, mergedMeter(name, meter, policy)] as const,
  );
  const meters: Policy['limits']['meters'] = { ...policy.limits.meters, ...Object.fromEntries(own) };
  return [
    ...counts,
    ...Object.entries(meters).map(([name, meter]) =>
      line(names.meter(name), meterText(meter), Object.hasOwn(limits.meters ?? {}, name)),
    ),
  ];
};

const entitlementLines = (policy: Policy, { entitlements = [] }: IssueBody): readonly PreviewLine[] => {
  const name = policyTexts.fields.entitlement;
  const decided = new Set(entitlements.map(({ code }) => code));
  return [
    ...policy.entitlements
      .filter(({ code }) => !decided.has(code))
      .map((entitlement) => line(name(entitlement.code), entitlementText(entitlement), false)),
    ...entitlements.map((grant) =>
      line(
        name(grant.code),
        grant.withheld === true ? withheldText(grant.until ?? null) : entitlementText(grant),
        true,
      ),
    ),
  ];
};

const withheldText = (until: string | null): string => {
  const { withheld } = issueTexts.preview;
  return until === null ? withheld : `${withheld} ${policyTexts.until(dayOf(until))}`;
};
