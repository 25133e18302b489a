import type { PoolClient } from 'pg';
import { licenseAggregate } from '../../aggregates/aggregates.ts';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { IssuedLicense, LicenseFacts } from '../../domain/license/license.ts';
import {
  isForIssuerOnly,
  isPartyTo,
  type LicensePower,
  noSuchLicense,
} from '../../domain/license/license-authority.ts';
import type { Schedule } from '../../domain/license/scheduled/scheduled-commands.ts';
import type { Instant } from '../../domain/time.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { Attempt } from '../attempt.ts';
import { actorOf, type Caller, licenseActingOf } from '../caller.ts';
import type { Traced } from '../command-context.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { metadataOf } from './license-metadata.ts';
import {
  type CommandNeeds,
  type ComposedCommand,
  type GivenReason,
  type Guard,
  issuedLicense,
  sendLicenseCommand,
} from './send-license-command.ts';

/** A request of an organization to change a license. */
export type LicenseRequest = {
  readonly call: Traced;
  readonly attempt: Attempt;
  readonly caller: Caller;
  readonly licenseId: string;
  readonly reason: GivenReason | null;
};

/** A change of a license. */
export type LicenseChange<View> = {
  /** What the caller must be entitled to. */
  readonly power: LicensePower;
  /** A refusal counts only while the stream has not accepted this very command before. */
  readonly command: (at: Instant) => Commanded | Promise<Commanded>;
  readonly guard?: Guard;
  /** Returns what the answer needs of the license after the command, besides its facts. */
  readonly view?: (license: IssuedLicense) => View;
  /** Refuses to answer a command that was carried out. */
  readonly refuse?: (events: readonly Recorded[]) => Refusal | null;
  /** Changes the vault after the command, each time that it is sent. As the issuer. */
  readonly settle?: (db: PoolClient) => Promise<void>;
};

type Commanded = LicenseCommand | ComposedCommand | Refusal;

/** A license after a change, as it is at `at`. */
export type ChangedLicense<View = unknown> = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly metadata: object;
  readonly at: Instant;
  readonly changed: boolean;
  readonly view: View | undefined;
  readonly position: bigint;
};

/**
 * Sends a command to a license on behalf of an organization and returns the license after it. Where holders may do it
 * as well, the issuer is read first: the vault stores for the issuer what a person writes.
 */
export const changeLicense = async <View = undefined>(
  needs: CommandNeeds,
  request: LicenseRequest,
  { power, command, guard, view, refuse, settle }: LicenseChange<View>,
): Promise<ChangedLicense<View> | Refusal> => {
  const { call, attempt, caller, licenseId, reason } = request;
  const issuerOrgId = await issuerOf(needs, caller, licenseId, power);
  if (issuerOrgId === null) return noSuchLicense;
  const at = needs.now();
  const commanded = await command(at);
  const sending = {
    ...{ call, attempt, actor: actorOf(caller), by: licenseActingOf(caller), power, issuerOrgId, licenseId, reason },
    ...(guard === undefined ? {} : { guard }),
    values: [],
    command: isRefusal(commanded) ? { at, compose: () => commanded } : commanded,
  };
  // Metadata is no part of the stream and no command here changes it, so both can be read at once.
  const [sent, metadata] = await Promise.all([
    sendLicenseCommand(needs, sending, (license) => {
      const issued = issuedLicense(license);
      return { facts: issued.facts, view: view?.(issued) };
    }),
    asTenant(needs.pool, caller.organizationId, (db) => metadataOf(db, licenseId)),
  ]);
  if (isRefusal(sent)) return sent;
  const refusal = refuse?.(sent.events) ?? null;
  if (refusal !== null) return refusal;
  if (settle !== undefined) await asTenant(needs.pool, issuerOrgId, settle, { readOnly: false });
  const { outcome, revision, position } = sent;
  return { ...sent.view, revision, metadata, at, changed: outcome !== 'unchanged', position: position.commit };
};

/** Returns the schedule of a command that is to take effect later; nothing when it takes effect at once. */
export const scheduledFor = (effectiveAt: Instant | undefined): { readonly scheduled?: Schedule } =>
  effectiveAt === undefined ? {} : { scheduled: { effectiveAt } };

// Where only an issuer may do it, the caller is the issuer, or will be refused.
const issuerOf = async (
  { executor }: CommandNeeds,
  caller: Caller,
  licenseId: string,
  power: LicensePower,
): Promise<string | null> => {
  const { organizationId } = caller;
  if (isForIssuerOnly(caller, power)) return organizationId;
  return executor.read(licenseAggregate, licenseId, (license) =>
    license.kind !== 'unissued' && isPartyTo(license.facts, organizationId) ? license.facts.issuerOrgId : null,
  );
};
