import { licenseAggregate, organizationAggregate } from '../../../aggregates/aggregates.ts';
import type { LicenseCommand } from '../../../domain/license/commands.ts';
import type { Origination, TermRequest } from '../../../domain/license/issue/issue-commands.ts';
import type { License, LicenseFacts } from '../../../domain/license/license.ts';
import type { Organization } from '../../../domain/organization/organization.ts';
import { type NeededReservation, trialReservations } from '../../../domain/reservation/trial.ts';
import { addressForms } from '../../../domain/reservation/trial-address.ts';
import type { Instant } from '../../../domain/time.ts';
import type { JsonObject } from '../../../eventstore/event-store.ts';
import { addressHashes } from '../../../identity/fingerprint.ts';
import { formatLicenseKey } from '../../../identity/license-key.ts';
import { asTenant } from '../../../postgres/tenant.ts';
import { firstMetadata } from '../../../records/vault.ts';
import { actorOf, type Caller, licenseActingOf } from '../../caller.ts';
import { findAfterTrial } from '../../catalog/after-trial.ts';
import { findOffer, type Offered, type OfferRequest } from '../../catalog/find-offer.ts';
import type { Traced } from '../../command-context.ts';
import type { Attempt } from '../../idempotent-attempt.ts';
import { withNewOfferPlace } from '../../offers/offer-place.ts';
import { isRefusal, type Refusal } from '../../refusal.ts';
import { keyOf, refuseForgottenKey } from '../created-key.ts';
import { entitlementOf, type NewGrant } from '../grant-entitlement.ts';
import { findHolder } from '../holder.ts';
import type { KeyNeeds } from '../rotate-key.ts';
import {
  type GivenReason,
  type Guard,
  issuedFacts,
  type LicenseSending,
  sendLicenseCommand,
} from '../send-license-command.ts';
import { withReserved } from './reserve.ts';

/** The input of a new license: its policy, the values that override it, and the grants that it adds. */
export type NewLicense = OfferRequest & {
  readonly holderOrganizationId?: string | null | undefined;
  /** Without it the license gets the term of the policy. */
  readonly term?: TermRequest | undefined;
  /** What the license grants and withholds in addition to the entitlements of the policy. */
  readonly entitlements?: readonly NewGrant[] | undefined;
  readonly maintenanceUntil?: Instant | undefined;
  readonly externalRef?: string | null | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly reason?: GivenReason | undefined;
  /** The e-mail address of the person who tries the product. It is stored nowhere; its keyed hash is reserved. */
  readonly trialAddress?: string | undefined;
};

/** A request of an issuer to create a license. The secret of the attempt is the body of its key. */
export type CreationRequest = { readonly call: Traced; readonly attempt: Attempt; readonly caller: Caller };

/** A new license as of `at`, with its key, which is stored nowhere. */
export type CreatedLicense = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly metadata: object;
  readonly at: Instant;
  /** True when a change has fallen due that no event records yet, as after an import of a trial that has ended. */
  readonly isDerived: boolean;
  readonly licenseKey: string;
  readonly position: bigint;
};

/** The parts of a creation that differ between issuing and importing. */
export type Creation = {
  readonly licenseId: string;
  readonly at: Instant;
  readonly command: (origination: Origination) => LicenseCommand;
  /** Refuses when another request has created this license. */
  readonly guard?: Guard;
  /** Refuses the creation. It is not called when this license exists. */
  readonly refuse?: () => Promise<Refusal | null>;
  /** The reservations of this license besides those of a trial. */
  readonly reserved?: readonly NeededReservation[];
};

/**
 * Creates a license and returns it with its key. Returns the existing license when an earlier attempt at this request
 * has created it, whatever has changed since, such as the catalog.
 */
export const createLicense = async (
  needs: KeyNeeds,
  request: CreationRequest,
  newLicense: NewLicense,
  creation: Creation,
): Promise<CreatedLicense | Refusal> => {
  const { licenseId, at, guard, refuse } = creation;
  const exists = await needs.executor.read(licenseAggregate, licenseId, ({ kind }: License) => kind !== 'unissued');
  if (exists) return sendFirst(needs, request, newLicense, { licenseId, guard, command: { at, compose: () => [] } });
  return (await refuse?.()) ?? createNew(needs, request, newLicense, creation);
};

/**
 * Creates a license that does not exist. `findOffer` chooses the policy and overrides its products and limits.
 * `termAndGrantsOf` overrides its term and adds grants. Reserves a trial first.
 */
const createNew = async (
  needs: KeyNeeds,
  request: CreationRequest,
  newLicense: NewLicense,
  { licenseId, at, command, reserved = [], guard }: Creation,
): Promise<CreatedLicense | Refusal> => {
  const { executor } = needs;
  const { call, attempt, caller } = request;
  const { organizationId: issuerOrgId } = caller;
  const requestedOrgId = newLicense.holderOrganizationId ?? null;
  const holder = await findHolder(executor, { issuerOrgId, holderOrgId: requestedOrgId }, 'holderOrganizationId');
  if (isRefusal(holder)) return holder;
  const { holderOrgId, offerTo } = holder;
  const offered = await findOffer(executor, issuerOrgId, newLicense);
  if (isRefusal(offered)) return offered;
  const { policy, products } = offered;
  if (products === null || products.length === 0) return noProducts;

  const timeZone = await executor.read(organizationAggregate, issuerOrgId, timeZoneOf);
  const origination = {
    licenseId,
    issuerOrgId,
    holderOrgId,
    ...(offerTo === null ? {} : { offerTo }),
    policy,
    products,
    limits: offered.limits,
    overrides: offered.overrides,
    ...termAndGrantsOf(newLicense, offered),
    timeZone: timeZone ?? 'UTC',
    ...(await findAfterTrial(executor, issuerOrgId, policy)),
    key: keyOf(needs.secrets, attempt),
  };
  // An offered trial is the receiver's trial of this issuer, whether or not it accepts.
  const ofTrial = { issuerOrgId, products, holderOrgId: requestedOrgId, fingerprintHash: null };
  const { trialAddress } = newLicense;
  if (trialAddress !== undefined && policy.type !== 'TRIAL') return noTrial;
  const forms = trialAddress === undefined ? [] : addressForms(trialAddress, policy.trialAddressIgnores ?? []);
  const hashes = addressHashes(needs.secrets, issuerOrgId, forms);
  const trial = policy.type === 'TRIAL' ? trialReservations({ ...ofTrial, addressHashes: hashes }) : [];
  const reserving = { executor, store: null, call, attempt, actor: actorOf(caller), at, issuerOrgId, licenseId };
  const send = () => sendFirst(needs, request, newLicense, { licenseId, guard, command: command(origination) });
  return withReserved(reserving, [...reserved, ...trial], () =>
    offerTo === null
      ? send()
      : withNewOfferPlace(reserving, { holderOrgId: offerTo, place: 'holderOrganizationId' }, send),
  );
};

type First = Pick<LicenseSending, 'licenseId' | 'command'> & { readonly guard: Guard | undefined };

/** Sends the first command of a license and stores its metadata. */
const sendFirst = async (
  needs: KeyNeeds,
  { call, attempt, caller }: CreationRequest,
  { metadata = {}, reason = null }: Pick<NewLicense, 'metadata'> & { readonly reason?: GivenReason | null | undefined },
  { licenseId, guard, command }: First,
): Promise<CreatedLicense | Refusal> => {
  const { organizationId: issuerOrgId } = caller;
  const sent = await sendLicenseCommand(
    needs,
    {
      call,
      attempt,
      actor: actorOf(caller),
      issuerOrgId,
      licenseId,
      command,
      values: [],
      reason,
      by: licenseActingOf(caller),
      power: 'sellLicenses',
      ...(guard === undefined ? {} : { guard }),
    },
    issuedFacts,
  );
  if (isRefusal(sent)) return sent;
  const { view: facts, events, revision, position, isDerived } = sent;
  const forgotten = refuseForgottenKey(needs.secrets, attempt, licenseId, events);
  if (forgotten !== null) return forgotten;
  // The metadata comes after the event. Only the first of two requests for the same license stores metadata.
  if (Object.keys(metadata).length > 0) {
    const { holderOrgId, createdAt } = facts;
    const first = { licenseId, issuerOrgId, holderOrgId, metadata, createdAt };
    await asTenant(needs.pool, issuerOrgId, (db) => firstMetadata(db, first), { readOnly: false });
  }
  const licenseKey = formatLicenseKey(needs.licenseKeyPrefix, attempt.secret);
  return { facts, revision, metadata, at: command.at, isDerived, licenseKey, position: position.commit };
};

const noTrial: Refusal = {
  rejected: 'INVALID_REQUEST',
  detail: 'Only a trial takes trialAddress, and this policy is not for trials; leave it out.',
  place: ['trialAddress'],
};

const noProducts: Refusal = {
  rejected: 'INVALID_REQUEST',
  detail: 'Name the products: the policy itself has none.',
  place: ['products'],
};

const timeZoneOf = (organization: Organization): string | null =>
  organization.kind === 'missing' ? null : organization.timeZone;

// A grant decides before the policy, and a change of the policy keeps it. So the license needs the grants of both.
const termAndGrantsOf = ({ term, entitlements = [], externalRef, maintenanceUntil }: NewLicense, offered: Offered) => ({
  term: term ?? offered.term,
  entitlements: [...offered.entitlements, ...entitlements.map(entitlementOf)],
  externalRef: externalRef ?? null,
  ...(maintenanceUntil === undefined ? {} : { maintenanceUntil }),
});
