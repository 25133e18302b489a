import { dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { LicenseFacts } from '../license.ts';

/** Returns the command that announces ended devices, leases and users, due from the oldest decisive event on. */
export const dueAnnouncements = ({ endings: [oldest] }: LicenseFacts): readonly UpcomingCommand[] =>
  oldest === undefined ? [] : [dueFrom(oldest.effectiveAt, { type: 'AnnounceEnded', data: {} })];
