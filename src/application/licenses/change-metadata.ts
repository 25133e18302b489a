import type { PoolClient } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { lockMetadata, storeMetadata } from '../../records/vault.ts';
import { actorOf, licenseActingOf } from '../caller.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { ChangedLicense, LicenseRequest } from './change-license.ts';
import { isMetadata, metadataOf } from './license-metadata.ts';
import { type CommandNeeds, issuedFacts, sendLicenseCommand } from './send-license-command.ts';

/** The metadata of a license. Without `externalRef` the external reference stays. */
export type Notes = {
  readonly metadata: JsonObject;
  readonly externalRef?: string | null | undefined;
  /** Returns true when the caller has seen this state of the license, or sets no condition. */
  readonly isSeen: (license: {
    readonly facts: LicenseFacts;
    readonly metadata: object;
    readonly at: Instant;
  }) => boolean;
};

/**
 * Changes the metadata of a license, and its external reference when the request has one: both or neither. Concurrent
 * changes run one after the other.
 */
export const changeMetadata = (
  needs: CommandNeeds,
  request: LicenseRequest,
  notes: Notes,
): Promise<ChangedLicense | Refusal> =>
  asTenant(needs.pool, request.caller.organizationId, (db) => change(needs, request, notes, db), { readOnly: false });

const change = async (
  needs: CommandNeeds,
  { call, attempt, caller, licenseId, reason }: LicenseRequest,
  { metadata, externalRef, isSeen }: Notes,
  db: PoolClient,
): Promise<ChangedLicense | Refusal> => {
  const { organizationId: issuerOrgId } = caller;
  const at = needs.now();
  await lockMetadata(db, licenseId);
  const present = await metadataOf(db, licenseId);
  const isNoted = await isMetadata(db, licenseId, metadata);
  const compose = ({ facts }: { readonly facts: LicenseFacts }) =>
    isNoted || isSeen({ facts, metadata: present, at }) ? referenceChange(externalRef, at) : metadataMismatch;
  const sending = {
    call,
    attempt,
    actor: actorOf(caller),
    by: licenseActingOf(caller),
    issuerOrgId,
    licenseId,
    reason,
    power: 'changeLicenses',
    values: [],
    command: { at, compose },
  } as const;
  const sent = await sendLicenseCommand(needs, sending, issuedFacts);
  if (isRefusal(sent)) return sent;
  const { view: facts, revision, outcome, position } = sent;
  const { holderOrgId } = facts;
  if (!isNoted) await storeMetadata(db, { licenseId, issuerOrgId, holderOrgId, metadata });
  const changed = outcome !== 'unchanged' || !isNoted;
  return { facts, revision, metadata, at, changed, view: undefined, position: position.commit };
};

const referenceChange = (to: string | null | undefined, at: Instant): readonly LicenseCommand[] =>
  to === undefined ? [] : [{ type: 'ChangeReference', at, data: { to } }];

const metadataMismatch = reject(
  'REVISION_MISMATCH',
  'The license has changed since the ETag in If-Match. Read it again.',
);
