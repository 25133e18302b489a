import { type Rejection, reject } from '../decider.ts';
import {
  type Credential,
  grant,
  isPermitted,
  lacking,
  managers,
  ownOnly,
  type Permission,
  readers,
  type Side,
} from '../permission.ts';
import type { Instant } from '../time.ts';
import type { IssuedLicense, LicenseFacts } from './license.ts';
import type { SuspensionReason } from './suspension/suspension-events.ts';
import { isKeyRotated } from './validation/validity.ts';

/**
 * What there is to be done with a license, and what it takes on the side of its issuer (`own`) and its holder (`held`).
 */
export const licensePermissions = {
  readLicenses: { own: grant(readers, 'licenses:read'), held: grant(readers, 'licenses:read') },
  readHistory: {
    own: grant(['OWNER', 'ADMIN', 'BILLING', 'AUDITOR'], 'events:read'),
    held: grant(readers, 'licenses:read'),
  },
  changeLicenses: ownOnly(grant(managers, 'licenses:write')),
  renewLicenses: ownOnly(grant([...managers, 'BILLING'], 'licenses:write')),
  suspendLicenses: ownOnly(grant([...managers, 'BILLING'], 'licenses:write')),
  endLicenses: ownOnly(grant(managers, 'licenses:write')),
  /** Release activations, rotate keys, assign users: what a holder does for itself. */
  manageUse: { own: grant(managers, 'licenses:write'), held: grant(managers, 'licenses:activate') },
  /** Validate, activate and the like by the license's id, without its key. */
  useLicenses: { own: grant(managers, 'licenses:activate'), held: grant(managers, 'licenses:activate') },
} as const satisfies Readonly<Record<string, Permission>>;

/** The name of something to be done with a license. */
export type LicensePower = keyof typeof licensePermissions;

/** Who acts on a license: somebody who presents a key of it, an organization's credential, or the program itself. */
export type LicenseActing =
  | { readonly kind: 'keyHolder'; readonly keyVersion: number }
  | { readonly kind: 'system' }
  | { readonly kind: 'organization'; readonly organizationId: string; readonly credential: Credential };

type Parties = Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId'>;

/** The refusal of a license that does not exist, or that the organization is no party to: both get the same answer. */
export const noSuchLicense: Rejection<'LICENSE_NOT_FOUND'> = reject('LICENSE_NOT_FOUND', 'There is no such license.');

/** Returns true for an organization that issued the license or holds it. */
export const isPartyTo = (parties: Parties, organizationId: string): boolean =>
  sideOf(parties, organizationId) !== null;

/** Refuses an organization that is no party to the license, and a credential that may not use `power` on its side. */
export const refuseActing = (
  parties: Parties,
  by: LicenseActing,
  power: LicensePower,
): Rejection<'LICENSE_NOT_FOUND' | 'FORBIDDEN'> | null => {
  if (by.kind !== 'organization') return null;
  const side = sideOf(parties, by.organizationId);
  if (side === null) return noSuchLicense;
  const permission: Permission = licensePermissions[power];
  if (isPermitted(by.credential, permission, side)) return null;
  return reject('FORBIDDEN', lacking(by.credential, permission, side));
};

/**
 * Refuses a key that the license has replaced by another one. Validation tells a rotated key from an unknown one; here both
 * get the same answer, so that an old key tells nothing.
 */
export const refuseKey = (
  facts: LicenseFacts,
  by: LicenseActing,
  at: Instant,
): Rejection<'LICENSE_NOT_FOUND'> | null =>
  by.kind === 'keyHolder' && isKeyRotated(facts, by.keyVersion, at) ? noSuchLicense : null;

/** Returns true when only the issuer of a license may use `power` with this credential. */
export const isForIssuerOnly = (credential: Credential, power: LicensePower): boolean =>
  !isPermitted(credential, licensePermissions[power], 'held');

/** Refuses a member in the role BILLING who suspends for another reason than PAYMENT. */
export const refuseSuspending = (credential: Credential, reasonCode: SuspensionReason): Forbidden | null =>
  isBilling(credential) && reasonCode !== 'PAYMENT' ? paymentOnly : null;

/** Refuses a member in the role BILLING who lifts what others have suspended or will suspend the license for. */
export const refuseReinstating = ({ suspendedFor, facts }: IssuedLicense, by: LicenseActing): Forbidden | null => {
  if (!isActingForPayments(by)) return null;
  const announced = facts.scheduled.flatMap(({ change }) => (change.kind === 'SUSPENSION' ? [change.reasonCode] : []));
  const grounds = [...(facts.suspension === null ? [] : suspendedFor.keys()), ...announced];
  return grounds.every((reasonCode) => reasonCode === 'PAYMENT') ? null : paymentOnly;
};

/** Refuses a member in the role BILLING who withdraws anything but a suspension for PAYMENT: the payment has come. */
export const refuseWithdrawing = (
  { facts: { scheduled } }: IssuedLicense,
  by: LicenseActing,
  eventId: string,
): Forbidden | null => {
  const change = scheduled.find((announced) => announced.eventId === eventId)?.change;
  if (change === undefined || !isActingForPayments(by)) return null;
  return change.kind === 'SUSPENSION' && change.reasonCode === 'PAYMENT' ? null : paymentOnly;
};

/** Refuses everybody but its holder to assign users to a license that has one. */
export const refuseAssigning = ({ facts: { holderOrgId } }: IssuedLicense, by: LicenseActing): Forbidden | null =>
  by.kind !== 'organization' || holderOrgId === null || holderOrgId === by.organizationId ? null : holderAssigns;

type Forbidden = Rejection<'FORBIDDEN'>;

const sideOf = ({ issuerOrgId, holderOrgId }: Parties, organizationId: string): Side | null => {
  if (organizationId === issuerOrgId) return 'own';
  return organizationId === holderOrgId ? 'held' : null;
};

const isBilling = (credential: Credential): boolean => credential.kind === 'user' && credential.role === 'BILLING';

const isActingForPayments = (by: LicenseActing): boolean => by.kind === 'organization' && isBilling(by.credential);

const paymentOnly = reject('FORBIDDEN', 'The role BILLING suspends and reinstates for PAYMENT only.');

const holderAssigns = reject('FORBIDDEN', 'This license has a holder, who assigns it to users.');
