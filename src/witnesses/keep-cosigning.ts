import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Log } from '../postgres/log.ts';
import { createCosigning } from './cosign-checkpoints.ts';
import type { Witness } from './witness-list.ts';

/** Asks witnesses until it is stopped. `problems`: a sentence for each witness that does not cosign everything. */
export type Cosigning = { readonly problems: () => readonly string[]; readonly stop: () => Promise<void> };

/**
 * Asks each witness for the newest checkpoints, again and again: ten seconds after the last round, and for at most a tenth
 * of the time. No witness delays another one, or the signing. `pool`: as ledger_worker. A problem is logged when it begins
 * or changes, and when it ends.
 */
export const keepCosigning = ({
  pool,
  witnesses,
  log,
  pauseMs = 10_000,
}: {
  readonly pool: Pool;
  readonly witnesses: readonly Witness[];
  readonly log: Log;
  readonly pauseMs?: number;
}): Cosigning => {
  const ending = new AbortController();
  const { signal } = ending;
  const problems = new Map<string, string>();

  const note = (witness: string, problem: string | null): void => {
    const before = problems.get(witness) ?? null;
    if (problem === before) return;
    if (problem === null) {
      problems.delete(witness);
      log.info({ witness }, 'The witness cosigns all checkpoints again.');
      return;
    }
    problems.set(witness, problem);
    log.warn({ witness, problem }, 'A witness does not cosign all checkpoints.');
  };

  const keepAsking = async (witness: Witness): Promise<void> => {
    const round = createCosigning({ pool, witness, signal, nowMs: () => performance.now() });
    while (!signal.aborted) {
      const startedMs = performance.now();
      try {
        note(witness.key.name, (await round()).problem);
      } catch (error) {
        if (!signal.aborted) note(witness.key.name, error instanceof Error ? error.message : String(error));
      }
      const tookMs = performance.now() - startedMs;
      await delay(Math.max(pauseMs, tookMs * 9), undefined, { signal }).catch(() => undefined);
    }
  };

  const asking = witnesses.map(keepAsking);
  return {
    problems: () => [...problems].map(([witness, problem]) => `The witness ${witness}: ${problem}`),
    stop: async () => {
      ending.abort();
      await Promise.all(asking);
    },
  };
};
