import pg from 'pg';
import { Unprojectable } from './fold/fold-batch.ts';
import { MissingRows, UnmakeableRow } from './tables/rows.ts';

/**
 * Whether an event in the batch is at fault, so that trying again ends the same. Anything else — a lost connection, a
 * lock, a serialization failure, a right that is missing, a bug — is no event's doing and may pass.
 */
export const isEventFault = (error: unknown): boolean =>
  error instanceof Unprojectable ||
  error instanceof MissingRows ||
  error instanceof UnmakeableRow ||
  (error instanceof pg.DatabaseError && refusesValues.test(error.code ?? ''));

// Cardinality, data exceptions, broken constraints, values too large.
const refusesValues = /^(?:21|22|23|54)/;
