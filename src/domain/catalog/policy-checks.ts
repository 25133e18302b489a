import { type Place, type Rejection, reject } from '../decider.ts';
import { notUnseenDays, unseenSecondsOf } from '../license/devices/unseen-rule.ts';
import { entitlementPattern, entitlementsMax } from '../license/grants/entitlement.ts';
import { metersMax } from '../license/overrides/meters-max.ts';
import { isLimit, notLimit, type Overage } from '../license/usage/usage-limits.ts';
import { compareVersions, isVersion } from '../license/validation/app-versions.ts';
import { isName, nameRule } from '../names.ts';
import { isInstant, notDuration, parseDuration } from '../time.ts';
import type { CatalogRejection, PolicyContent } from './commands.ts';
import type { PolicyVersion } from './events.ts';

type Refused = Rejection<CatalogRejection>;

/** Refuses an invalid policy. The refusal names the place of the first mistake. */
export const refuseContent = (content: PolicyContent): Refused | null =>
  isName(content.name)
    ? (refuseNumbers(content) ??
      refuseMeters(content) ??
      refuseTerm(content) ??
      refuseOverages(content) ??
      refuseVersions(content) ??
      refuseUnseen(content) ??
      refuseEntitlements(content))
    : reject('INVALID_REQUEST', nameRule('a policy'), 'name');

/** Returns true when two versions have the same content, whatever the order of their fields. */
export const isSameContent = (one: PolicyVersion, other: PolicyVersion): boolean =>
  JSON.stringify(leavesOf(one)) === JSON.stringify(leavesOf(other));

/** The most seconds of a duration in a policy: 100 years. */
export const secondsMax = 100 * 366 * 86_400;

// Every number of a policy is a limit, a count, a percentage or a number of seconds: a whole number, 0 or more. A limit
// can also be unlimited.
const refuseNumbers = (content: PolicyContent): Refused | null => {
  for (const [path, value] of leavesOf(content)) {
    const name = path.join('.');
    if (path[0] === 'limits') {
      if (isLimit(value)) continue;
      return reject('LIMIT_INVALID', notLimit(name, value), ...path);
    }
    if (typeof value !== 'number') continue;
    const isSeconds = path.at(-1)?.endsWith('Seconds') === true;
    if (Number.isSafeInteger(value) && value >= 0 && !(isSeconds && value > secondsMax)) continue;
    return isSeconds
      ? reject('TERM_INVALID', `${name} must be a whole number of seconds, from 0 to 100 years, not ${value}.`, ...path)
      : reject('LIMIT_INVALID', `${name} must be a whole number, 0 or more, not ${value}.`, ...path);
  }
  return null;
};

const refuseMeters = ({ limits }: PolicyContent): Refused | null => {
  const meters = Object.keys(limits.meters).length;
  return meters > metersMax
    ? reject('INVALID_REQUEST', `A policy has at most ${metersMax} meters, not ${meters}.`, 'limits', 'meters')
    : null;
};

const refuseTerm = ({ term, rules }: PolicyContent): Refused | null => {
  for (const [text, ...place] of durationsOf({ term, rules }))
    if (parseDuration(text) === null) {
      const rule = place.at(-1) === 'maintenance' ? 'is neither TERM nor a duration like P1Y' : undefined;
      return reject('TERM_INVALID', notDuration(text, rule), ...place);
    }
  if (term.basis === 'FIXED' && !isInstant(term.expiresAt))
    return reject('TERM_INVALID', notInstant(term.expiresAt), 'term', 'expiresAt');
  if (rules.type === 'TRIAL' && term.basis === 'PERPETUAL')
    return reject('TERM_INVALID', 'A trial must have an end.', 'term');
  const tooShort = 'A lease and the time between two heartbeats must last at least a second.';
  if (rules.lease.ttlSeconds === 0) return reject('TERM_INVALID', tooShort, 'rules', 'lease', 'ttlSeconds');
  if (rules.heartbeatSeconds === 0) return reject('TERM_INVALID', tooShort, 'rules', 'heartbeatSeconds');
  return null;
};

const refuseOverages = ({ rules: { overage, meterRules = {} } }: PolicyContent): Refused | null => {
  const refusal = refuseOverage(overage, ['rules', 'overage', 'percent']);
  if (refusal !== null) return refusal;
  for (const [meter, { overage: own }] of Object.entries(meterRules)) {
    const ofMeter = own === undefined ? null : refuseOverage(own, ['limits', 'meters', meter, 'overage', 'percent']);
    if (ofMeter !== null) return ofMeter;
  }
  return null;
};

const refuseOverage = (overage: Overage, place: Place): Refused | null =>
  overage.kind === 'RATIO' && overage.percent < 100
    ? reject('LIMIT_INVALID', `An overage of ${overage.percent} percent would be below the limit itself.`, ...place)
    : null;

// An invalid version would cover no version at all.
const refuseVersions = ({ rules: { versions } }: PolicyContent): Refused | null => {
  const { from = null, below = null } = versions ?? {};
  for (const [name, version] of Object.entries({ from, below })) {
    if (version === null || isVersion(version)) continue;
    const detail = `${JSON.stringify(version)} is not a version of SemVer like 2.1.0 or 3.0.0-beta.1.`;
    return reject('INVALID_REQUEST', detail, 'rules', 'versions', name);
  }
  return from !== null && below !== null && !(compareVersions(from, below) < 0)
    ? reject('INVALID_REQUEST', `No version is from ${from} on and before ${below}.`, 'rules', 'versions')
    : null;
};

const refuseUnseen = ({ rules }: PolicyContent): Refused | null => {
  const { deactivateUnseenAfter: text } = rules;
  if (text === undefined || unseenSecondsOf(rules) !== null) return null;
  return reject('TERM_INVALID', notUnseenDays(text), 'rules', 'deactivateUnseenAfter');
};

const refuseEntitlements = ({ entitlements }: PolicyContent): Refused | null => {
  const max = entitlementsMax.ofPolicy;
  if (entitlements.length > max)
    return reject(
      'INVALID_REQUEST',
      `A policy has at most ${max} entitlements, not ${entitlements.length}.`,
      'entitlements',
    );
  const codes = entitlements.map(({ code }) => code);
  for (const [index, { code, until }] of entitlements.entries()) {
    if (!entitlementPattern.test(code)) {
      const detail = `${JSON.stringify(code)} is not an entitlement’s code: up to 64 of A–Z, a–z, 0–9 and _ . - :, the first one a letter.`;
      return reject('INVALID_REQUEST', detail, 'entitlements', index, 'code');
    }
    if (codes.indexOf(code) !== index)
      return reject('INVALID_REQUEST', `The entitlement ${code} is named twice.`, 'entitlements', index, 'code');
    if (until !== null && !isInstant(until))
      return reject('TERM_INVALID', notInstant(until), 'entitlements', index, 'until');
  }
  return null;
};

const notInstant = (text: string): string => `${text} is not an instant like 2026-01-31T00:00:00.000Z.`;

/** Returns every duration with its place. */
const durationsOf = ({ term, rules }: Pick<PolicyContent, 'term' | 'rules'>) => [
  ...('duration' in term ? [[term.duration, 'term', 'duration'] as const] : []),
  ...(rules.renewalDuration === undefined ? [] : [[rules.renewalDuration, 'rules', 'renewalDuration'] as const]),
  ...(rules.maintenance === undefined || rules.maintenance === 'TERM'
    ? []
    : [[rules.maintenance, 'rules', 'maintenance'] as const]),
  ...rules.remindBefore.map((text, index) => [text, 'rules', 'remindBefore', index] as const),
];

/** Returns every value that is not an object or array, with its path, in the order of the paths. */
const leavesOf = (value: unknown, path: readonly string[] = []): readonly (readonly [readonly string[], unknown])[] =>
  typeof value !== 'object' || value === null
    ? [[path, value]]
    : Object.entries(value)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([name, inner]) => leavesOf(inner, [...path, name]));
