import type { Instant } from '../../time.ts';
import type { Ends } from '../endings/ending-events.ts';
import type { Event } from '../message-shapes.ts';
import type { Overrides } from '../overrides/overrides.ts';
import type { Limit } from '../usage/usage-limits.ts';
import type { Entitlement, EntitlementName } from './entitlement.ts';

/** Events about what a license grants and to whom, stored as they are: add, never rename or repurpose. */
export type GrantEvent =
  | Event<
      'UserAssigned',
      { readonly userRef: string; readonly countAfter: number; readonly limit: Limit; readonly overage: boolean }
    >
  /** `ends`: the seats and devices of the user. The user may have been unassigned before: an event then ends what was left. */
  | Event<
      'UserUnassigned',
      {
        readonly userRef: string;
        readonly cause: UnassignmentCause;
        readonly countAfter: number;
        readonly ends?: Ends;
      }
    >
  /** A source grants a code, or with `withheld` a grant withholds it. It replaces what the source said before. */
  | Event<'EntitlementGranted', Entitlement>
  | Event<'EntitlementRevoked', EntitlementName>
  /**
   * An entitlement ended by itself at `until`, which is the `effectiveAt` too. The license still lists it. `withheld`: it
   * withheld its code; absent: it granted it. `more`: a later append announces others with this end; absent: none does.
   */
  | Event<
      'EntitlementEnded',
      EntitlementName & { readonly until: Instant; readonly withheld?: true; readonly more?: true }
    >
  /** `overrides`: those of the license when the issuer added the product; absent: the same as before. */
  | Event<'ProductAdded', { readonly product: string; readonly overrides?: Overrides }>
  /** `overrides`: those of the license when the issuer removed the product; absent: the same as before. */
  | Event<'ProductRemoved', { readonly product: string; readonly ends?: Ends; readonly overrides?: Overrides }>;

/** Lists why a user is unassigned. */
export const unassignmentCauses = ['ADMIN', 'USER', 'LIMIT_LOWERED', 'TRANSFER', 'LICENSE_REVOKED'] as const;
export type UnassignmentCause = (typeof unassignmentCauses)[number];
