import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { EventStore } from '../../../src/eventstore/event-store.ts';
import type { Log } from '../../../src/postgres/log.ts';
import { listParked } from '../../../src/projections/parked.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { runProjector } from '../../../src/projections/run-projector.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import {
  createReadModels,
  emptyReadModels,
  readModels as projection,
  quiet,
  refuseLicense,
} from '../../support/read-models.ts';

export const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000, interval: 10 });

/** Creates read models and, for each test, an empty event store. */
export const useProjections = () => {
  let models: Awaited<ReturnType<typeof createReadModels>>;
  let running: RunningStore;
  let store: EventStore;
  beforeAll(async () => {
    models = await createReadModels();
  });
  afterAll(() => models.drop());
  beforeEach(async () => {
    await emptyReadModels(models.superuser);
    running = await startStore();
    store = running.connect();
    return () => running.stop();
  });

  const listStreams = () => listParked(models.projector, projection);

  /** Runs a projector during `work`. `caughtUp` waits until it has handled the whole log. */
  const projecting = async (
    work: (caughtUp: () => Promise<void>) => Promise<unknown>,
    log: Log = quiet,
    pool: Pool = models.projector,
  ) => {
    const stop = new AbortController();
    const projector = runProjector({ store, pool, log, backoffMs: () => 10, retryMs: 1, signal: stop.signal });
    const caughtUp = async () => {
      const head = await store.head({ timeoutMs: 5_000 });
      await eventually(() => projector.position()).toBe(head?.commit);
    };
    try {
      await work(caughtUp);
    } finally {
      stop.abort();
      await projector.done;
    }
  };

  return {
    models: () => models,
    store: () => store,
    projection,
    listStreams,
    parked: async () => (await listStreams()).map(({ stream }) => stream),
    /** Returns the revision of the row of a license, or null when it has none. */
    revisionOf: async (licenseId: string) => {
      const { rows } = await models.superuser.query('select revision from rm.licenses where license_id = $1', [
        licenseId,
      ]);
      return rows[0] === undefined ? null : Number(rows[0].revision);
    },
    replay: (stream: string) => replayParked({ store, pool: models.projector, projection }, stream),
    /** Lets Postgres refuse the row of a license at a revision. Returns how to undo that. */
    breaking: (licenseId: string, revision: number) => refuseLicense(models.superuser, licenseId, revision),
    projecting,
  };
};
