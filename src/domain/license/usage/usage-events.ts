import type { Instant } from '../../time.ts';
import type { Ends } from '../endings/ending-events.ts';
import type { Event } from '../message-shapes.ts';
import type { Overrides } from '../overrides/overrides.ts';
import type { LimitStrategy } from '../policy.ts';
import type { Limits } from './usage-limits.ts';

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
    >;
