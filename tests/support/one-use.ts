import type { CommandOf } from '../../src/domain/license/commands.ts';
import type { UsageEntry } from '../../src/domain/license/usage/usage-events.ts';

type Use = Omit<UsageEntry, 'commandId'> & { readonly meter: string };

/** Returns the data of a command that records one use. The use of an id always belongs to the same command. */
export const oneUse = ({ meter, ...use }: Use): CommandOf<'RecordUsage'>['data'] => ({
  meter,
  entries: [{ ...use, commandId: `command-${use.usageId}` }],
});
