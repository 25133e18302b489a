import type { Instant } from '../../time.ts';
import type { Ends } from '../endings/ending-events.ts';
import type { Event } from '../message-shapes.ts';
import type { Overrides } from '../overrides/overrides.ts';
import type { LimitStrategy } from '../policy.ts';
import type { MeterResets } from './meter-rules.ts';
import type { Limit, Limits } from './usage-limits.ts';

/** Events about usage limits and metered usage, stored as they are: add, never rename or repurpose. */
export type UsageEvent =
  | Event<
      'LicenseLimitsChanged',
      {
        readonly before: Limits;
        readonly after: Limits;
        readonly strategy: LimitStrategy;
        readonly ends?: Ends;
        /** What the license has in addition to its policy after the issuer set limits; absent: the same as before. */
        readonly overrides?: Overrides;
      }
    >
  | Event<
      'UsageRecorded',
      {
        readonly meter: string;
        readonly quantity: number;
        readonly usageId: string;
        /** As the client says; evidence, never used in a guard. */
        readonly occurredAt: Instant;
        readonly totalAfter: number;
        readonly limit: number;
        readonly overage: boolean;
      }
    >
  /** Usage of one meter that was accepted together. Releases before this event recorded each use as `UsageRecorded`. */
  | Event<
      'UsageBatchRecorded',
      {
        readonly meter: string;
        /** What ends the period of this counter. Absent: TERM. */
        readonly resets?: Exclude<MeterResets, 'TERM'>;
        /** The start of the counter that the entries count for. */
        readonly periodStart: Instant;
        /**
         * When that counter begins at 0 again, or the end of the last term; null: neither has an instant, because the
         * term is perpetual or has ended. The counter of a term goes on after its end until a renewal. With `resets` it is
         * the end of the period of the calendar, or the start of the next renewed term when that is earlier; null for NEVER.
         * The end of the last term, which can still move, ends a period of the calendar, too.
         */
        readonly periodEnd: Instant | null;
        readonly entries: readonly UsageEntry[];
        /** The total after the last entry. */
        readonly totalAfter: number;
        readonly limit: Limit;
        /** Whether the total exceeds the limit. */
        readonly overage: boolean;
      }
    >
  /** Corrections of usage of one meter that were accepted together. */
  | Event<
      'UsageCorrected',
      {
        readonly meter: string;
        readonly entries: readonly CorrectionEntry[];
        /** The total of the running period after the last entry. Corrections of other periods do not change it. */
        readonly totalAfter: number;
        readonly limit: Limit;
        /** Whether the total exceeds the limit. */
        readonly overage: boolean;
      }
    >
  /** An administrator put the counter of a meter back to 0. The envelope has the reason. */
  | Event<
      'UsageReset',
      {
        readonly meter: string;
        /** What ends the period of this counter. Absent: TERM. */
        readonly resets?: Exclude<MeterResets, 'TERM'>;
        /** The period of the counter, as `UsageBatchRecorded` states it. */
        readonly periodStart: Instant;
        readonly periodEnd: Instant | null;
        /** The total before the reset. */
        readonly from: number;
      }
    >;

/** One accepted use of a meter. */
export type UsageEntry = {
  readonly usageId: string;
  readonly quantity: number;
  /** As the client says. It must lie in a range, and decides nothing about the quota. */
  readonly occurredAt: Instant;
  /** The command that this use belongs to. A repetition of it is answered as the first time. */
  readonly commandId: string;
};

/** One accepted correction. It lowers the period that the corrected usage was counted in. */
export type CorrectionEntry = {
  readonly usageId: string;
  /** The `usageId` of the corrected usage. */
  readonly corrects: string;
  /** Less than 0: how much is taken back. */
  readonly quantity: number;
  /** As the client says. It must lie in a range, and decides nothing. */
  readonly occurredAt: Instant;
  /** The command that this correction belongs to. A repetition of it is answered as the first time. */
  readonly commandId: string;
  /** When the corrected usage was recorded. */
  readonly countedAt: Instant;
  /** The number of the event that recorded it, among the events of the license about usage, from 1 on. */
  readonly countedBy: number;
  /** The number of the first event that the corrected counter counted. It identifies the counter. */
  readonly counter: number;
  /** What ends the period of that counter. Absent: TERM. */
  readonly resets?: Exclude<MeterResets, 'TERM'>;
  /** The period of that counter, as `UsageBatchRecorded` states it. */
  readonly periodStart: Instant;
  readonly periodEnd: Instant | null;
  /** True: a reset has taken the usage away before, so the correction lowers nothing. Absent: it lowers the counter. */
  readonly afterReset?: true;
};
