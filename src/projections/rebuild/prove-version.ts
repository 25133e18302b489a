import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { EventStore, Position } from '../../eventstore/event-store.ts';
import type { Log } from '../../postgres/log.ts';
import { type Projection, readCheckpoint } from '../checkpoint.ts';
import { listParked } from '../parked.ts';
import { runProjector } from '../run-projector.ts';
import { type ReadModel, readModelTables } from '../tables/tables.ts';
import { checkStreams } from '../verify/check-streams.ts';
import { countsOf } from '../verify/digests.ts';
import { inSnapshot } from '../verify/in-snapshot.ts';
import { activeProjection, projectionOf, type Version, versionsOf } from '../versions.ts';
import type { Tail } from './tail.ts';

type Needs = {
  readonly store: EventStore;
  readonly log: Log;
  readonly pools: { readonly serving: Pool; readonly next: Pool };
  readonly next: Version;
  readonly tail: Tail;
  /** The streams to fold a second time. */
  readonly streams: readonly string[];
  readonly force?: boolean;
};

/**
 * Compares a version before it serves. Every table must have as many rows as in the serving version at the same
 * position, and the rows of some streams must equal their fold. Skips streams that either version has parked. Only this
 * function may use `tail` meanwhile. Throws a sentence about the first difference. Returns how many streams it
 * compared.
 */
export const proveVersion = async ({ force = false, ...needs }: Needs): Promise<number> => {
  if (!force) await compareCounts(needs);
  const { store, pools, tail, next } = needs;
  const parked = new Set((await listParked(pools.next, projectionOf(next))).map(({ stream }) => stream));
  const streams = needs.streams.filter((stream) => !parked.has(stream));
  const position = tail.position();
  if (position === 'start') return 0;
  const [difference] = await inSnapshot(pools.next, (db) =>
    checkStreams(streams, { store, db, upTo: position.commit }),
  );
  if (difference !== undefined)
    throw new Error(`The rebuilt read models are not the fold of ${difference.stream}: ${difference.what}.`);
  return streams.length;
};

const compareCounts = async ({ pools, tail, ...needs }: Needs): Promise<void> => {
  const position = tail.position();
  if (position !== 'start') await servingReaches({ pools, ...needs }, position);
  const parkedIn = async (pool: Pool, projection: Projection) =>
    (await listParked(pool, projection)).map(({ stream }) => stream);
  const parked = async () => [
    ...(await parkedIn(pools.serving, await activeProjection(pools.serving))),
    ...(await parkedIn(pools.next, projectionOf(needs.next))),
  ];
  const serving = await inSnapshot(pools.serving, async (db) => {
    const at = (await readCheckpoint(db, await activeProjection(db))).position;
    // The snapshot stays as it is while the new version is brought to its position.
    const head = await needs.store.head({ timeoutMs: 10_000 });
    if (at !== 'start' && (head === null || head.commit < at.commit))
      throw new Error(
        'The serving read models are beyond the end of the log, which is another one or was restored. Repeat with --force.',
      );
    if (at !== 'start') await tail.reach(at);
    return countsWithout(db, await parked());
  });
  const rebuilt = await inSnapshot(pools.next, async (db) => countsWithout(db, await parked()));
  const differing = [...rebuilt].filter(([table, count]) => serving.get(table) !== count);
  if (differing.length === 0) return;
  const numbers = differing.map(([table, count]) => `${table} ${serving.get(table) ?? 'none'} and ${count}`).join(', ');
  throw new Error(
    `The serving read models and the rebuilt ones have different numbers of rows: ${numbers}. ` +
      'If the serving ones are known to be wrong, or are made by another release, repeat with --force.',
  );
};

/** Returns how many rows each table has, without the rows of some streams. */
const countsWithout = async (db: PoolClient, streams: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map(await countsOf(db));
  for (const { table, stream: kind } of streams.length === 0 ? [] : readModelTables) {
    const ids = streams.flatMap((stream) => (stream.startsWith(`${kind}-`) ? [stream.slice(kind.length + 1)] : []));
    const count = counts.get(table.name);
    if (ids.length === 0 || count === undefined) continue;
    const { rows } = await db.query<{ count: number }>(
      `select count(*)::integer as count from ${table.name} where ${ownerOf(kind)} = any($1)`,
      [ids],
    );
    counts.set(table.name, count - (rows[0]?.count ?? 0));
  }
  return counts;
};

const ownerOf = (kind: ReadModel['stream']): string => (kind === 'license' ? 'license_id' : 'issuer_org_id');

// When no projector runs, because the server is stopped, this runs one until the serving version has reached the goal.
// It can only project into tables of its own shape.
const servingReaches = async ({ store, log, pools, next }: Omit<Needs, 'tail'>, goal: Position): Promise<void> => {
  const isThere = async () => {
    const { position } = await readCheckpoint(pools.serving, await activeProjection(pools.serving));
    return position !== 'start' && position.commit >= goal.commit;
  };
  const within = async (ms: number) => {
    const deadline = performance.now() + ms;
    while (!(await isThere())) {
      if (performance.now() > deadline) return false;
      await delay(pollMs);
    }
    return true;
  };
  if (await within(patienceMs)) return;
  const isOurs = (await versionsOf(pools.serving)).some(
    ({ state, shape }) => state === 'active' && shape === next.shape,
  );
  const stop = new AbortController();
  const projector = isOurs ? runProjector({ store, pool: pools.serving, log, signal: stop.signal }) : null;
  const reached = await within(catchUpMs);
  stop.abort();
  await projector?.done;
  if (!reached)
    throw new Error(
      'The serving read models do not come to the end of the log, so that their rows cannot be counted against the rebuilt ' +
        'ones. See the log of the projector for the reason, or repeat with --force.',
    );
};

const pollMs = 50;
const patienceMs = 3_000;
const catchUpMs = 60_000;
