import { Argument, InvalidArgumentError } from 'commander';

/** Parses an instant (ISO 8601), or how long ago it was, such as 90s, 10m, 2h or 3d. */
export const instantOrAge =
  (nowMs: () => number) =>
  (text: string): Date => {
    const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    if (count !== undefined) return new Date(nowMs() - Number(count) * (unitMs[unit] ?? 0));
    const instant = new Date(text);
    if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(instant.getTime()))
      throw new InvalidArgumentError(
        'Give an age such as 90s, 10m, 2h or 3d, or an instant such as 2026-11-30T08:00:00Z.',
      );
    return instant;
  };

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses a number of lines or events, at least 1. */
export const positiveCount = (text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 to 999999999.');
  return Number(text);
};

/** The queues of the scheduled jobs, in the order of `queueNames`. Loading that function would load BullMQ. */
export const jobQueues = ['ledger', 'ledger-devices', 'ledger-mail', 'ledger-packs'] as const;

/** Returns the argument that names a queue. */
export const queueArgument = (): Argument =>
  new Argument('<queue>', 'the queue, as ledger jobs list names it').choices(jobQueues);
