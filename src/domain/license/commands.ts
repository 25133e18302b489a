import type { Decision } from '../decider.ts';
import type { DeviceCommand } from './devices/device-commands.ts';
import type { EndingCommand } from './endings/ending-commands.ts';
import type { LicenseEvent } from './events.ts';
import type { GrantCommand } from './grants/grant-commands.ts';
import type { IssueCommand } from './issue/issue-commands.ts';
import type { KeyCommand } from './keys/key-commands.ts';
import type { ScheduledCommand } from './scheduled/scheduled-commands.ts';
import type { SeatCommand } from './seats/seat-commands.ts';
import type { SuspensionCommand } from './suspension/suspension-commands.ts';
import type { TermCommand } from './term/term-commands.ts';
import type { TierCommand } from './tiers/tier-commands.ts';
import type { TransferCommand } from './transfer/transfer-commands.ts';
import type { UsageCommand } from './usage/usage-commands.ts';

/** Commands of the license stream. The caller creates their ids and hashes. */
export type LicenseCommand =
  | IssueCommand
  | TermCommand
  | ScheduledCommand
  | SuspensionCommand
  | DeviceCommand
  | SeatCommand
  | UsageCommand
  | GrantCommand
  | TierCommand
  | KeyCommand
  | TransferCommand
  | EndingCommand;

/** The license command of this type. */
export type CommandOf<Type extends LicenseCommand['type']> = Extract<LicenseCommand, { type: Type }>;

/** Why a license command is refused. `src/api/problems/problems.ts` has the HTTP meaning of each. */
export type LicenseRejection =
  | 'LICENSE_NOT_FOUND'
  | 'LICENSE_REVOKED'
  | 'LICENSE_SUSPENDED'
  | 'LICENSE_EXPIRED'
  | 'LICENSE_NOT_STARTED'
  | 'PRODUCT_NOT_LICENSED'
  | 'ACTIVATION_LIMIT_EXCEEDED'
  | 'ACTIVATION_NOT_FOUND'
  | 'DEACTIVATION_LIMIT'
  | 'COOLDOWN_ACTIVE'
  | 'SEAT_LIMIT_EXCEEDED'
  | 'USER_LIMIT_EXCEEDED'
  | 'USER_NOT_ASSIGNED'
  | 'ENVIRONMENT_MISMATCH'
  | 'ENVIRONMENT_SCOPE_REQUIRED'
  | 'USER_SCOPE_REQUIRED'
  | 'COMPONENTS_REQUIRED'
  | 'COMPONENTS_MISMATCH'
  | 'DEVICE_ACTIVE_ELSEWHERE'
  | 'VERSION_NOT_ENTITLED'
  | 'QUOTA_EXCEEDED'
  | 'USAGE_ID_REUSED'
  | 'USAGE_NOT_FOUND'
  | 'CORRECTION_EXCEEDS_USAGE'
  | 'USAGE_TIMESTAMP_OUT_OF_RANGE'
  | 'RATE_LIMITED'
  | 'NOT_PROJECTED_YET'
  | 'HOLDER_CONSENT_REQUIRED'
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'INVALID_REQUEST'
  | 'TERM_INVALID'
  | 'TERM_NOT_LATER'
  | 'BILLING_REF_REUSED'
  | 'ENTITLEMENT_FROM_POLICY'
  | 'LIMIT_INVALID';

/** The events of a license command (none: it changes nothing), or why it is refused. */
export type LicenseDecision = Decision<LicenseEvent, LicenseRejection>;
