import type { Pool } from 'pg';
import type { EventStore } from '../../eventstore/event-store.ts';
import { readCheckpoint } from '../../projections/checkpoint.ts';
import { activeProjection } from '../../projections/versions.ts';
import { isProjectorAlive } from '../../records/processes.ts';
import { freeBytesOf } from './check-disk.ts';
import { createLogLag } from './log-lag.ts';

/** A measurement of the event store, the read models, the projectors and the disk of the data directory. */
export type Sample = {
  readonly eventStoreError: unknown;
  readonly lagMs: number;
  readonly isProjectorAlive: boolean | null;
  readonly freeBytes: number | null;
};

type Needs = {
  readonly store: Pick<EventStore, 'head'>;
  /** As ledger_api. */
  readonly pool: Pool;
  /** The data directory of embedded servers, or null. */
  readonly dataDir: string | null;
};

const storeTimeoutMs = 2_000;

/**
 * Returns what measures the services of a process. Concurrent calls share one measurement. A call waits for it for at
 * most `patienceMs` and returns the last one then, so that a service that hangs delays no answer about the process.
 */
export const createSampler = ({ store, pool, dataDir }: Needs): ((patienceMs: number) => Promise<Sample>) => {
  const lag = createLogLag();
  let last: Sample = { eventStoreError: null, lagMs: 0, isProjectorAlive: null, freeBytes: null };
  let measuring: Promise<void> | null = null;

  const measure = async () => {
    // The head comes first: a checkpoint that is read later cannot lack what was projected meanwhile.
    const head = await store.head({ timeoutMs: storeTimeoutMs }).then(
      (position) => ({ position }),
      (error: unknown) => ({ error }),
    );
    const [checkpoint, alive, freeBytes] = await Promise.all([
      activeProjection(pool)
        .then((projection) => readCheckpoint(pool, projection))
        .catch(() => null),
      isProjectorAlive(pool).catch(() => null),
      dataDir === null ? null : freeBytesOf(dataDir),
    ]);
    const nowMs = performance.now();
    if (checkpoint !== null && 'position' in head) {
      const { position } = checkpoint;
      lag.note(
        { head: head.position?.commit ?? null, checkpoint: position === 'start' ? null : position.commit },
        nowMs,
      );
    }
    const eventStoreError = 'error' in head ? head.error : null;
    last = { eventStoreError, lagMs: lag.lagMs(nowMs), isProjectorAlive: alive, freeBytes };
  };

  return async (patienceMs) => {
    measuring ??= measure().finally(() => {
      measuring = null;
    });
    await within(measuring, patienceMs);
    return last;
  };
};

/** Waits for work for at most `patienceMs`. The work goes on then. */
export const within = async (work: Promise<void>, patienceMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
};
