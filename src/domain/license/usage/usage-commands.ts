import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';
import type { LimitOverrides } from '../overrides/overrides.ts';
import type { LimitStrategy } from '../policy.ts';
import type { UsageEntry } from './usage-events.ts';
import type { Limits } from './usage-limits.ts';
import type { CounterOfEvent, RecentUse } from './usage-notes.ts';

/** Commands about usage limits and metered usage. */
export type UsageCommand =
  /** `strategy` overrides the strategy of the policy. `overrides`: those of `limits` that the issuer names. */
  | Command<
      'ChangeLimits',
      { readonly limits: Limits; readonly strategy?: LimitStrategy; readonly overrides?: LimitOverrides }
    >
  /**
   * Records usage of one meter, and corrections of it. Each entry is judged alone. `earlier`: what the read models know
   * about the ids of the entries; absent: the stream alone decides.
   */
  | Command<
      'RecordUsage',
      { readonly meter: string; readonly entries: readonly SentUsage[]; readonly earlier?: EarlierUses }
    >
  /** Puts the counter of a meter back to 0. */
  | Command<'ResetUsage', { readonly meter: string }>;

/** Usage that a client sends, or a correction of it. */
export type SentUsage = UsageEntry & {
  /** The `usageId` of the usage that this one corrects, with a quantity below 0. Absent: it is no correction. */
  readonly corrects?: string;
  /**
   * The usage was not counted before this instant, or before `occurredAt` when that is earlier. Absent: `occurredAt`
   * alone says so.
   */
  readonly attemptedSince?: Instant;
};

/** What the read models know about some usage ids of one meter. */
export type EarlierUses = {
  /** The ids that were counted, as far as the read models are. */
  readonly uses: readonly EarlierUse[];
  /** How many events about usage of the license the read models contain. */
  readonly events: number;
};

/** Usage that was counted, or a correction. `number` is that of its event. */
export type EarlierUse = RecentUse & {
  readonly usageId: string;
  /** The counter that counted it, as far as the read models are. Absent: they do not know it. */
  readonly counted?: CounterOfEvent & {
    /** How much corrections have taken back. */
    readonly corrected: number;
    /** True: a reset has taken it away. */
    readonly wasReset: boolean;
  };
};
