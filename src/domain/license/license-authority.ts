import {
  type Credential,
  grant,
  isPermitted,
  isWithinProducts,
  lacking,
  managers,
  ownOnly,
  type Permission,
  productsOf,
  readers,
  type Side,
  withinProducts,
} from '../authority.ts';
import { type Rejection, reject } from '../decider.ts';
import type { Role } from '../organization/events.ts';
import type { Instant } from '../time.ts';
import { isKeyRotated } from './keys/key-rotation.ts';
import type { IssuedLicense, LicenseFacts } from './license.ts';
import { suspensionsAt } from './status.ts';
import type { SuspensionReason } from './suspension/suspension-events.ts';

// What can be done with a license, and who may do it on the side of its issuer (`own`) and its holder (`holder`).
const grants = {
  readLicenses: { own: grant(readers, 'licenses:read'), holder: grant(readers, 'licenses:read') },
  readHistory: {
    own: grant([...managers, 'BILLING', 'AUDITOR', 'SUPPORT'], 'events:read'),
    holder: grant(readers, 'licenses:read'),
  },
  changeLicenses: ownOnly(grant(managers, 'licenses:write')),
  /** Issue licenses, convert trials, and change the policy or the limits of a license. */
  sellLicenses: ownOnly(grant([...managers, 'SALES'], 'licenses:write')),
  renewLicenses: ownOnly(grant([...managers, 'BILLING', 'SALES'], 'licenses:write')),
  /** `refuseSuspending` and `refuseReinstating` bound the reasons of a role. */
  suspendLicenses: ownOnly(grant([...managers, 'BILLING', 'SUPPORT'], 'licenses:write')),
  /** Withdraw announced changes. `refuseWithdrawing` bounds which ones a role may withdraw. */
  withdrawChanges: ownOnly(grant([...managers, 'BILLING', 'SUPPORT', 'SALES'], 'licenses:write')),
  endLicenses: ownOnly(grant(managers, 'licenses:write')),
  /** Release activations and rotate keys: tasks that a holder does for itself. */
  manageUse: { own: grant([...managers, 'SUPPORT'], 'licenses:write'), holder: grant(managers, 'licenses:activate') },
  /** Assign and unassign users. A holder does this for itself, too. */
  assignUsers: { own: grant(managers, 'licenses:write'), holder: grant(managers, 'licenses:activate') },
  /** Release floating seats by the license's id, without its key. */
  releaseSeats: {
    own: grant([...managers, 'SUPPORT'], 'licenses:activate'),
    holder: grant(managers, 'licenses:activate'),
  },
  /** Validate, activate and lease by the license's id, without its key. */
  useLicenses: { own: grant(managers, 'licenses:activate'), holder: grant(managers, 'licenses:activate') },
  /** Take back usage that was counted by mistake. The holder must not, because it pays for the usage. */
  correctUsage: ownOnly(grant(managers, 'licenses:write')),
} as const satisfies Readonly<Record<string, Permission>>;

/** The name of a permission on a license. */
export type LicensePower = keyof typeof grants;

/** The permissions on licenses. An API key limited to products may have them for licenses with only these. */
export const licensePermissions: Readonly<Record<LicensePower, Permission>> = Object.fromEntries(
  Object.entries<Permission>(grants).map(([power, permission]) => [power, withinProducts(permission)]),
) as Record<LicensePower, Permission>;

/** The actor of a request on a license: the bearer of its key, an organization's credential, or the program itself. */
export type LicenseActing =
  | { readonly kind: 'keyHolder'; readonly keyVersion: number }
  | { readonly kind: 'system' }
  | { readonly kind: 'organization'; readonly organizationId: string; readonly credential: Credential };

/**
 * Returns true for the application's own calls: by the license key, or with an API key that has `licenses:activate`.
 * Only their validations check a license in, or begin its term. A member who signs in only looks.
 */
export const isApplication = (by: LicenseActing): boolean =>
  by.kind === 'keyHolder' ||
  (by.kind === 'organization' && by.credential.kind === 'apiKey' && by.credential.scopes.includes('licenses:activate'));

type Parties = Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId'>;
type Concerned = Parties & Pick<LicenseFacts, 'products'>;

/** The same refusal for a license that does not exist and for a license of other organizations. */
export const noSuchLicense: Rejection<'LICENSE_NOT_FOUND'> = reject('LICENSE_NOT_FOUND', 'There is no such license.');

/** Returns true for the issuer and for the holder of the license. */
export const isPartyTo = (parties: Parties, organizationId: string): boolean =>
  sideOf(parties, organizationId) !== null;

/**
 * Refuses an organization that is not the issuer or the holder, a credential that is limited to other products, and one
 * without the permission `power`. The first two get the answer for a license that does not exist.
 */
export const refuseActing = (
  parties: Concerned,
  by: LicenseActing,
  power: LicensePower,
): Rejection<'LICENSE_NOT_FOUND' | 'FORBIDDEN'> | null => {
  if (by.kind !== 'organization') return null;
  const side = sideOf(parties, by.organizationId);
  if (side === null || !isWithinProducts(parties.products, productsOf(by.credential))) return noSuchLicense;
  const permission = licensePermissions[power];
  if (isPermitted(by.credential, permission, side)) return null;
  return reject('FORBIDDEN', lacking(by.credential, permission, side));
};

/** Refuses a correction of usage, which the issuer alone makes, with the permission `correctUsage`. */
export const refuseCorrecting = (parties: Concerned, by: LicenseActing): ReturnType<typeof refuseActing> =>
  by.kind === 'keyHolder'
    ? reject(
        'FORBIDDEN',
        'Only the issuer corrects usage, with licenseId and its own credential in place of the license key. Ask the issuer to correct it.',
      )
    : refuseActing(parties, by, 'correctUsage');

/**
 * Refuses a rotated key. Validation distinguishes a rotated key from an unknown one; here both get the same refusal,
 * so that an old key reveals nothing.
 */
export const refuseKey = (
  facts: LicenseFacts,
  by: LicenseActing,
  at: Instant,
): Rejection<'LICENSE_NOT_FOUND'> | null =>
  by.kind === 'keyHolder' && isKeyRotated(facts, by.keyVersion, at) ? noSuchLicense : null;

/**
 * Refuses a change that adds a product beyond those that the sender is limited to, now or at a scheduled change. Changes
 * that others have scheduled stop no sender.
 */
export const refuseBeyondProducts = (before: Reach | null, after: Reach, by: LicenseActing): Forbidden | null => {
  const limit = by.kind === 'organization' ? productsOf(by.credential) : null;
  if (limit === null) return null;
  const added = after.products.filter((code) => before?.products.includes(code) !== true);
  const announced = after.scheduled.flatMap(({ eventId, change }) => {
    const earlier = before?.scheduled.find((scheduled) => scheduled.eventId === eventId)?.change;
    return targetProducts(change).filter((code) => !targetProducts(earlier).includes(code));
  });
  return refuseOtherProducts([...added, ...announced], limit);
};

type Reach = Pick<LicenseFacts, 'products' | 'scheduled'>;

const targetProducts = (change: LicenseFacts['scheduled'][number]['change'] | undefined): readonly string[] =>
  change?.kind === 'TIER' ? (change.target.products ?? []) : [];

/** Refuses products beyond those of `limit`. Null: all. */
export const refuseOtherProducts = (products: readonly string[], limit: readonly string[] | null): Forbidden | null =>
  limit === null || isWithinProducts(products, limit)
    ? null
    : reject('FORBIDDEN', `This API key is limited to products. Name only these: ${limit.join(', ')}.`);

/** Returns true when only the issuer of a license may use `power` with this credential. */
export const isForIssuerOnly = (credential: Credential, power: LicensePower): boolean =>
  !isPermitted(credential, licensePermissions[power], 'holder');

/**
 * Returns true for an administrator of the issuer or the holder: a member who may release seats, or an API key that may
 * change licenses. The application itself has the license key, or an API key that only uses licenses.
 */
export const isAdministrator = (by: LicenseActing): boolean =>
  by.kind === 'organization' &&
  isPermitted(by.credential, licensePermissions[by.credential.kind === 'user' ? 'releaseSeats' : 'changeLicenses']);

/** The reasons for which a role suspends and reinstates. A role that is not listed has no such bound. */
const reasonsOfRoles: Readonly<Partial<Record<Role, SuspensionReason>>> = {
  BILLING: 'PAYMENT',
  SUPPORT: 'CUSTOMER_REQUEST',
};

/** Refuses to let BILLING suspend for another reason than PAYMENT, and SUPPORT than CUSTOMER_REQUEST. */
export const refuseSuspending = (credential: Credential, reasonCode: SuspensionReason): Forbidden | null =>
  refuseReasons(credential, [reasonCode]);

/** Refuses to let a role lift a suspension, current or announced, that it could not set. */
export const refuseReinstating = ({ facts }: IssuedLicense, by: LicenseActing, at: Instant): Forbidden | null => {
  if (by.kind !== 'organization') return null;
  const announced = facts.scheduled.flatMap(({ change }) => (change.kind === 'SUSPENSION' ? [change.reasonCode] : []));
  return refuseReasons(by.credential, [...suspensionsAt(facts, at).map(({ reasonCode }) => reasonCode), ...announced]);
};

/**
 * Refuses to let a role withdraw an announced change that it could not announce: BILLING and SUPPORT withdraw their
 * suspensions only, and SALES changes of the tier or policy only.
 */
export const refuseWithdrawing = (
  { facts: { scheduled } }: IssuedLicense,
  by: LicenseActing,
  eventId: string,
): Forbidden | null => {
  const change = scheduled.find((announced) => announced.eventId === eventId)?.change;
  if (change === undefined || by.kind !== 'organization') return null;
  return refuseWithdrawingChange(by.credential, change);
};

/** An announced change, as far as it matters for who may withdraw it. */
type Announced =
  | { readonly kind: 'SUSPENSION'; readonly reasonCode: SuspensionReason }
  | { readonly kind: 'RENEWAL' | 'TIER' };

/** Refuses to let a role withdraw this announced change, as `refuseWithdrawing` does. */
export const refuseWithdrawingChange = (credential: Credential, change: Announced): Forbidden | null => {
  if (isInRole(credential, 'SALES') && change.kind !== 'TIER') return salesWithdraws;
  return change.kind === 'SUSPENSION' ? refuseReasons(credential, [change.reasonCode]) : refuseOtherChange(credential);
};

/** Refuses to let an organization other than the holder assign users, when the license has a holder. */
export const refuseAssigning = ({ facts: { holderOrgId } }: IssuedLicense, by: LicenseActing): Forbidden | null =>
  by.kind !== 'organization' || isAssigner(holderOrgId, by.organizationId) ? null : holderAssigns;

/** Returns true for an organization that may assign the license to users: only the holder, when the license has one. */
export const isAssigner = (holderOrgId: string | null, organizationId: string): boolean =>
  holderOrgId === null || holderOrgId === organizationId;

type Forbidden = Rejection<'FORBIDDEN'>;

const sideOf = ({ issuerOrgId, holderOrgId }: Parties, organizationId: string): Side | null => {
  if (organizationId === issuerOrgId) return 'own';
  return organizationId === holderOrgId ? 'holder' : null;
};

const isInRole = (credential: Credential, role: Role): boolean =>
  credential.kind === 'user' && credential.role === role;

const refuseReasons = (credential: Credential, reasons: readonly SuspensionReason[]): Forbidden | null => {
  const refusal = refuseOtherChange(credential);
  const own = credential.kind === 'user' ? reasonsOfRoles[credential.role] : undefined;
  return reasons.every((reasonCode) => reasonCode === own) ? null : refusal;
};

/**
 * Returns the refusal of everything but suspensions for the role's reason. Null for a credential without such a bound.
 */
const refuseOtherChange = (credential: Credential): Forbidden | null => {
  if (credential.kind !== 'user') return null;
  const reasonCode = reasonsOfRoles[credential.role];
  if (reasonCode === undefined) return null;
  return reject('FORBIDDEN', `The role ${credential.role} suspends and reinstates for ${reasonCode} only.`);
};

const salesWithdraws = reject('FORBIDDEN', 'The role SALES withdraws announced changes of the tier or policy only.');

const holderAssigns = reject('FORBIDDEN', 'This license has a holder; only the holder assigns it to users.');
