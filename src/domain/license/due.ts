import { type Instant, toMs } from '../time.ts';
import type { CommandOf } from './commands.ts';
import type { LicenseFacts } from './license.ts';
import { graceUntil } from './status.ts';
import { reminderDueAt } from './term/decide-reminders.ts';

/** What the worker is to send, without its instant; of a trial's end also without what the license becomes. */
export type Due =
  | Omit<CommandOf<'CarryOutScheduled'>, 'at'>
  | Omit<CommandOf<'Remind'>, 'at'>
  | Omit<CommandOf<'Expire'>, 'at'>
  | Omit<CommandOf<'EndGrace'>, 'at'>
  | Omit<CommandOf<'RetireKey'>, 'at'>
  | Omit<CommandOf<'AnnounceEnded'>, 'at'>
  | { readonly type: 'EndTrial'; readonly data: Omit<CommandOf<'EndTrial'>['data'], 'downgrade'> };

/**
 * The commands that are due at `at`, in the order in which they fell due. One of them may change what is due after it (a
 * tier change, a trial's end), so ask again after each. One that is refused stays due.
 */
export const dueCommands = (facts: LicenseFacts, at: Instant): readonly Due[] =>
  comingUp(facts)
    .filter(({ from, before }) => from <= at && (before === null || at < before))
    .toSorted((a, b) => toMs(a.from) - toMs(b.from))
    .map(({ due }) => due);

/**
 * Returns the earliest instant at which any command is due as the license is now, which may have passed; with `after`,
 * the earliest one later than that. Returns null when there is none.
 */
export const nextDueAt = (facts: LicenseFacts, after: Instant | null = null): Instant | null =>
  comingUp(facts)
    .map(({ from }) => from)
    .filter((from) => after === null || from > after)
    .toSorted()
    .at(0) ?? null;

/** Due in `[from, before)`; `before` null: until it is done. */
type ComingUp = { readonly due: Due; readonly from: Instant; readonly before: Instant | null };

// Of what falls due at one instant the first is sent first: a tier that was announced for the end of a trial comes before
// what the trial would end in.
const comingUp = (facts: LicenseFacts): readonly ComingUp[] =>
  facts.revokedAt === null
    ? [...unannounced(facts), ...scheduledChanges(facts), ...endOfTerm(facts), ...retiredKeys(facts)]
    : unannounced(facts);

const unannounced = ({ endings: [oldest] }: LicenseFacts): readonly ComingUp[] =>
  oldest === undefined ? [] : [always({ type: 'AnnounceEnded', data: {} }, oldest.effectiveAt)];

const scheduledChanges = ({ scheduled }: LicenseFacts): readonly ComingUp[] =>
  scheduled.flatMap(({ eventId, effectiveAt, change }) =>
    change.kind === 'TIER' ? [always({ type: 'CarryOutScheduled', data: { eventId } }, effectiveAt)] : [],
  );

const endOfTerm = (facts: LicenseFacts): readonly ComingUp[] => {
  const { number: termNumber, expiresAt } = facts.term;
  if (expiresAt === null) return [];
  const { policy, announcedTerm, graceEndedTerm } = facts;
  if (policy.type === 'TRIAL' && policy.trialEnd === 'DOWNGRADE')
    return [...reminders(facts, expiresAt), always({ type: 'EndTrial', data: { termNumber } }, expiresAt)];

  const graceEndsAt = graceUntil(facts);
  const grace =
    graceEndsAt === null || graceEndedTerm >= termNumber
      ? []
      : [always({ type: 'EndGrace', data: { termNumber } }, graceEndsAt)];
  if (announcedTerm >= termNumber) return grace;
  return [...reminders(facts, expiresAt), always({ type: 'Expire', data: { termNumber } }, expiresAt), ...grace];
};

const reminders = (facts: LicenseFacts, expiresAt: Instant): readonly ComingUp[] =>
  facts.policy.remindBefore.flatMap((offset) => {
    const from = reminderDueAt(facts, offset);
    const due: Due = { type: 'Remind', data: { termNumber: facts.term.number, offset } };
    return from === null ? [] : [{ due, from, before: expiresAt }];
  });

const retiredKeys = ({ keyOverlaps }: LicenseFacts): readonly ComingUp[] =>
  keyOverlaps.map(({ keyVersion, until }) => always({ type: 'RetireKey', data: { keyVersion } }, until));

const always = (due: Due, from: Instant): ComingUp => ({ due, from, before: null });
