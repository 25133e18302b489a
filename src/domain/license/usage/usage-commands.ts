import type { Instant } from '../../time.ts';
import type { Command } from '../message-shapes.ts';
import type { LimitOverrides } from '../overrides/overrides.ts';
import type { LimitStrategy } from '../policy.ts';
import type { Limits } from './usage-limits.ts';

/** Commands about usage limits and metered usage. */
export type UsageCommand =
  /** `strategy` overrides the strategy of the policy. `overrides`: those of `limits` that the issuer names. */
  | Command<
      'ChangeLimits',
      { readonly limits: Limits; readonly strategy?: LimitStrategy; readonly overrides?: LimitOverrides }
    >
  /** `occurredAt`: as the client says. */
  | Command<
      'RecordUsage',
      { readonly meter: string; readonly quantity: number; readonly usageId: string; readonly occurredAt: Instant }
    >;
