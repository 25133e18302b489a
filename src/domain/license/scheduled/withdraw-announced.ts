import type { Instant } from '../../time.ts';
import type { EventOf } from '../events.ts';
import type { LicenseFacts, Scheduled } from '../license.ts';
import type { SuspensionReason } from '../suspension/suspension-events.ts';

/** The withdrawal of an announced change, in the append of the fact that overtakes it. */
export type Withdrawal = EventOf<'ScheduledChangeCancelled'>;

/**
 * Returns the withdrawals of the announced changes that are still to come at `at` and that `isOvertaken` selects, in
 * the order of their announcement. What has fallen due is in force: a command is decided after it.
 */
export const withdrawals = (
  { scheduled }: Pick<LicenseFacts, 'scheduled'>,
  at: Instant,
  isOvertaken: (announced: Scheduled) => boolean,
): readonly Withdrawal[] =>
  scheduled
    .filter((announced) => announced.effectiveAt > at && isOvertaken(announced))
    .map(({ eventId }) => ({ type: 'ScheduledChangeCancelled', data: { eventId } }));

/** Returns the withdrawals of all changes of a kind that are still to come, such as before the kind is announced anew. */
export const withdrawKind = (
  facts: Pick<LicenseFacts, 'scheduled'>,
  kind: Exclude<Scheduled['change']['kind'], 'SUSPENSION'>,
  at: Instant,
): readonly Withdrawal[] => withdrawals(facts, at, ({ change }) => change.kind === kind);

/** Returns the withdrawals of the suspensions for this reason that are still to come, such as after a payment. */
export const withdrawSuspensions = (
  facts: Pick<LicenseFacts, 'scheduled'>,
  reasonCode: SuspensionReason,
  at: Instant,
): readonly Withdrawal[] =>
  withdrawals(facts, at, ({ change }) => change.kind === 'SUSPENSION' && change.reasonCode === reasonCode);
