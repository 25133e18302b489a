import { licenseAggregate } from '../../aggregates/aggregates.ts';
import type { License } from '../../domain/license/license.ts';
import { acceptOffer as decideAcceptance, noSuchOffer } from '../../domain/license/transfer/decide-offers.ts';
import type { Instant } from '../../domain/time.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { formatLicenseKey } from '../../identity/license-key.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { afterAppend } from '../after-append.ts';
import { actorOf } from '../caller.ts';
import { inTurn, type Turn } from '../in-turn.ts';
import { keyOf, refuseForgottenKey } from '../licenses/created-key.ts';
import { refuseClosed } from '../licenses/holder.ts';
import { metadataOf } from '../licenses/license-metadata.ts';
import { metadataTurn } from '../licenses/metadata-turn.ts';
import type { KeyNeeds } from '../licenses/rotate-key.ts';
import { issuedFacts, sendLicenseCommand } from '../licenses/send-license-command.ts';
import { giveToHolder, type TransferredLicense } from '../licenses/transfer-license.ts';
import {
  type OrganizationCommandNeeds,
  type OrganizationRequest,
  sendToOrganization,
} from '../organizations/send-to-organization.ts';
import { isRefusal, type Refusal } from '../refusal.ts';

/**
 * Accepts the offer of a license for the caller's organization, which then holds the license and consents to its
 * issuer. The consent comes first: after a crash between the two, the offer is still open, and a retry accepts it.
 * Accepting a license that the organization holds changes nothing, so a later block of the issuer stays. A transfer
 * that releases everything of the previous holder returns the new key, which is the secret of the attempt.
 */
export const acceptOffer = async (
  needs: KeyNeeds,
  request: OrganizationRequest,
  licenseId: string,
): Promise<TransferredLicense | Refusal> => {
  // Only a caller who may accept gets the turn. What was acceptable can change until then.
  const offer = await readOffer(needs, request, licenseId);
  if (isRefusal(offer)) return offer;
  const { issuerOrgId } = offer;
  const place = metadataTurn({ issuerOrgId, licenseId, token: request.attempt.commandId });
  return inTurn(needs.pool, place, (turn) => acceptInTurn(needs, request, licenseId, turn));
};

const acceptInTurn = async (
  needs: KeyNeeds,
  request: OrganizationRequest,
  licenseId: string,
  turn: Turn,
): Promise<TransferredLicense | Refusal> => {
  const { call, attempt, caller } = request;
  const { organizationId: holderOrgId } = caller;
  const offer = await readOffer(needs, request, licenseId);
  if (isRefusal(offer)) return offer;
  const { issuerOrgId, previousHolderOrgId, at } = offer;
  if (!offer.isHeld) {
    const refusal = await consent(needs, request, issuerOrgId, at);
    if (refusal !== null) return refusal;
  }
  // The consent is stored by now.
  const sent = await afterAppend(() =>
    sendLicenseCommand(
      needs,
      {
        ...{ call, attempt, actor: actorOf(caller), issuerOrgId, licenseId, reason: null, values: [] },
        // The organization's own stream has decided that the caller may accept.
        ...{ by: { kind: 'system' }, power: 'endLicenses' },
        guard: () => {
          turn.check();
          return null;
        },
        command: { type: 'AcceptOffer', at, data: { holderOrgId, newKey: keyOf(needs.secrets, attempt) } },
      },
      issuedFacts,
    ),
  );
  if (isRefusal(sent)) return sent;
  await giveToHolder(needs, { issuerOrgId, licenseId, previousHolderOrgId }, turn);
  const isRotated = sent.events.some(({ type }) => type === 'LicenseKeyRotated');
  const forgotten = isRotated ? refuseForgottenKey(needs.secrets, attempt, licenseId, sent.events) : null;
  if (forgotten !== null) return forgotten;
  const licenseKey = isRotated ? formatLicenseKey(needs.licenseKeyPrefix, attempt.secret) : null;
  const metadata = await asTenant(needs.pool, holderOrgId, (db) => metadataOf(db, licenseId));
  const { view: facts, outcome, revision, position, isDerived } = sent;
  const changed = outcome !== 'unchanged';
  const accepted = { facts, revision, metadata, at, isDerived, changed };
  return { ...accepted, view: undefined, position: position.commit, licenseKey };
};

/**
 * Records the consent to an issuer. Refuses a caller that may not answer offers, and an issuer that is blocked or
 * closed.
 */
const consent = async (
  needs: OrganizationCommandNeeds,
  request: OrganizationRequest,
  issuerOrgId: string,
  at: Instant,
): Promise<Refusal | null> => {
  // Licenses of a closed issuer do not work.
  if ((await refuseClosed(needs.executor, issuerOrgId, 'licenseId')) !== null) return noSuchOffer;
  const { attempt } = request;
  // The license needs the command id of the request, and ids of events follow from it.
  const consenting = { ...request, attempt: { ...attempt, commandId: aggregateId(attempt.commandId, 'consent') } };
  const consented = await sendToOrganization(needs, consenting, {
    at,
    commandsOn: () => [{ type: 'TrustIssuer', data: { issuerOrgId, accepting: true } }],
    view: () => null,
  });
  return isRefusal(consented) ? consented : null;
};

type Acceptable = {
  readonly issuerOrgId: string;
  readonly previousHolderOrgId: string | null;
  readonly isHeld: boolean;
  readonly at: Instant;
};

const readOffer = async (
  { executor, now }: KeyNeeds,
  { caller }: OrganizationRequest,
  licenseId: string,
): Promise<Acceptable | Refusal> => {
  const at = now();
  const offer = await executor.read(licenseAggregate, licenseId, (license) =>
    acceptableOf(license, caller.organizationId, at),
  );
  if (offer === null) return noSuchOffer;
  return isRefusal(offer) ? offer : { ...offer, at };
};

/**
 * Returns the issuer of the offer, or why the license cannot be given: a refused acceptance must not record a consent.
 */
const acceptableOf = (license: License, holderOrgId: string, at: Instant) => {
  if (license.kind === 'unissued') return null;
  const decision = decideAcceptance({ type: 'AcceptOffer', at, data: { holderOrgId } }, license);
  if (isRefusal(decision)) return decision;
  const { facts } = license;
  const { issuerOrgId, holderOrgId: previousHolderOrgId } = facts;
  return { issuerOrgId, previousHolderOrgId, isHeld: previousHolderOrgId === holderOrgId };
};
