import { SignupPolicyUnusable } from '../../application/accounts/signup-offer.ts';
import { Unfinished } from '../../application/after-append.ts';
import { NotProjected, notProjected } from '../../application/reading/parked-license.ts';
import { WaitedTooLong } from '../../async/keyed-queue.ts';
import { TooManyItems } from '../../async/paced-batches.ts';
import { saysDiskFull } from '../../eventstore/disk-full.ts';
import { NewerEvent } from '../../eventstore/envelope.ts';
import { AppendTooLarge, OutcomeUnknown, StoreFull, StoreUnavailable } from '../../eventstore/event-store.ts';
import { ClockDiffers } from '../../eventstore/executor/guard-commands.ts';
import { Overloaded } from '../../eventstore/executor/stream-queue.ts';
import { TooManyLogins } from '../../identity/passwords.ts';
import { isLostConnection } from '../../postgres/lost-connection.ts';
import { internalProblem, type Problem, problem, problemForNow, refused } from './problems.ts';
import type { UnavailableCause } from './unavailable-causes.ts';

/**
 * Returns the problem that a client gets for an error: a temporary failure with Retry-After, and everything else as an
 * internal error. The log has the error itself.
 */
export const problemOfFailure = (error: unknown): Problem => {
  if (error instanceof AppendTooLarge) return tooLargeForStore;
  if (error instanceof ClockDiffers) return problemForNow('UNAVAILABLE', error.message, 10, 'CLOCK');
  if (error instanceof WaitedTooLong) return problemForNow('UNAVAILABLE', error.message, 1, 'CONTENTION');
  if (error instanceof Unfinished) return problemForNow('UNAVAILABLE', error.message, 1, 'UNFINISHED');
  if (error instanceof Overloaded || error instanceof TooManyItems)
    return problemForNow('UNAVAILABLE', 'Too many commands are waiting. Try again.', 1, 'COMMANDS_WAITING');
  if (error instanceof StoreFull) return storeDiskFull('Nothing was changed.');
  if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown) {
    if (saysDiskFull(error)) return storeDiskFull('The request may have been carried out.');
    const cause = error instanceof OutcomeUnknown ? 'OUTCOME_UNKNOWN' : 'EVENT_STORE';
    const detail = 'The event store does not answer. Repeat with the same Idempotency-Key.';
    return problemForNow('UNAVAILABLE', detail, 2, cause);
  }
  if (error instanceof TooManyLogins) {
    const detail = 'Too many passwords are being checked. Try again.';
    return problemForNow('UNAVAILABLE', detail, error.retryAfterSeconds, 'PASSWORDS');
  }
  if (error instanceof SignupPolicyUnusable) {
    const detail = 'Nobody can sign up at the moment. Try again later.';
    return problemForNow('UNAVAILABLE', detail, error.retryAfterSeconds, 'SIGNUP_POLICY');
  }
  if (error instanceof NewerEvent) {
    return problemForNow(
      'UNAVAILABLE',
      'A newer release of the server has changed this, and this process cannot read it. Nothing was changed. Try again.',
      5,
      'NEWER_RELEASE',
    );
  }
  if (error instanceof NotProjected) return refused(notProjected);
  if (isNotLevel(error)) return problemForNow('NOT_PROJECTED_YET', error.message, 5, 'NOT_LEVEL');
  const ofDatabase = databaseFailure(error);
  if (ofDatabase !== null) return problemForNow('UNAVAILABLE', ofDatabase.detail, 2, ofDatabase.cause);
  return internalProblem;
};

const storeDiskFull = (outcome: string): Problem =>
  problemForNow(
    'UNAVAILABLE',
    `The disk of the event store is full. ${outcome} Repeat with the same Idempotency-Key once the operator has freed space.`,
    30,
    'EVENT_STORE_DISK',
  );

const tooLargeForStore = problem(
  'BODY_TOO_LARGE',
  'The events of this request are too large for one append. Nothing was changed. Change less in one request.',
);

// The message of ops.require_read_models says why, and how far the build is.
const isNotLevel = (error: unknown): error is Error =>
  error instanceof Error && 'constraint' in error && error.constraint === 'read_models';

type DatabaseFailure = { readonly cause: UnavailableCause; readonly detail: string };

/**
 * Returns what failed when the connection was lost, Postgres cannot write, or it canceled the statement or could not
 * lock in time. Returns null for another error.
 */
const databaseFailure = (error: unknown): DatabaseFailure | null => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '57014' || (error instanceof Error && /^Query read timeout/i.test(error.message)))
    return {
      cause: 'DATABASE_TIMEOUT',
      detail: 'The database took too long. Try again.',
    };
  if (code === '55P03')
    return {
      cause: 'DATABASE_LOCK',
      detail: 'The request waited too long for another one in the database. Try again.',
    };
  const ofWriting = writingFailures[code];
  if (ofWriting !== undefined) return ofWriting;
  if (!isLostConnection(error)) return null;
  return { cause: 'DATABASE_CONNECTION', detail: 'The database does not answer. Try again.' };
};

// By SQLSTATE: disk_full, io_error and read_only_sql_transaction.
const writingFailures: Readonly<Record<string, DatabaseFailure>> = {
  53100: {
    cause: 'DATABASE_DISK',
    detail: 'The disk of the database is full. Try again once the operator has freed space.',
  },
  58030: {
    cause: 'DATABASE_DISK',
    detail: 'The disk of the database fails. Try again once the operator has repaired it.',
  },
  25006: { cause: 'DATABASE_READ_ONLY', detail: 'The database accepts no writes at the moment. Try again.' },
};
