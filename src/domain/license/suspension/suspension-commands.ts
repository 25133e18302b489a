import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';
import type { Schedule } from '../scheduled/scheduled-commands.ts';
import type { SuspensionReason } from './suspension-events.ts';

/** Commands about suspensions. */
export type SuspensionCommand =
  /** `scheduled`: the suspension starts later, for example while a failed payment may still arrive. */
  | Command<
      'Suspend',
      { readonly reasonCode: SuspensionReason; readonly until: Instant | null; readonly scheduled?: Schedule }
    >
  | Command<'Reinstate', Record<never, never>>
  /** The worker sends it: announces that the suspension ended by itself at `until`. */
  | Command<'EndSuspension', { readonly until: Instant }>;
