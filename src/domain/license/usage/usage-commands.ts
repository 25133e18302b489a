import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';
import type { LimitOverrides } from '../overrides/overrides.ts';
import type { LimitStrategy } from '../policy.ts';
import type { UsageEntry } from './usage-events.ts';
import type { Limits } from './usage-limits.ts';

/** Commands about usage limits and metered usage. */
export type UsageCommand =
  /** `strategy` overrides the strategy of the policy. `overrides`: those of `limits` that the issuer names. */
  | Command<
      'ChangeLimits',
      { readonly limits: Limits; readonly strategy?: LimitStrategy; readonly overrides?: LimitOverrides }
    >
  /**
   * Records usage of one meter. Each entry is judged alone. `earlier`: what the read models know about the ids of the
   * entries; absent: the stream alone decides.
   */
  | Command<
      'RecordUsage',
      { readonly meter: string; readonly entries: readonly SentUsage[]; readonly earlier?: EarlierUses }
    >;

/** Usage that a client sends. */
export type SentUsage = UsageEntry & {
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

/** Usage that was counted. `commandId` is null for usage of earlier releases. */
export type EarlierUse = {
  readonly usageId: string;
  readonly quantity: number;
  readonly commandId: string | null;
  readonly recordedAt: Instant;
};
