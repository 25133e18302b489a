import { dueFrom, type UpcomingCommand } from '../due-command.ts';
import type { LicenseFacts } from '../license.ts';

/** Returns the commands that announce the end of rotated keys, due from the end of their overlap on. */
export const dueKeyRetirements = ({ keyOverlaps }: LicenseFacts): readonly UpcomingCommand[] =>
  keyOverlaps.map(({ keyVersion, until }) => dueFrom(until, { type: 'RetireKey', data: { keyVersion } }));
