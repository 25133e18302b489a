import pg, { type Pool, type PoolClient } from 'pg';
import { type RepeatedWrite, writeOnce } from '../../postgres/write-once.ts';
import { recordSightings } from '../../records/device-sightings.ts';
import { recordDenials } from '../../records/license-denials.ts';
import { addValidationCounts } from '../../records/validation-counts.ts';
import type { Observations, Unwritten } from './observations.ts';

/** Writes what a process has observed. */
export type ObservationWriter = {
  /** Writes everything that is unwritten now. Throws when Postgres does not take it; then the next call goes on. */
  readonly write: () => Promise<void>;
  /**
   * Writes for the last time, and ends the timer. Takes at most `lastWriteMs`, and reports how many observations are
   * lost then.
   */
  readonly stop: () => Promise<void>;
};

type Needs = {
  /** A pool with the role ledger_api that no request uses. */
  readonly pool: Pool;
  readonly observations: Observations;
  readonly everyMs?: number;
  readonly onError: (error: unknown) => void;
  readonly onLost: (count: number) => void;
};

/** How often observations are written. Rows are behind by this much. */
export const writtenEveryMs = 5_000;

const lastWriteMs = 5_000;
// Its rows are locked for a few milliseconds.
const batchMax = 500;

/** Part of the observations, which one transaction writes. */
type Batch = RepeatedWrite & { readonly count: number; readonly record: (db: PoolClient) => Promise<void> };

/**
 * Starts writing observations every few seconds, in batches, outside of requests. A batch that failed is tried again
 * until it is written, and counts once. Observations that are made meanwhile stay in memory, within its bounds.
 */
export const startObservationWriter = (needs: Needs): ObservationWriter => {
  const { pool, observations, everyMs = writtenEveryMs, onError, onLost } = needs;
  let batches: Batch[] = [];
  let isFailing = false;
  let current: Promise<void> | null = null;

  const writeBatches = async (): Promise<void> => {
    for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
      try {
        await writeOnce(pool, batch, batch.record);
      } catch (error) {
        if (!isRefused(error)) throw error;
        // It would be refused for ever, and keep all later ones waiting.
        onError(error);
        onLost(batch.count);
      }
      batches.shift();
    }
  };
  const writeAll = async (): Promise<void> => {
    // Those of an earlier call go first. Until they are written no others leave the bounded memory.
    await writeBatches();
    batches = batchesOf(observations.takeAll());
    await writeBatches();
  };
  const write = async (): Promise<void> => {
    // A call may have begun before the newest observation.
    await current?.catch(() => undefined);
    current ??= writeAll().finally(() => {
      current = null;
    });
    await current;
  };
  const tick = async (): Promise<void> => {
    try {
      await write();
      isFailing = false;
    } catch (error) {
      if (!isFailing) onError(error);
      isFailing = true;
    }
  };

  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  const schedule = (): void => {
    if (isStopping) return;
    timer = setTimeout(() => void tick().finally(schedule), everyMs);
    timer.unref();
  };
  schedule();
  return {
    write,
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      await withinMs(tick(), lastWriteMs);
      const rest = batchesOf(observations.takeAll());
      const lost = [...batches, ...rest].reduce((sum, { count }) => sum + count, 0);
      if (lost > 0) onLost(lost);
    },
  };
};

/** Returns true when Postgres refuses the values themselves. */
const isRefused = (error: unknown): boolean => error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '');

const batchesOf = ({ validations, devices, denials }: Unwritten): Batch[] => [
  ...slices(validations, addValidationCounts),
  ...slices(devices, recordSightings),
  ...slices(denials, recordDenials),
];

const slices = <Entry>(
  entries: readonly Entry[],
  record: (db: PoolClient, slice: readonly Entry[]) => Promise<void>,
): Batch[] =>
  Array.from({ length: Math.ceil(entries.length / batchMax) }, (_, place) => {
    const slice = entries.slice(place * batchMax, (place + 1) * batchMax);
    return { transactionId: null, count: slice.length, record: (db) => record(db, slice) };
  });

const withinMs = async (work: Promise<void>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
};
