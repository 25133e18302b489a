import { createHash } from 'node:crypto';
import type { Instant } from '../domain/time.ts';
import { licenseAggregate } from '../eventstore/aggregate.ts';
import type { Executor } from '../eventstore/execute.ts';
import { expireCommandId } from '../eventstore/ids.ts';
import type { DueLicense } from '../projections/licenses.ts';

type Needs = {
  /** Due licenses by (expiresAt, licenseId) ascending, after the given one; no lower bound in time. */
  readonly due: (page: { now: Instant; limit: number; after: DueLicense | null }) => Promise<readonly DueLicense[]>;
  readonly executor: Executor;
  readonly now: () => Date;
  readonly onError: (error: unknown, license: DueLicense) => void;
};

const pageMax = 500;
const inFlightMax = 32;

/**
 * Announces every term that has run out, however long ago: access never waits for it, the announcement only says so.
 * A stale row is harmless (the stream decides), and so are two sweeps at once (equal command ids). A license that
 * fails is reported and does not hold up the others; the next sweep finds it again. Returns how many were announced.
 */
export const sweepExpired = async ({ due, executor, now, onError }: Needs): Promise<number> => {
  const at = now().toISOString();
  let announced = 0;
  let after: DueLicense | null = null;
  for (;;) {
    const page: readonly DueLicense[] = await due({ now: at, limit: pageMax, after });
    const waiting = page[Symbol.iterator]();
    const lane = async () => {
      for (const license of waiting) {
        try {
          if (await announce(executor, license, at)) announced += 1;
        } catch (error) {
          onError(error, license);
        }
      }
    };
    await Promise.all(Array.from({ length: inFlightMax }, lane));
    after = page.at(-1) ?? null;
    if (page.length < pageMax) return announced;
  }
};

/** Sends Expire for one term, under ids that all workers share. True when this very call announced it. */
const announce = async (executor: Executor, { licenseId, termNumber }: DueLicense, at: Instant): Promise<boolean> => {
  const commandId = expireCommandId(licenseId, termNumber);
  const executed = await executor.execute(
    licenseAggregate,
    licenseId,
    { type: 'Expire', data: { termNumber }, at },
    {
      commandId,
      requestHash: createHash('sha256').update(`expire:${licenseId}:${termNumber}`).digest('hex'),
      actor: { type: 'SYSTEM', id: 'expiry-sweep', onBehalfOf: null },
      reason: null,
      correlationId: commandId,
      causationId: null,
    },
    () => null,
  );
  if ('rejected' in executed) throw new Error(`Expire was refused with ${executed.rejected}: ${executed.detail}`);
  return executed.outcome === 'appended';
};
