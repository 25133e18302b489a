import type { CatalogRejection } from '../domain/catalog/commands.ts';
import type { Rejection } from '../domain/decider.ts';
import type { LicenseRejection } from '../domain/license/commands.ts';
import type { OrganizationRejection } from '../domain/organization/commands.ts';
import type { ReservationRejection } from '../domain/reservation/reservation.ts';
import type { ExecuteRejection } from '../eventstore/executor/waiting.ts';

/** The codes of refusals. src/api/problems/problems.ts has their HTTP statuses. */
export type RefusalCode =
  | LicenseRejection
  | OrganizationRejection
  | CatalogRejection
  | ReservationRejection
  | ExecuteRejection
  | 'CONFIRMATION_REQUIRED'
  | 'EMAIL_TAKEN'
  | 'IDEMPOTENCY_IN_FLIGHT'
  | 'NOT_IN_CHECKPOINT_YET'
  | 'NOT_PROJECTED_YET'
  | 'OFFER_LIMIT_EXCEEDED'
  | 'PASSWORD_REQUIRED'
  | 'SIGNUP_CLOSED'
  | 'UNAUTHENTICATED';

/** The refusal of an operation. `place` leads to the wrong member of the operation's input. */
export type Refusal = Rejection<RefusalCode> & {
  /** Values that help the caller to continue, by name. */
  readonly details?: Readonly<Record<string, unknown>>;
};

/** Returns true for a refusal, false for the result of an operation that was carried out. */
export const isRefusal = (result: object): result is Refusal => 'rejected' in result;
