import { setTimeout as delay } from 'node:timers/promises';
import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import { type EventStore, type Position, StoreUnavailable } from '../eventstore/event-store.ts';
import { isLostConnection } from '../postgres/lost-connection.ts';
import { encodeBase64 } from '../proof/text/base64.ts';
import { tilesOf } from '../records/issuer-trees.ts';
import { fillCopy } from './check-copy.ts';
import { hasRoot } from './grow-tree.ts';
import type { NotaryContext } from './notary-context.ts';

type Following = Pick<NotaryContext, 'pool' | 'copies' | 'note'> & {
  readonly store: Pick<EventStore, 'head' | 'follow' | 'readBackwards'>;
  readonly warn: (error: unknown) => void;
};

type ForLog = (organizationId: string, work: () => Promise<void>) => Promise<void>;

/**
 * Copies each checkpoint that any notary signs, also while this one stands by. First fills the copies that are missing.
 * Returns a function that ends it.
 */
export const followCheckpoints = (following: Following): (() => Promise<void>) => {
  const ending = new AbortController();
  const { signal } = ending;
  let from: Position | 'start' | null = null;
  const warned = new Set<string>();
  /** A damaged copy of one log is told once, and the others are copied. */
  const forLog: ForLog = async (organizationId, work) => {
    try {
      await work();
      warned.delete(organizationId);
    } catch (error) {
      if (signal.aborted || error instanceof StoreUnavailable || isLostConnection(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      const message = `The checkpoints of ${organizationId} are not copied to ${following.copies.directory}: ${reason}`;
      if (!warned.has(organizationId)) following.warn(new Error(message, { cause: error }));
      warned.add(organizationId);
    }
  };
  const follow = async () => {
    from ??= (await following.store.head({ timeoutMs: 5_000 })) ?? 'start';
    await fillCopies(following, forLog, signal);
    for await (const item of following.store.follow(from, { streamPrefixes: [streamPrefix], signal })) {
      if ('idle' in item) continue;
      const organizationId = item.stream.slice(streamPrefix.length);
      if (item.type === 'CheckpointSigned')
        await forLog(organizationId, () => copy(following, organizationId, String(item.data.note)));
      from = item.position;
    }
  };
  const run = async () => {
    while (!signal.aborted) {
      await follow().catch((error: unknown) => {
        if (!signal.aborted) following.warn(error);
      });
      await delay(againMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = run();
  return async () => {
    ending.abort();
    await running;
  };
};

/** A checkpoint of a tree that does not contain the copy is not copied: the copy would no longer show the difference. */
const copy = async ({ pool, copies }: Following, organizationId: string, note: string): Promise<void> => {
  const origin = note.slice(0, note.indexOf('\n'));
  const present = await copies.read(origin);
  const isConsistent =
    present === null ||
    (await hasRoot(tilesOf(pool, organizationId), { size: present.size, root: encodeBase64(present.root) }));
  if (isConsistent) await copies.write(note);
};

const fillCopies = async (
  { pool, store, copies, note }: Following,
  forLog: ForLog,
  signal: AbortSignal,
): Promise<void> => {
  for (let after = ''; !signal.aborted; ) {
    const { rows } = await pool.query<{ issuer_org_id: string; origin: string }>(
      `select distinct on (issuer_org_id) issuer_org_id, origin from ops.log_keys where issuer_org_id > $1
       order by issuer_org_id, revision desc limit $2`,
      [after, issuersMax],
    );
    for (const { issuer_org_id: organizationId, origin } of rows)
      if (!signal.aborted)
        await forLog(organizationId, async () => {
          if ((await copies.latest(origin)) === null) await fillCopy(copies, store, { organizationId, note });
        });
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.issuer_org_id;
  }
};

const streamPrefix = issuerLogAggregate.stream('');
const issuersMax = 500;
const againMs = 2_000;
