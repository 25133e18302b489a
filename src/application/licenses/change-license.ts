import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { productsOf } from '../../domain/authority.ts';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { IssuedLicense, LicenseFacts } from '../../domain/license/license.ts';
import { isForIssuerOnly, type LicensePower, noSuchLicense } from '../../domain/license/license-authority.ts';
import type { Schedule } from '../../domain/license/scheduled/scheduled-commands.ts';
import type { Instant } from '../../domain/time.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { PersonalValue } from '../../records/vault.ts';
import { actorOf, type Caller, licenseActingOf } from '../caller.ts';
import type { Traced } from '../command-context.ts';
import type { Attempt } from '../idempotent-attempt.ts';
import { isVisible } from '../reading/is-visible.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { metadataOf } from './license-metadata.ts';
import { type LicensePreview, previewLicense } from './preview/preview-license.ts';
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
  /** True: decides the change and shows it, and records nothing. Absent: false. */
  readonly isPreview?: boolean;
};

/** A change of a license. */
export type LicenseChange<View> = {
  /** The power that the caller needs. */
  readonly power: LicensePower;
  /** Returns the command. A refusal counts only when the stream has not accepted this command before. */
  readonly command: (at: Instant) => Commanded | Promise<Commanded>;
  readonly guard?: Guard;
  /** Returns what the answer needs from the license after the command, besides its facts. */
  readonly view?: (license: IssuedLicense) => View;
  /** Personal values that the command refers to. Absent: none besides the reason's text. */
  readonly values?: readonly PersonalValue[];
  /** Refuses the answer to a command that was carried out. */
  readonly refuse?: (events: readonly Recorded[]) => Refusal | null;
  /** Changes the vault after each sending of the command, also of a repeated one. */
  readonly settle?: () => Promise<void>;
};

type Commanded = LicenseCommand | ComposedCommand | Refusal;

/**
 * A license after a change, as of `at`. `events` are those of the command; absent for other changes. With `preview`
 * nothing has changed. `isDerived`: it shows a change that has fallen due and is not recorded yet.
 */
export type ChangedLicense<View = unknown> = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly metadata: object;
  readonly at: Instant;
  readonly isDerived: boolean;
  readonly changed: boolean;
  readonly view: View | undefined;
  readonly events?: readonly Pick<Recorded, 'type' | 'data'>[];
  readonly position: bigint;
  readonly preview?: LicensePreview;
};

/**
 * Sends a command to a license for an organization and returns the license after it. When holders may send it too, the
 * issuer is read first, because the vault stores written texts for the issuer.
 */
export const changeLicense = async <View = undefined>(
  needs: CommandNeeds,
  request: LicenseRequest,
  { power, command, guard, view, values = [], refuse, settle }: LicenseChange<View>,
): Promise<ChangedLicense<View> | Refusal> => {
  const { call, attempt, caller, licenseId, reason } = request;
  const issuerOrgId = await issuerOf(needs, caller, licenseId, power);
  if (issuerOrgId === null) return noSuchLicense;
  const at = needs.now();
  const commanded = await command(at);
  const sending = {
    call,
    attempt,
    actor: actorOf(caller),
    by: licenseActingOf(caller),
    power,
    issuerOrgId,
    licenseId,
    reason,
    ...(guard === undefined ? {} : { guard }),
    values,
    command: isRefusal(commanded) ? { at, compose: () => commanded } : commanded,
  };
  const readMetadata = () => asTenant(needs.pool, caller.organizationId, (db) => metadataOf(db, licenseId));
  if (request.isPreview === true) {
    const previewed = await previewLicense(needs, sending);
    if (isRefusal(previewed)) return previewed;
    const { before: facts, events, isDerived } = previewed.preview;
    const unchanged = { changed: false, view: undefined, metadata: await readMetadata(), at };
    return { facts, isDerived, events, ...unchanged, ...previewed };
  }
  // Metadata is not in the stream and no command here changes it. So both can be read at the same time.
  const [sent, metadata] = await Promise.all([
    sendLicenseCommand(needs, sending, (license) => {
      const issued = issuedLicense(license);
      return { facts: issued.facts, view: view?.(issued) };
    }),
    readMetadata(),
  ]);
  if (isRefusal(sent)) return sent;
  await settle?.();
  const refusal = refuse?.(sent.events) ?? null;
  if (refusal !== null) return refusal;
  const { outcome, revision, position, isDerived, events } = sent;
  return {
    ...sent.view,
    revision,
    metadata,
    at,
    isDerived,
    changed: outcome !== 'unchanged',
    events,
    position: position.commit,
  };
};

/** Returns the schedule of a command that takes effect later, and nothing for a command that takes effect now. */
export const scheduledFor = (effectiveAt: Instant | undefined): { readonly scheduled?: Schedule } =>
  effectiveAt === undefined ? {} : { scheduled: { effectiveAt } };

// When only the issuer may send the command, the caller is the issuer or is refused later.
const issuerOf = async (
  { executor }: CommandNeeds,
  caller: Caller,
  licenseId: string,
  power: LicensePower,
): Promise<string | null> => {
  const { organizationId } = caller;
  if (isForIssuerOnly(caller, power)) return organizationId;
  const products = productsOf(caller);
  return executor.read(licenseAggregate, licenseId, (license) =>
    license.kind !== 'unissued' && isVisible(license.facts, organizationId, products)
      ? license.facts.issuerOrgId
      : null,
  );
};
