import type { Pool, PoolClient } from 'pg';
import { mayWaitWithConnection } from '../../async/connection-watch.ts';
import { transaction } from '../../postgres/transaction.ts';
import { digestSettings } from './digests.ts';

/**
 * Compares rows of one snapshot with the log. The work may wait for the event store, so the pool must serve no request.
 */
export const inSnapshot = <Result>(pool: Pool, work: (db: PoolClient) => Promise<Result>): Promise<Result> =>
  transaction(pool, `begin isolation level repeatable read read only; ${digestSettings}`, (db) =>
    mayWaitWithConnection(() => work(db)),
  );
