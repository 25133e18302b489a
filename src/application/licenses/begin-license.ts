import { licenseAggregate, organizationAggregate } from '../../aggregates/aggregates.ts';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { Origination, TermRequest } from '../../domain/license/issue/issue-commands.ts';
import type { Entitlement } from '../../domain/license/grants/entitlement.ts';
import type { License, LicenseFacts } from '../../domain/license/license.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import { type NeededReservation, trialReservations } from '../../domain/reservation/trial.ts';
import type { Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { formatLicenseKey } from '../../identity/license-key.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { firstMetadata } from '../../records/vault.ts';
import type { Attempt } from '../attempt.ts';
import { actorOf, type Caller, licenseActingOf } from '../caller.ts';
import { findOffer, type Offered, type OfferRequest } from '../catalog/find-offer.ts';
import type { Traced } from '../command-context.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { refuseHolder } from './holder.ts';
import { keyOf, refuseForgottenKey } from './license-key.ts';
import { withReserved } from './reserve.ts';
import type { KeyNeeds } from './rotate-key.ts';
import {
  type GivenReason,
  type Guard,
  issuedFacts,
  type LicenseSending,
  sendLicenseCommand,
} from './send-license-command.ts';

/** What a license begins with: what its policy gives, and what its issuer wants instead. */
export type Beginning = OfferRequest & {
  readonly holderOrganizationId?: string | null | undefined;
  /** Absent: the term that the policy gives. */
  readonly term?: TermRequest | undefined;
  /** Absent: those that the policy grants. */
  readonly entitlements?: readonly Omit<Entitlement, 'source'>[] | undefined;
  readonly maintenanceUntil?: Instant | undefined;
  readonly externalRef?: string | null | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly reason?: GivenReason | undefined;
};

/** A request of an issuer to begin a license; the secret of the attempt is the body of its key. */
export type BeginRequest = { readonly call: Traced; readonly attempt: Attempt; readonly caller: Caller };

/** A license that has begun, as it is at `at`, with its key, which is stored nowhere. */
export type BegunLicense = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly metadata: object;
  readonly at: Instant;
  readonly licenseKey: string;
  readonly position: bigint;
};

/** How a license begins. */
export type Origin = {
  readonly licenseId: string;
  readonly at: Instant;
  readonly command: (origination: Origination) => LicenseCommand;
  /** Refuses where another request has begun this license. */
  readonly guard?: Guard;
  /** What may be had once and this license takes, besides a trial. */
  readonly reserved?: readonly NeededReservation[];
};

/**
 * Begins a license with what its issuer's catalog offers, and with what is wanted instead. A trial is reserved first.
 * Returns the license and its key.
 */
export const beginLicense = async (
  needs: KeyNeeds,
  request: BeginRequest,
  beginning: Beginning,
  { licenseId, at, command, reserved = [], guard }: Origin,
): Promise<BegunLicense | Refusal> => {
  const { executor } = needs;
  const { call, attempt, caller } = request;
  const { organizationId: issuerOrgId } = caller;
  const holderOrgId = beginning.holderOrganizationId ?? null;
  const unknownHolder = await refuseHolder(executor, holderOrgId, 'holderOrganizationId');
  if (unknownHolder !== null) return unknownHolder;
  const offered = await findOffer(executor, issuerOrgId, beginning);
  if (isRefusal(offered)) return offered;
  const { policy, products } = offered;
  if (products === null || products.length === 0) return noProducts;

  const timeZone = await executor.read(organizationAggregate, issuerOrgId, timeZoneOf);
  const origination = {
    ...{ licenseId, issuerOrgId, holderOrgId, policy, products, limits: offered.limits },
    ...wantedOf(beginning, offered),
    timeZone: timeZone ?? 'UTC',
    key: keyOf(needs.secrets, attempt),
  };
  const trial =
    policy.type === 'TRIAL' ? trialReservations({ issuerOrgId, products, holderOrgId, fingerprintHash: null }) : [];
  return withReserved(
    { executor, store: null, call, attempt, actor: actorOf(caller), at, issuerOrgId, licenseId },
    [...reserved, ...trial],
    () => sendFirst(needs, request, beginning, { licenseId, guard, command: command(origination) }),
  );
};

/**
 * Returns a license that has begun before, with its key, when this very request has begun it. Whatever has changed
 * since, as in the catalog, does not matter then.
 */
export const beginAgain = (
  needs: KeyNeeds,
  request: BeginRequest,
  beginning: Beginning,
  { licenseId, at, guard }: Pick<Origin, 'licenseId' | 'at' | 'guard'>,
): Promise<BegunLicense | Refusal> =>
  sendFirst(needs, request, beginning, { licenseId, guard, command: { at, compose: () => [] } });

/** Returns true when a license has begun: by this very request, or by another one. */
export const hasBegun = ({ executor }: Pick<KeyNeeds, 'executor'>, licenseId: string): Promise<boolean> =>
  executor.read(licenseAggregate, licenseId, (license: License) => license.kind !== 'unissued');

type First = Pick<LicenseSending, 'licenseId' | 'command'> & { readonly guard: Guard | undefined };

/** Sends the command that a license begins with, and stores what is noted on it. */
const sendFirst = async (
  needs: KeyNeeds,
  { call, attempt, caller }: BeginRequest,
  { metadata = {}, reason = null }: Pick<Beginning, 'metadata'> & { readonly reason?: GivenReason | null | undefined },
  { licenseId, guard, command }: First,
): Promise<BegunLicense | Refusal> => {
  const { organizationId: issuerOrgId } = caller;
  const sent = await sendLicenseCommand(
    needs,
    {
      ...{ call, attempt, actor: actorOf(caller), issuerOrgId, licenseId, command, values: [], reason },
      ...{ by: licenseActingOf(caller), power: 'changeLicenses' },
      ...(guard === undefined ? {} : { guard }),
    },
    issuedFacts,
  );
  if (isRefusal(sent)) return sent;
  const { view: facts, events, revision, position } = sent;
  const forgotten = refuseForgottenKey(needs.secrets, attempt, licenseId, events);
  if (forgotten !== null) return forgotten;
  // After the event: of two that begin the same license, only what the first one notes is stored.
  if (Object.keys(metadata).length > 0) {
    const first = { licenseId, issuerOrgId, holderOrgId: facts.holderOrgId, metadata };
    await asTenant(needs.pool, issuerOrgId, (db) => firstMetadata(db, first), { readOnly: false });
  }
  const licenseKey = formatLicenseKey(needs.licenseKeyPrefix, attempt.secret);
  return { facts, revision, metadata, at: command.at, licenseKey, position: position.commit };
};

const noProducts: Refusal = {
  rejected: 'INVALID_REQUEST',
  detail: 'Name the products: the policy itself has none.',
  place: ['products'],
};

const timeZoneOf = (organization: Organization): string | null =>
  organization.kind === 'missing' ? null : organization.timeZone;

const wantedOf = ({ term, entitlements, externalRef, maintenanceUntil }: Beginning, offered: Offered) => ({
  term: term ?? offered.term,
  entitlements: entitlements?.map((granted) => ({ ...granted, source: 'grant' as const })) ?? offered.entitlements,
  externalRef: externalRef ?? null,
  ...(maintenanceUntil === undefined ? {} : { maintenanceUntil }),
});
