import { type EventIds, type Rejection, reject } from '../../decider.ts';
import { type Instant, isInstant, secondsBetween } from '../../time.ts';
import { isTimeZone } from '../../time-zone.ts';
import type { CommandOf, LicenseDecision, LicenseRejection } from '../commands.ts';
import { draftOf } from '../draft.ts';
import { endsOf } from '../endings/ending-counts.ts';
import type { IssuedLicense, License, LicenseFacts } from '../license.ts';
import { scheduleFault } from '../scheduled/decide-scheduled.ts';
import { isSuspended, suspensionAt } from '../status.ts';
import { issuedTerm } from '../term/decide-renewal.ts';
import { refuseLimits } from '../usage/usage-limits.ts';
import type { Origination } from './issue-commands.ts';
import type { Origin } from './issue-events.ts';

/** Issues the license and its first key. A stream that holds a license already has this one: ids are made of the command. */
export const issue = ({ data, at }: CommandOf<'IssueLicense'>, license: License): LicenseDecision => {
  if (license.kind === 'issued') return [];
  const origin = originOf(data, at, false);
  return 'rejected' in origin ? origin : [{ type: 'LicenseIssued', data: origin }, firstKey(data)];
};

/** Takes over a license from elsewhere, as it is said to be there: its term may be over already. */
export const importLicense = ({ data, at }: CommandOf<'ImportLicense'>, license: License): LicenseDecision => {
  if (license.kind === 'issued') return [];
  const { source, sourceRef, historyFrom } = data;
  if (!isInstant(historyFrom) || historyFrom > at)
    return reject('INVALID_REQUEST', 'The history of an imported license must begin at an instant that has come.');
  const origin = originOf(data, at, true);
  if ('rejected' in origin) return origin;
  return [{ type: 'LicenseImported', data: { ...origin, source, sourceRef, historyFrom } }, firstKey(data)];
};

/**
 * Suspends from now on, or from a later instant that is announced now, keeping activations. While suspended: another
 * reason, or a later end of the same one, is added as a further ground; anything that the suspension covers already changes
 * nothing.
 */
export const suspend = (
  { data, at }: CommandOf<'Suspend'>,
  license: IssuedLicense,
  eventIds: EventIds,
): LicenseDecision => {
  const { reasonCode, until, scheduled } = data;
  const from = scheduled?.effectiveAt ?? at;
  const fault = scheduleFault(scheduled, at);
  if (fault !== null) return fault;
  if (until !== null && !(isInstant(until) && until > from))
    return reject('TERM_INVALID', `A suspension must end after it begins, in the future; ${until} does not.`);
  if (isCovered(license, data, from)) return [];
  if (scheduled !== undefined)
    return [
      {
        type: 'LicenseSuspended',
        data: { reasonCode, until, eventId: eventIds(0) },
        effectiveAt: scheduled.effectiveAt,
      },
    ];
  if (!isSuspended(license.facts, at)) return [{ type: 'LicenseSuspended', data: { reasonCode, until } }];
  return [{ type: 'SuspensionReasonAdded', data: { reasonCode, until } }];
};

/** Ends the suspension with all its grounds. The license is then whatever its term says, which may be EXPIRED. */
export const reinstate = ({ at }: CommandOf<'Reinstate'>, { facts }: IssuedLicense): LicenseDecision => {
  const suspension = suspensionAt(facts, at);
  if (suspension === null) return [];
  const { since } = suspension;
  return [
    { type: 'LicenseReinstated', data: { suspendedSince: since, suspendedForSeconds: secondsBetween(since, at) } },
  ];
};

/**
 * Ends the license for ever, and every open activation and lease with it; each is announced afterwards by an event of
 * its own.
 */
export const revoke = ({ data, at }: CommandOf<'Revoke'>, license: IssuedLicense): LicenseDecision => {
  const draft = draftOf(license, at);
  const open = { activations: license.activations.size, leases: license.leases.size, users: 0 };
  const { reasonCode } = data;
  draft.add({ type: 'LicenseRevoked', data: { reasonCode, ...endsOf(license, 'ALL', open, at) } });
  return draft.decided();
};

/** Changes what the issuer calls the license by in its own books; null: nothing. */
export const changeReference = (
  { data: { to } }: CommandOf<'ChangeReference'>,
  { facts: { externalRef: from } }: IssuedLicense,
): LicenseDecision => (from === to ? [] : [{ type: 'LicenseReferenceChanged', data: { from, to } }]);

/** Refuses to issue the license `by` in place of one that is not revoked, or that another license has replaced. */
export const refuseReplacement = (
  { revokedAt, replacedBy }: Pick<LicenseFacts, 'revokedAt' | 'replacedBy'>,
  by: string,
): Rejection<'INVALID_REQUEST'> | null => {
  if (revokedAt === null) return reject('INVALID_REQUEST', 'This license is not revoked; there is nothing to replace.');
  if (replacedBy === null || replacedBy === by) return null;
  return reject('INVALID_REQUEST', `It was replaced by ${replacedBy} already.`);
};

/** Notes, once, which license was issued in place of this revoked one. */
export const recordReplacement = (
  { data }: CommandOf<'RecordReplacement'>,
  { facts }: IssuedLicense,
): LicenseDecision => {
  const refusal = refuseReplacement(facts, data.by);
  if (refusal !== null) return refusal;
  if (facts.replacedBy === data.by) return [];
  return [{ type: 'ReplacementIssued', data: { by: data.by } }];
};

const originOf = (data: Origination, at: Instant, mayBeOver: boolean): Origin | Refused => {
  const timeZone = data.timeZone ?? 'UTC';
  if (!isTimeZone(timeZone)) return refuse('TERM_INVALID', `${JSON.stringify(timeZone)} is not a time zone.`);
  const term = issuedTerm(data.term, at, timeZone, mayBeOver);
  if ('rejected' in term) return term;
  const refusal = refuseLimits(data.limits);
  if (refusal !== null) return refusal;

  const { licenseId, issuerOrgId, holderOrgId, policy, products, limits, entitlements, externalRef } = data;
  return {
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
    ...(data.maintenanceUntil === undefined ? {} : { maintenanceUntil: data.maintenanceUntil }),
    ...(data.replaces === undefined ? {} : { replaces: data.replaces }),
  };
};

const firstKey = ({ key: { keyHash, secretId, hint } }: Origination) =>
  ({ type: 'LicenseKeyIssued', data: { keyVersion: 1, keyHash, secretId, hint } }) as const;

type Ground = CommandOf<'Suspend'>['data'];

const isCovered = ({ facts, suspendedFor }: IssuedLicense, { reasonCode, until }: Ground, from: Instant): boolean => {
  const covers = (held: Instant | null) => held === null || (until !== null && until <= held);
  const heldUntil = suspendedFor.get(reasonCode);
  if (heldUntil !== undefined && (heldUntil === null || heldUntil > from) && covers(heldUntil)) return true;
  return facts.scheduled.some(
    ({ effectiveAt, change }) =>
      change.kind === 'SUSPENSION' && change.reasonCode === reasonCode && effectiveAt <= from && covers(change.until),
  );
};

type Refused = { readonly rejected: LicenseRejection; readonly detail: string };

const refuse = (code: LicenseRejection, detail: string): Refused => reject(code, detail);
