import { reject } from '../../decider.ts';
import { type Instant, isInstant } from '../../time.ts';
import { isTimeZone } from '../../time-zone.ts';
import type { CommandOf, LicenseDecision } from '../commands.ts';
import { entitlementsMax } from '../grants/entitlement.ts';
import type { License } from '../license.ts';
import { metersMax, metersOf } from '../overrides/meters-max.ts';
import { isNothing } from '../overrides/overrides.ts';
import { maintenanceOfTerm } from '../term/maintenance.ts';
import { offered } from '../transfer/license-offer.ts';
import { refuseLimits } from '../usage/usage-limits.ts';
import type { Origination } from './issue-commands.ts';
import type { IssuedTerm, Origin } from './issue-events.ts';
import { issuedTerm } from './issued-term.ts';

/**
 * Issues the license and its first key. Changes nothing for an issued license: the id comes from the command, so a
 * stream with a license has this one.
 */
export const issue = ({ data, at }: CommandOf<'IssueLicense'>, license: License): LicenseDecision => {
  if (license.kind === 'issued') return [];
  const origin = originOf(data, at, { mayHaveEnded: false });
  return 'rejected' in origin
    ? origin
    : [{ type: 'LicenseIssued', data: origin }, firstKey(data), ...firstOffer(data, at)];
};

/** Imports a license from another system as that system describes it. Its term may have ended already. */
export const importLicense = ({ data, at }: CommandOf<'ImportLicense'>, license: License): LicenseDecision => {
  if (license.kind === 'issued') return [];
  const { source, sourceRef, historyFrom } = data;
  if (!isInstant(historyFrom) || historyFrom > at)
    return reject(
      'INVALID_REQUEST',
      `The history of an imported license must begin in the past, not at ${historyFrom}.`,
    );
  const origin = originOf(data, at, { mayHaveEnded: true });
  if ('rejected' in origin) return origin;
  const imported = { type: 'LicenseImported', data: { ...origin, source, sourceRef, historyFrom } } as const;
  return [imported, firstKey(data), ...firstOffer(data, at)];
};

const originOf = (data: Origination, at: Instant, { mayHaveEnded }: { readonly mayHaveEnded: boolean }) => {
  const timeZone = data.timeZone ?? 'UTC';
  if (!isTimeZone(timeZone)) return reject('TERM_INVALID', `${JSON.stringify(timeZone)} is not a time zone.`);
  const term = issuedTerm(data.term, at, { timeZone, mayHaveEnded });
  if ('rejected' in term) return term;
  const refusal = refuseLimits(data.limits);
  if (refusal !== null) return refusal;
  const meters = metersOf(data);
  if (meters > metersMax)
    return reject('INVALID_REQUEST', `A license has at most ${metersMax} meters, not ${meters}.`, 'limits', 'meters');
  if (data.entitlements.length > entitlementsMax.ofLicense)
    return reject(
      'INVALID_REQUEST',
      `A license has at most ${entitlementsMax.ofLicense} entitlements, not ${data.entitlements.length}.`,
      'entitlements',
    );

  const { licenseId, issuerOrgId, holderOrgId, policy, products, limits, entitlements, externalRef } = data;
  const origin: Origin = {
    licenseId,
    issuerOrgId,
    holderOrgId,
    ownerUserRef: null,
    policy,
    products,
    term,
    limits,
    entitlements,
    externalRef,
    ...firstMaintenance(data, term),
    ...(data.replaces === undefined ? {} : { replaces: data.replaces }),
    ...(data.afterTrial === undefined ? {} : { afterTrial: data.afterTrial }),
    ...(data.overrides === undefined || isNothing(data.overrides) ? {} : { overrides: data.overrides }),
  };
  return origin;
};

// What the caller names wins over the policy.
const firstMaintenance = ({ policy, maintenanceUntil }: Origination, { startsAt, expiresAt, timeZone }: IssuedTerm) => {
  if (maintenanceUntil !== undefined) return { maintenanceUntil };
  if (startsAt === null) return {};
  const facts = { policy, timeZone, maintenanceUntil: null, maintenanceSoldForEver: false };
  const { maintenanceUntil: until = null } = maintenanceOfTerm(facts, { startsAt, expiresAt });
  return until === null ? {} : { maintenanceUntil: until, maintenanceFromPolicy: true as const };
};

const firstKey = ({ key: { keyHash, secretId, hint } }: Origination) =>
  ({ type: 'LicenseKeyIssued', data: { keyVersion: 1, keyHash, secretId, hint } }) as const;

const firstOffer = ({ offerTo }: Origination, at: Instant) =>
  offerTo === undefined ? [] : [offered(offerTo, { expiry: 'KEEP', activations: 'KEEP' }, at)];
