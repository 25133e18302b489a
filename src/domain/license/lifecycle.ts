import { reject } from '../decider.ts';
import { isInstant, secondsBetween } from '../time.ts';
import type { CommandOf, LicenseDecision } from './commands.ts';
import type { LicenseEvent, Limits } from './events.ts';
import type { IssuedLicense, License } from './license.ts';
import { isSuspended } from './status.ts';
import { issuedTerm } from './terms.ts';

/** Issues the license and its first key. A stream that holds a license already has this one: ids are made of the command. */
export const issue = ({ data, at }: CommandOf<'IssueLicense'>, license: License): LicenseDecision => {
  if (license.kind === 'issued') return [];
  const term = issuedTerm(data.term, at);
  if ('rejected' in term) return term;
  const wrongLimit = namedLimits(data.limits).find(([, limit]) => !Number.isSafeInteger(limit) || limit < 0);
  if (wrongLimit !== undefined)
    return reject(
      'LIMIT_INVALID',
      `The limit of ${wrongLimit[0]} must be a whole number, 0 or more, not ${wrongLimit[1]}.`,
    );

  const { licenseId, issuerOrgId, holderOrgId, policy, products, limits, entitlements, externalRef, key } = data;
  return [
    {
      type: 'LicenseIssued',
      data: {
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
      },
    },
    { type: 'LicenseKeyIssued', data: { keyVersion: 1, keyHash: key.keyHash, secretId: key.secretId, hint: key.hint } },
  ];
};

/**
 * Suspends from now on, keeping activations. While suspended: another reason, or a later end of the same one, is added as a
 * further ground; anything that the suspension covers already changes nothing.
 */
export const suspend = ({ data, at }: CommandOf<'Suspend'>, license: IssuedLicense): LicenseDecision => {
  const { reasonCode, until } = data;
  if (until !== null && !(isInstant(until) && until > at))
    return reject('TERM_INVALID', `A suspension must end in the future; ${until} does not.`);
  if (!isSuspended(license.facts, at)) return [{ type: 'LicenseSuspended', data: { reasonCode, until } }];

  const heldUntil = license.suspendedFor.get(reasonCode);
  const covered = heldUntil !== undefined && (heldUntil === null || (until !== null && until <= heldUntil));
  return covered ? [] : [{ type: 'SuspensionReasonAdded', data: { reasonCode, until } }];
};

/** Ends the suspension with all its grounds. The license is then whatever its term says, which may be EXPIRED. */
export const reinstate = ({ at }: CommandOf<'Reinstate'>, { facts }: IssuedLicense): LicenseDecision => {
  if (facts.suspension === null || !isSuspended(facts, at)) return [];
  const { since } = facts.suspension;
  return [
    { type: 'LicenseReinstated', data: { suspendedSince: since, suspendedForSeconds: secondsBetween(since, at) } },
  ];
};

/** Ends the license for ever: every open activation is closed by an event of its own, in the order of their recording. */
export const revoke = ({ data }: CommandOf<'Revoke'>, { activations }: IssuedLicense): LicenseDecision => [
  ...[...activations.keys()].map(
    (activationId, closedBefore): LicenseEvent => ({
      type: 'ActivationDeactivated',
      data: { activationId, cause: 'LICENSE_REVOKED', countAfter: activations.size - closedBefore - 1 },
    }),
  ),
  { type: 'LicenseRevoked', data: { reasonCode: data.reasonCode } },
];

const namedLimits = ({ activations, seats, users, meters }: Limits): readonly (readonly [string, number])[] => [
  ['activations', activations],
  ['seats', seats],
  ['users', users],
  ...Object.entries(meters).map(([meter, limit]) => [`meter ${meter}`, limit] as const),
];
