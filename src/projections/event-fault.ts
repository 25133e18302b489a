import pg from 'pg';
import { NewerEvent } from '../eventstore/envelope.ts';
import { Unprojectable } from './fold/fold-batch.ts';
import { MissingRows, UnmakeableRow } from './tables/rows.ts';

/**
 * Whether an event in the batch is at fault, so that trying again ends the same. Anything else — a lost connection, a
 * lock, a serialization failure, a right that is missing, a bug — is no event's doing and may pass. So may an event of
 * a newer release: a program of that release projects it.
 */
export const isEventFault = (error: unknown): boolean =>
  (error instanceof Unprojectable && !isNewer(error)) ||
  error instanceof MissingRows ||
  error instanceof UnmakeableRow ||
  (error instanceof pg.DatabaseError && refusesValues.test(error.code ?? ''));

/** Whether an event does not fit because a newer release of this program wrote it. */
export const isNewer = ({ cause }: Unprojectable): boolean => cause instanceof NewerEvent;

// Cardinality, data exceptions, broken constraints, values too large.
const refusesValues = /^(?:21|22|23|54)/;

/** Returns true when Postgres gave up a statement that took too long, or the pool gave up waiting for its answer. */
export const isStatementTimeOut = (error: unknown): boolean =>
  error instanceof pg.DatabaseError
    ? error.code === '57014'
    : error instanceof Error && error.message === 'Query read timeout';

/**
 * As `isStatementTimeOut`, or when a lock could not be had in time: for the checkpoint's that is CheckpointHeld
 * instead.
 */
export const isTimeOut = (error: unknown): boolean =>
  isStatementTimeOut(error) || (error instanceof pg.DatabaseError && error.code === '55P03');
