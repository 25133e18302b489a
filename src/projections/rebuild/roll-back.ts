import { readCheckpoint } from '../checkpoint.ts';
import { dropVersions } from '../install-version.ts';
import { ownRelease } from '../release.ts';
import { projectionOf } from '../versions.ts';
import { followVersion, reachIn } from './follow-version.ts';
import type { RebuildOptions } from './rebuild.ts';
import { rebuildAlone, versionsAsOwner, withPools } from './rebuild-alone.ts';
import { letOwnerRenameSchemas, switchVersion } from './switch-version.ts';

type Options = Pick<RebuildOptions, 'store' | 'databaseUrl' | 'projectorUrl' | 'log' | 'signal' | 'release'>;

/**
 * Lets the previous version serve again, after bringing it up to the end of the log. The version that served becomes
 * the previous one. Throws, and changes nothing, when there is no previous version or another release made it.
 */
export const rollBack = (options: Options): Promise<{ readonly version: number; readonly previous: number }> =>
  rebuildAlone(options.databaseUrl, async (db) => {
    await letOwnerRenameSchemas(db);
    const { shape } = options.release ?? ownRelease();
    const versions = await versionsAsOwner(db);
    const previous = versions.find(({ state }) => state === 'previous');
    const active = versions.find(({ state }) => state === 'active');
    if (previous === undefined || active === undefined)
      throw new Error('There is no previous version of the read models to go back to.');
    if (previous.shape !== shape)
      throw new Error(
        `Version ${previous.version} was made by another release of License Ledger: use \`ledger rebuild --rollback\` of that one.`,
      );
    await withPools(options, previous, async ({ next }) => {
      const projection = projectionOf(previous);
      const { position } = await readCheckpoint(next, projection);
      const { store } = options;
      const tail = followVersion(options, { pool: next, projection, from: position });
      try {
        const head = await store.head({ timeoutMs: 10_000 });
        if (head !== null) await tail.reach(head);
        await switchVersion(db, previous, reachIn(store, tail));
      } finally {
        tail.close();
      }
    });
    return { version: previous.version, previous: active.version };
  });

/**
 * Drops every version that does not serve, so that `rollBack` has nothing to go back to. Returns the previous one, if
 * any.
 */
export const prune = ({ databaseUrl }: Pick<Options, 'databaseUrl'>): Promise<number | null> =>
  rebuildAlone(databaseUrl, async (db) => {
    const unused = (await versionsAsOwner(db)).filter(({ state }) => state !== 'active');
    await db.query('begin');
    await dropVersions(db, unused);
    await db.query('commit');
    return unused.find(({ state }) => state === 'previous')?.version ?? null;
  });
