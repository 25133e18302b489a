import type { DeviceEvent } from './devices/device-events.ts';
import type { EndingEvent } from './endings/ending-events.ts';
import type { GrantEvent } from './grants/grant-events.ts';
import type { IssueEvent } from './issue/issue-events.ts';
import type { KeyEvent } from './keys/key-events.ts';
import type { ScheduledEvent } from './scheduled/scheduled-events.ts';
import type { SeatEvent } from './seats/seat-events.ts';
import type { SuspensionEvent } from './suspension/suspension-events.ts';
import type { TermEvent } from './term/term-events.ts';
import type { TierEvent } from './tiers/tier-events.ts';
import type { TransferEvent } from './transfer/transfer-events.ts';
import type { UsageEvent } from './usage/usage-events.ts';

/**
 * Everything that can happen to a license. These names and fields are the stored format, version 1: add, never rename
 * or repurpose. Instants are UTC with milliseconds; numbers are safe integers, never floats. No event contains a
 * license key, a name, an e-mail address or a host name.
 */
export type LicenseEvent =
  | IssueEvent
  | TermEvent
  | ScheduledEvent
  | SuspensionEvent
  | DeviceEvent
  | SeatEvent
  | UsageEvent
  | GrantEvent
  | TierEvent
  | KeyEvent
  | TransferEvent
  | EndingEvent;

/** The license event of this type. */
export type EventOf<Type extends LicenseEvent['type']> = Extract<LicenseEvent, { type: Type }>;

/** The first event of a license. */
export type FirstEvent = EventOf<'LicenseIssued' | 'LicenseImported'>;

/** An event of a license that exists already. */
export type LaterEvent = Exclude<LicenseEvent, FirstEvent>;
