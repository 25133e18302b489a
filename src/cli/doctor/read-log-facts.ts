import type pg from 'pg';
import type { EventStore } from '../../eventstore/event-store.ts';
import { type Retention, readRetention } from '../../eventstore/retention.ts';
import { readNewestTime, storeVersion } from '../../eventstore/server-facts.ts';
import { readCheckpoint } from '../../projections/checkpoint.ts';
import { streamPrefixes } from '../../projections/fold/fold-event.ts';
import { OtherPast, refuseOtherPast } from '../../projections/other-past.ts';
import { activeAmong, projectionOf, versionsOf } from '../../projections/versions.ts';
import { asRole } from '../status/reading-connection.ts';
import type { LogFacts } from './check-log.ts';
import { readBounds } from './read-postgres.ts';

type Needs = {
  readonly store: EventStore;
  readonly url: string;
  readonly mode: 'embedded' | 'servers';
  readonly db: pg.Client;
  /** Returns the clock of Postgres in milliseconds since 1970. */
  readonly postgresMs: () => number;
};

const retentionMs = 10_000;
const versionMs = 2_000;

/** Reads the facts of the log. Throws StoreUnavailable when the event store does not answer. */
export const readLogFacts = async ({ store, url, mode, db, postgresMs }: Needs): Promise<LogFacts> => {
  const otherPast = await otherPastOf(store, db);
  const newest = await readNewestTime(url, versionMs);
  return {
    version: await storeVersion(url, versionMs),
    mode,
    retention: mode === 'embedded' ? null : await retentionOf(store, url),
    otherPast,
    newestAheadMs: newest === null ? null : newest.getTime() - postgresMs(),
    unreadableBounds: await readBounds(db),
  };
};

const retentionOf = (store: Needs['store'], url: string): Promise<Retention | null> =>
  readRetention(store, url, { streamPrefixes, timeoutMs: retentionMs }).catch(() => null);

/** Returns how the log differs from what the read models were made from, or null. `db`: the login that migrates. */
export const otherPastOf = async (store: Needs['store'], db: pg.Client): Promise<string | null> => {
  const checkpoint = await asRole(db, 'ledger_projector', async () => {
    const active = activeAmong(await versionsOf(db));
    return active === undefined ? null : readCheckpoint(db, projectionOf(active));
  });
  try {
    await refuseOtherPast(store, checkpoint ?? { position: 'start', lastEvent: null });
    return null;
  } catch (error) {
    if (error instanceof OtherPast) return error.message;
    throw error;
  }
};
