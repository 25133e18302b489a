import { licenseAggregate } from '../../../aggregates/aggregates.ts';
import type { LicenseEvent } from '../../../domain/license/events.ts';
import type { License, LicenseFacts } from '../../../domain/license/license.ts';
import { noSuchLicense, refuseBeyondProducts } from '../../../domain/license/license-authority.ts';
import { isUnsettled } from '../../../domain/license/settle.ts';
import { type Losses, lossesOf, previewChange } from '../../../domain/license/tiers/change-preview.ts';
import type { Instant } from '../../../domain/time.ts';
import type { Moment } from '../../../eventstore/executor/waiting.ts';
import { contextOf } from '../../command-context.ts';
import { isRefusal, type Refusal } from '../../refusal.ts';
import { type CommandNeeds, commandsOf, type LicenseSending, refuseSender } from '../send-license-command.ts';

/** What a change would do to a license. */
export type LicensePreview = {
  readonly before: LicenseFacts;
  readonly after: LicenseFacts;
  /** When the change would take effect. */
  readonly effectiveAt: Instant;
  readonly events: readonly LicenseEvent[];
  readonly losses: Losses;
  /** True when `before` shows a change that no event records yet. */
  readonly isDerived: boolean;
};

/** The preview, with the revision and position of the stream that it was decided on. */
export type Previewed = { readonly preview: LicensePreview; readonly revision: bigint; readonly position: bigint };

/**
 * Returns what a command would do to a license on its current state, or the refusal that it would get. Appends nothing
 * and stores nothing.
 */
export const previewLicense = async (
  { executor }: CommandNeeds,
  sending: LicenseSending,
): Promise<Previewed | Refusal> => {
  const { licenseId, command } = sending;
  let preview: LicensePreview | null = null;
  // The executor takes this for a command that changes nothing, and checks the required revision.
  const decide = (license: License, { at }: Moment): Refusal | readonly [] => {
    const decided = previewOf(sending, license, at);
    if (isRefusal(decided)) return decided;
    preview = decided;
    return [];
  };
  const context = contextOf(sending, command.at);
  const sent = await executor.execute(licenseAggregate, licenseId, decide, { context, view: () => preview });
  if ('rejected' in sent) return sent;
  const { view, revision, position } = sent;
  if (view === null) throw new Error('A preview was decided, and is missing.');
  return { preview: view, revision, position: position.commit };
};

const previewOf = (sending: LicenseSending, license: License, at: Instant): LicensePreview | Refusal => {
  const commands = refuseSender(sending, license, at) ?? commandsOf(sending.command, license, at);
  if (isRefusal(commands)) return commands;
  if (license.kind === 'unissued') return noSuchLicense;
  const preview = previewChange(commands, license, at);
  if ('rejected' in preview) return preview;
  const { before, after, decided, effectiveAt, events } = preview;
  const beyond = refuseBeyondProducts(before.facts, decided.facts, sending.by);
  if (beyond !== null) return beyond;
  const isDerived = isUnsettled(license.facts, at);
  return { before: before.facts, after: after.facts, effectiveAt, events, losses: lossesOf(preview), isDerived };
};
