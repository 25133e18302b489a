import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { ownRelease, type Release } from '../release.ts';
import { activeAmong } from '../versions.ts';
import { type RebuildOptions, rebuildWith } from './rebuild.ts';
import { RebuildUnderWay, rebuildAlone, versionsAsOwner } from './rebuild-alone.ts';

type Options = Pick<
  RebuildOptions,
  'store' | 'databaseUrl' | 'projectorUrl' | 'log' | 'signal' | 'directory' | 'release'
> & {
  /** The time between two attempts. */
  readonly retryMs?: number;
};

/**
 * Builds the read models of this release when those of a lower release serve, and lets them serve when they are level.
 * Processes of the lower release go on meanwhile. Only one of several processes builds, and another takes over when it
 * dies. Does not replace the read models of a higher release. Resolves when there is nothing to build, or when the
 * signal is aborted. Never rejects.
 */
export const upgrade = async (options: Options): Promise<void> => {
  const { databaseUrl, log, signal, release = ownRelease(), retryMs = 2_000 } = options;
  while (!signal.aborted) {
    try {
      if (await rebuildAlone(databaseUrl, (db) => upgradeOnce(db, { ...options, release }))) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RebuildUnderWay) log.info({}, 'Another process builds the read models of this release.');
      else log.error({ err: error }, 'The read models of this release could not be built. It is tried again.');
    }
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
  }
};

const upgradeOnce = async (db: pg.Client, options: Options & { readonly release: Release }): Promise<boolean> => {
  const { log, release } = options;
  const active = activeAmong(await versionsAsOwner(db));
  if (active === undefined || active.shape === release.shape) return true;
  const serving = Math.max(active.release, active.projectedBy);
  if (serving > release.number) {
    log.warn(
      { serving, own: release.number },
      'A higher release works on the read models that serve: this process stands by. Update it.',
    );
    return true;
  }
  log.info({ serving, own: release.number }, 'The read models of this release are being built.');
  // The row counts of another shape are not comparable.
  const { version, events, parked } = await rebuildWith(db, { ...options, force: true, settleMs: 0 });
  log.info({ version, events, parked: parked.length }, 'The read models of this release serve now.');
  return true;
};
