import type { PoolClient } from 'pg';
import { reject } from '../../domain/decider.ts';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { storeMetadata } from '../../records/vault.ts';
import { afterAppend } from '../after-append.ts';
import { actorOf, licenseActingOf } from '../caller.ts';
import { readInTurn, type Turn } from '../in-turn.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import type { ChangedLicense, LicenseRequest } from './change-license.ts';
import { isMetadata, metadataOf } from './license-metadata.ts';
import { metadataTurn } from './metadata-turn.ts';
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
    readonly isDerived: boolean;
  }) => boolean;
};

/**
 * Changes the metadata of a license, and its external reference when the request has one. Changes of one license take
 * turns. The event comes first, and a short transaction then stores the metadata. When the process dies between them,
 * the repeated request finds its event and stores the metadata, unless there is later metadata by then.
 */
export const changeMetadata = (
  needs: CommandNeeds,
  request: LicenseRequest,
  notes: Notes,
): Promise<ChangedLicense | Refusal> =>
  readInTurn(
    needs.pool,
    metadataTurn({
      issuerOrgId: request.caller.organizationId,
      licenseId: request.licenseId,
      token: request.attempt.commandId,
    }),
    async (db) => ({
      present: await metadataOf(db, request.licenseId),
      isNoted: await isMetadata(db, request.licenseId, notes.metadata),
    }),
    (turn, stored) => change(needs, request, notes, { turn, ...stored }),
  );

/** The turn of a change, the metadata at its begin, and whether that is the requested metadata already. */
type Begun = { readonly turn: Turn; readonly present: object; readonly isNoted: boolean };

const change = async (
  needs: CommandNeeds,
  { call, attempt, caller, licenseId, reason }: LicenseRequest,
  { metadata, externalRef, isSeen }: Notes,
  { turn, present, isNoted }: Begun,
): Promise<ChangedLicense | Refusal> => {
  const { organizationId: issuerOrgId } = caller;
  const at = needs.now();
  const compose = ({ facts }: { readonly facts: LicenseFacts }, isDerived: boolean) => {
    turn.check();
    const isCurrent = isNoted || isSeen({ facts, metadata: present, at, isDerived });
    return isCurrent ? referenceChange(externalRef, at) : metadataMismatch;
  };
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
  const { view: facts, revision, outcome, position, isDerived } = sent;
  const { holderOrgId, createdAt } = facts;
  if (!isNoted) {
    const license = { licenseId, issuerOrgId, holderOrgId, metadata, createdAt };
    const store = async (db: PoolClient): Promise<void> => {
      await turn.end(db);
      await storeMetadata(db, license, { revision, unlessLater: outcome === 'repeated' });
    };
    await afterAppend(() => asTenant(needs.pool, issuerOrgId, store, { readOnly: false }));
  }
  const changed = outcome !== 'unchanged' || !isNoted;
  return { facts, revision, metadata, at, isDerived, changed, view: undefined, position: position.commit };
};

const referenceChange = (to: string | null | undefined, at: Instant): readonly LicenseCommand[] =>
  to === undefined ? [] : [{ type: 'ChangeReference', at, data: { to } }];

const metadataMismatch = reject(
  'REVISION_MISMATCH',
  'The license has changed since the ETag in If-Match. Read it again.',
);
