import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { faultsOf, healthStatus, type PartHealth } from '../../api/monitoring/part-health.ts';
import type { Log } from '../../postgres/log.ts';
import { noteSignOfLife, removeProcess, type SignOfLife } from '../../records/processes.ts';

/** What does not change about a process. */
export type ProcessIdentity = Omit<SignOfLife, 'status' | 'faults' | 'projects'>;

/** The code of the last failure to write to Postgres, or null after a success. The signs of life set it. */
export type PostgresWrites = { failure: string | null };

type Needs = {
  readonly pool: Pool;
  readonly log: Pick<Log, 'warn'>;
  readonly identity: ProcessIdentity;
  readonly writes: PostgresWrites;
  readonly check: () => Promise<readonly PartHealth[]>;
  readonly projects: () => boolean | null;
  readonly isStopping: () => boolean;
};

/** The signs of life of a process. */
export type Heartbeats = {
  /** Writes one now, and one more when a write is in flight. Does not throw. */
  readonly beat: () => Promise<void>;
  /** Ends them and removes the row of the process. Takes two seconds at most. Does not throw. */
  readonly stop: () => Promise<void>;
};

const everyMs = 15_000;
const stopMsMax = 2_000;

/** Starts to write signs of life: one now, and then one every 15 seconds. The caller asks for one after a change. */
export const startHeartbeats = ({ pool, log, identity, writes, check, projects, isStopping }: Needs): Heartbeats => {
  let last: Promise<void> | null = null;
  let isOutdated = false;
  let isEnded = false;
  const write = async () => {
    const parts = await check();
    const status = isStopping() ? 'stopping' : healthStatus(parts);
    const faults = faultsOf(parts).map(({ part, state, reason, since }) => ({ part, state, reason, since }));
    await noteSignOfLife(pool, { ...identity, status, faults, projects: projects() });
  };
  const writeOnce = () =>
    write().then(
      () => {
        writes.failure = null;
      },
      (error: unknown) => {
        writes.failure = error instanceof Error && 'code' in error ? String(error.code) : null;
        log.warn({ err: error }, 'The process could not write its sign of life. It tries again in 15 seconds.');
      },
    );
  const writeAll = async () => {
    do {
      isOutdated = false;
      await writeOnce();
    } while (isOutdated && !isEnded);
    last = null;
  };
  const beat = async () => {
    // The row of an ended process must stay away.
    if (isEnded) return;
    // The write in flight may have read the state before the change.
    isOutdated = last !== null;
    last ??= writeAll();
    return last;
  };
  void beat();
  const timer = setInterval(() => void beat(), everyMs);
  timer.unref();
  return {
    beat,
    stop: async () => {
      clearInterval(timer);
      isEnded = true;
      const removed = Promise.resolve(last).then(() => removeProcess(pool, identity.processId));
      // Without it, the row counts as silent after a minute, and the next process removes it after an hour.
      await Promise.race([removed.catch(() => undefined), delay(stopMsMax, undefined, { ref: false })]);
    },
  };
};
