import type { Instant } from '../time.ts';
import type { CommandOf } from './commands.ts';

/**
 * A command that the worker sends when it falls due, without its instant. The worker adds what the license becomes
 * when a trial ends.
 */
export type Due =
  | Omit<CommandOf<'CarryOutScheduled'>, 'at'>
  | Omit<CommandOf<'Remind'>, 'at'>
  | Omit<CommandOf<'Expire'>, 'at'>
  | Omit<CommandOf<'EndGrace'>, 'at'>
  | Omit<CommandOf<'RetireKey'>, 'at'>
  | Omit<CommandOf<'AnnounceEnded'>, 'at'>
  | Omit<CommandOf<'EndSuspension'>, 'at'>
  | Omit<CommandOf<'EndEntitlements'>, 'at'>
  | { readonly type: 'EndTrial'; readonly data: Omit<CommandOf<'EndTrial'>['data'], 'downgrade'> };

/** A command that is due in `[from, before)`; `before` null: until it is done. */
export type UpcomingCommand = { readonly due: Due; readonly from: Instant; readonly before: Instant | null };

/** Returns a command that is due from an instant until it is done. */
export const dueFrom = (from: Instant, due: Due): UpcomingCommand => ({ due, from, before: null });
