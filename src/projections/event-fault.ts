import pg from 'pg';
import { NewerEvent } from '../eventstore/envelope.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { MissingRows, UnmakeableRow } from './tables/rows.ts';

/**
 * Returns true when an event of the batch causes the error, so that a retry fails in the same way. No event causes a
 * lost connection, a lock, a serialization failure, a missing right or a bug. Returns false for an event of a newer
 * release too, because a program of that release projects it.
 */
export const isEventFault = (error: unknown): boolean =>
  (error instanceof Unprojectable && !isNewer(error)) ||
  error instanceof MissingRows ||
  error instanceof UnmakeableRow ||
  (error instanceof pg.DatabaseError && refusesValues.test(error.code ?? ''));

/** Returns true when an event does not fit because a newer release of this program wrote it. */
export const isNewer = ({ cause }: Unprojectable): boolean => cause instanceof NewerEvent;

// Classes of SQLSTATE: cardinality, data exceptions, broken constraints, values too large.
const refusesValues = /^(?:21|22|23|54)/;

/** Returns true when Postgres cancelled a statement that took too long, or the pool stopped waiting for its answer. */
export const isStatementTimeOut = (error: unknown): boolean =>
  error instanceof pg.DatabaseError
    ? error.code === '57014'
    : error instanceof Error && error.message === 'Query read timeout';

/** Returns true for `isStatementTimeOut`, and when a statement did not get a lock in time. */
export const isTimeOut = (error: unknown): boolean =>
  isStatementTimeOut(error) || (error instanceof pg.DatabaseError && error.code === '55P03');
