import { SignupPolicyUnusable } from '../../application/accounts/signup-offer.ts';
import { Unfinished } from '../../application/after-append.ts';
import { NotProjected, notProjected } from '../../application/reading/parked-license.ts';
import { WaitedTooLong } from '../../async/keyed-queue.ts';
import { TooManyItems } from '../../async/paced-batches.ts';
import { NewerEvent } from '../../eventstore/envelope.ts';
import { AppendTooLarge, OutcomeUnknown, StoreUnavailable } from '../../eventstore/event-store.ts';
import { ClockDiffers } from '../../eventstore/executor/guard-commands.ts';
import { Overloaded } from '../../eventstore/executor/stream-queue.ts';
import { TooManyLogins } from '../../identity/passwords.ts';
import { isLostConnection } from '../../postgres/lost-connection.ts';
import { internalProblem, type Problem, problem, problemForNow, refused } from './problems.ts';

/**
 * Returns the problem that a client gets for an error: a temporary failure with Retry-After, and everything else as an
 * internal error. The log has the error itself.
 */
export const problemOfFailure = (error: unknown): Problem => {
  if (error instanceof AppendTooLarge) return tooLargeForStore;
  if (error instanceof ClockDiffers) return problemForNow('UNAVAILABLE', error.message, 10);
  if (error instanceof WaitedTooLong || error instanceof Unfinished)
    return problemForNow('UNAVAILABLE', error.message, 1);
  if (error instanceof Overloaded || error instanceof TooManyItems)
    return problemForNow('UNAVAILABLE', 'Too many commands are waiting. Try again.', 1);
  if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown) {
    return problemForNow('UNAVAILABLE', 'The event store does not answer. Repeat with the same Idempotency-Key.', 2);
  }
  if (error instanceof TooManyLogins) {
    return problemForNow('UNAVAILABLE', 'Too many passwords are being checked. Try again.', error.retryAfterSeconds);
  }
  if (error instanceof SignupPolicyUnusable) {
    return problemForNow('UNAVAILABLE', 'Nobody can sign up at the moment. Try again later.', error.retryAfterSeconds);
  }
  if (error instanceof NewerEvent) {
    return problemForNow(
      'UNAVAILABLE',
      'A newer release of the server has changed this, and this process cannot read it. Nothing was changed. Try again.',
      5,
    );
  }
  if (error instanceof NotProjected) return refused(notProjected);
  if (isNotLevel(error)) return problemForNow('NOT_PROJECTED_YET', error.message, 5);
  if (isLostDatabase(error)) return problemForNow('UNAVAILABLE', 'The database does not answer. Try again.', 2);
  return internalProblem;
};

const tooLargeForStore = problem(
  'BODY_TOO_LARGE',
  'The events of this request are too large for one append. Nothing was changed. Change less in one request.',
);

// The message of ops.require_read_models says why, and how far the build is.
const isNotLevel = (error: unknown): error is Error =>
  error instanceof Error && 'constraint' in error && error.constraint === 'read_models';

/** Returns true when the connection was lost, or Postgres canceled the statement or could not lock in time. */
const isLostDatabase = (error: unknown): boolean =>
  isLostConnection(error) ||
  (error instanceof Error && 'code' in error && /^(?:57014|55P03)$/.test(String(error.code)));
