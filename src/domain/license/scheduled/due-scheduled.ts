import { dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { LicenseFacts } from '../license.ts';

/** Returns the commands that carry out announced tier changes. Other announced changes need no command. */
export const dueTierChanges = ({ scheduled }: LicenseFacts): readonly UpcomingCommand[] =>
  scheduled.flatMap(({ eventId, effectiveAt, change }) =>
    change.kind === 'TIER' ? [dueFrom(effectiveAt, { type: 'CarryOutScheduled', data: { eventId } })] : [],
  );
