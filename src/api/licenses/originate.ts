import { z } from 'zod';
import type { LicenseCommand, Origination, TermRequest } from '../../domain/license/commands.ts';
import type { License } from '../../domain/license/license.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import { type NeededReservation, trialReservations } from '../../domain/reservation/trial.ts';
import type { Instant } from '../../domain/time.ts';
import { licenseAggregate, organizationAggregate } from '../../eventstore/aggregate.ts';
import { formatLicenseKey, generateLicenseKeyBody } from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { firstMetadata } from '../../projections/tables/vault.ts';
import { asTenant } from '../../projections/tenant.ts';
import { actorOf, principalOf } from '../caller.ts';
import { findOffer, type Offered } from '../catalog/offer.ts';
import { type Attempt, idempotently } from '../idempotency.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';
import { noSuchHolder } from './holder.ts';
import type { OriginBody } from './issue-body.ts';
import { licenseBody, licenseShape, licenseTag } from './license-shape.ts';
import { keyOf, refuseForgottenKey } from './own-key.ts';
import { type CommandNeeds, type Guard, issuedFacts, type LicenseSending, sendLicenseCommand } from './send-command.ts';
import { withReserved } from './trial.ts';

export type OriginNeeds = CommandNeeds & {
  readonly secrets: Secrets;
  readonly licenseKeyPrefix: string;
};

/** What a route answers with that a license begins with. */
export const originReplies = {
  201: {
    description: 'Done. The key cannot be shown again.',
    headers: ['Location', 'ETag'] as const,
    body: z.strictObject({ license: licenseShape, licenseKey: z.string() }),
  },
};

/** A license about to begin. */
export type Beginning = {
  readonly licenseId: string;
  readonly attempt: Attempt;
  readonly at: Instant;
  readonly command: (origination: Origination) => LicenseCommand;
  /** What is answered where another request has begun this license. */
  readonly guard?: Guard;
  /** What may be had once and this license takes, beside a trial. */
  readonly reserved?: readonly NeededReservation[];
};

/** Carries out what makes a license begin, once per Idempotency-Key; `attempt.secret` is the body of its key. */
export const originate = (
  needs: OriginNeeds,
  call: OrganizationCall,
  operation: string,
  wanted: OriginBody,
  work: (attempt: Attempt) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const { organizationId } = call.caller;
  const principal = principalOf(call.caller);
  const createSecret = generateLicenseKeyBody;
  return idempotently(needs, call, { organizationId, principal, operation, input: wanted, createSecret }, work);
};

/**
 * Begins a license with what its issuer's catalog offers, and with what is wanted instead. A trial is reserved before. Answers
 * with the license and its key.
 */
export const begin = async (
  needs: OriginNeeds,
  call: OrganizationCall,
  wanted: OriginBody,
  { licenseId, attempt, at, command, reserved = [], ...guarded }: Beginning,
): Promise<Reply | Problem> => {
  const { executor } = needs;
  const { organizationId: issuerOrgId } = call.caller;
  const holderOrgId = wanted.holderOrganizationId ?? null;
  const unknownHolder = await noSuchHolder(executor, holderOrgId, '/holderOrganizationId');
  if (unknownHolder !== null) return unknownHolder;
  const offered = await findOffer(executor, issuerOrgId, wanted);
  if (isProblem(offered)) return offered;
  const { policy, products } = offered;
  if (products === null || products.length === 0)
    return misplaced('/products', 'Name the products: the policy itself has none.');

  const timeZone = await executor.read(organizationAggregate, issuerOrgId, timeZoneOf);
  const origination = {
    ...{ licenseId, issuerOrgId, holderOrgId, policy, products, limits: offered.limits },
    ...asked(wanted, offered),
    timeZone: timeZone ?? 'UTC',
    key: keyOf(needs.secrets, attempt),
  };
  const trial =
    policy.type === 'TRIAL' ? trialReservations({ issuerOrgId, products, holderOrgId, fingerprintHash: null }) : [];
  const actor = actorOf(call.caller);
  return withReserved(
    { executor, store: null, call, attempt, actor, at, issuerOrgId, licenseId },
    [...reserved, ...trial],
    () => sendFirst(needs, call, wanted, { licenseId, attempt, command: command(origination), ...guarded }),
  );
};

/** The license is there already: begun by this very request, which `sendFirst` then answers again, or by another one. */
export const isBegun = async ({ executor }: CommandNeeds, licenseId: string): Promise<boolean> =>
  (await executor.read(licenseAggregate, licenseId, isIssued)) !== null;

const isIssued = (license: License): true | null => (license.kind === 'unissued' ? null : true);

type First = Pick<LicenseSending, 'licenseId' | 'attempt' | 'command'> & Pick<Beginning, 'guard'>;

/** Sends the command that a license begins with, and keeps what is noted on it. Answers with the license and its key. */
export const sendFirst = async (
  needs: OriginNeeds,
  call: OrganizationCall,
  wanted: OriginBody,
  { licenseId, attempt, command, ...guarded }: First,
): Promise<Reply | Problem> => {
  const { organizationId: issuerOrgId } = call.caller;
  const sending: LicenseSending = {
    ...{ call, attempt, actor: actorOf(call.caller), issuerOrgId, licenseId, command, values: [] },
    sender: { organizationId: issuerOrgId, refusalOn: call.refusalOn, ...guarded },
    reason: wanted.reason ?? null,
  };
  const sent = await sendLicenseCommand(needs, sending, issuedFacts);
  if (isProblem(sent)) return sent;
  const { view, events, revision, position } = sent;
  const forgotten = refuseForgottenKey(needs.secrets, attempt, licenseId, events);
  if (forgotten !== null) return forgotten;
  const { metadata = {} } = wanted;
  // After the event: of two that begin the same license, only what the first one notes is kept.
  if (Object.keys(metadata).length > 0) {
    const first = { licenseId, issuerOrgId, holderOrgId: view.holderOrgId, metadata };
    await asTenant(needs.pool, issuerOrgId, (db) => firstMetadata(db, first), { readOnly: false });
  }
  const shown = { revision, metadata, at: command.at };
  return {
    status: 201,
    body: { license: licenseBody(view, shown), licenseKey: formatLicenseKey(needs.licenseKeyPrefix, attempt.secret) },
    headers: { Location: `/v1/licenses/${licenseId}`, ETag: licenseTag(view, shown) },
    position: position.commit,
  };
};

const misplaced = (pointer: string, detail: string): Problem =>
  problem('INVALID_REQUEST', detail, [{ pointer, detail }]);

const timeZoneOf = (organization: Organization): string | null =>
  organization.kind === 'missing' ? null : organization.timeZone;

const asked = ({ term, entitlements, externalRef, maintenanceUntil }: OriginBody, offered: Offered) => ({
  term: termFor(term, offered.term),
  entitlements: entitlements?.map((granted) => ({ ...granted, source: 'grant' as const })) ?? offered.entitlements,
  externalRef: externalRef ?? null,
  ...(maintenanceUntil === undefined ? {} : { maintenanceUntil }),
});

const termFor = (wanted: OriginBody['term'], ofPolicy: TermRequest): TermRequest => {
  if (wanted === undefined) return ofPolicy;
  const { duration, expiresAt, basis, startsAt = null } = wanted;
  if (duration !== undefined && basis === 'FIRST_ACTIVATION') return { kind: 'firstActivation', duration };
  if (duration !== undefined && basis === 'FIRST_VALIDATION') return { kind: 'firstValidation', duration };
  if (duration !== undefined) return { kind: 'duration', duration, startsAt };
  if (expiresAt !== undefined) return { kind: 'fixed', expiresAt, startsAt };
  return { kind: 'perpetual', startsAt };
};
