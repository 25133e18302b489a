import type { Pool } from 'pg';
import type { Log } from '../../postgres/log.ts';

/** Compares the clock of this process with that of Postgres, which all processes share. */
export type ClockCheck = {
  /** Asks Postgres now. Does not throw. Without an answer the last one counts. */
  readonly measure: () => Promise<void>;
  /** Returns a sentence when the clocks differ too much, else null. Asks Postgres again before it says so. */
  readonly fault: () => Promise<string | null>;
  readonly stop: () => void;
};

type Needs = {
  readonly now: () => Date;
  /** Returns the clock of Postgres in milliseconds since 1970, at some instant during the call. */
  readonly askPostgres: () => Promise<number>;
  /** Returns elapsed milliseconds, which do not follow changes of the clock. */
  readonly elapsedMs?: () => number;
  readonly log: Pick<Log, 'error' | 'info'>;
};

/** The clocks may differ by this much. */
export const differenceMaxMs = 60_000;
const everyMs = 10_000;
// The shortest interval of questions to Postgres while commands are refused.
const againMs = 1_000;

/** An answer of Postgres: its clock at an elapsed time, with the uncertainty. */
type Sample = { readonly postgresMs: number; readonly elapsedMs: number; readonly uncertainMs: number };

/** Starts to compare the clocks. The caller makes the first comparison, with `measure`. */
export const startClockCheck = ({ now, askPostgres, elapsedMs = () => performance.now(), log }: Needs): ClockCheck => {
  let sample: Sample | null = null;
  let measuring: Promise<void> | null = null;
  let wasFaulty = false;

  const ask = async () => {
    const before = elapsedMs();
    try {
      const postgresMs = await askPostgres();
      const roundTripMs = elapsedMs() - before;
      sample = { postgresMs, elapsedMs: before + roundTripMs / 2, uncertainMs: roundTripMs / 2 };
    } catch (error) {
      log.error({ err: error }, 'The clock of Postgres could not be read.');
    }
    const fault = faultNow();
    if (fault !== null && !wasFaulty) log.error({}, fault);
    if (fault === null && wasFaulty) log.info({}, 'The clocks of this process and of Postgres agree again.');
    wasFaulty = fault !== null;
  };
  // Concurrent calls share one measurement.
  const measure = () => {
    measuring ??= ask().finally(() => {
      measuring = null;
    });
    return measuring;
  };

  const faultNow = (): string | null => {
    if (sample === null) return null;
    const differenceMs = now().getTime() - (sample.postgresMs + elapsedMs() - sample.elapsedMs);
    if (Math.abs(differenceMs) - sample.uncertainMs <= differenceMaxMs) return null;
    const seconds = Math.round(Math.abs(differenceMs) / 1_000);
    return (
      `The clock of this process is ${seconds} seconds ${differenceMs > 0 ? 'ahead of' : 'behind'} that of Postgres. ` +
      `It refuses commands until they differ by ${differenceMaxMs / 1_000} seconds at most. Synchronize both clocks.`
    );
  };

  const timer = setInterval(() => void measure(), everyMs);
  timer.unref();
  return {
    measure,
    fault: async () => {
      if (faultNow() === null) return null;
      // The last answer is useless after the process was suspended or the clock of Postgres was set.
      if (sample === null || elapsedMs() - sample.elapsedMs > againMs) await measure();
      return faultNow();
    },
    stop: () => clearInterval(timer),
  };
};

/** Never finds a fault, for tests that move the clock. */
export const noClockCheck: ClockCheck = { measure: async () => {}, fault: async () => null, stop: () => {} };

/** Reads the clock of Postgres. A wait for a connection makes the answer less certain. */
export const postgresClock = async (pool: Pool): Promise<number> => {
  const { rows } = await pool.query<[number]>({
    name: 'clock',
    text: 'select (extract(epoch from clock_timestamp()) * 1000)::float8',
    rowMode: 'array',
  });
  return rows[0]?.[0] ?? Number.NaN;
};
