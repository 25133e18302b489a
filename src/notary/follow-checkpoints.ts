import { setTimeout as delay } from 'node:timers/promises';
import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import { type EventStore, type Position, type Recorded, StoreUnavailable } from '../eventstore/event-store.ts';
import { isLostConnection } from '../postgres/lost-connection.ts';
import { fillCopy } from './check-copy.ts';
import { type Copying, copyCheckpoint, lastNote } from './copy-checkpoint.ts';
import type { NotaryContext } from './notary-context.ts';
import { wakeNotary } from './wake-notary.ts';

type Following = Pick<NotaryContext, 'pool' | 'copies' | 'note'> & {
  readonly store: Pick<EventStore, 'head' | 'follow' | 'read' | 'readBackwards'>;
  readonly warn: (error: unknown) => void;
};

type ForLog = (organizationId: string, work: () => Promise<Copying | null>) => Promise<void>;

/**
 * Copies each checkpoint that any notary signs, also while this one stands by. First brings the copies to the last
 * checkpoints of the streams. A checkpoint that is refused is told once for its log. Wakes the notaries after a command
 * that gave a log another name or key. Returns a function that ends it.
 */
export const followCheckpoints = (following: Following): (() => Promise<void>) => {
  const ending = new AbortController();
  const { signal } = ending;
  let from: Position | 'start' | null = null;
  const warned = new Set<string>();
  /** Logs with tiles that lag behind their last checkpoint, and how often they were tried. */
  const later = new Map<string, number>();
  const warnOnce = (organizationId: string, reason: string, cause?: unknown): void => {
    const message = `The checkpoints of ${organizationId} are not copied to ${following.copies.directory}: ${reason}`;
    if (!warned.has(organizationId)) following.warn(new Error(message, { cause }));
    warned.add(organizationId);
  };
  const forLog: ForLog = async (organizationId, work) => {
    try {
      if ((await work()) === 'later') {
        const tries = (later.get(organizationId) ?? 0) + 1;
        later.set(organizationId, tries);
        if (tries > triesMax) warnOnce(organizationId, 'Its tiles have fewer events than its last checkpoint.');
        return;
      }
      later.delete(organizationId);
      warned.delete(organizationId);
    } catch (error) {
      if (signal.aborted || error instanceof StoreUnavailable || isLostConnection(error)) throw error;
      later.delete(organizationId);
      warnOnce(organizationId, error instanceof Error ? error.message : String(error), error);
    }
  };
  const take = async ({ stream, type, data }: Recorded) => {
    const organizationId = stream.slice(streamPrefix.length);
    // The command may have ended before it woke them.
    if (type === 'LogKeyRotated' || type === 'LogRestarted') await wakeNotary(following.pool, organizationId);
    if (type === 'CheckpointSigned')
      await forLog(organizationId, () => copyCheckpoint(following, organizationId, String(data.note)));
  };
  const follow = async () => {
    from ??= (await following.store.head({ timeoutMs: 5_000 })) ?? 'start';
    await fillCopies(following, forLog, signal);
    for await (const item of following.store.follow(from, { streamPrefixes: [streamPrefix], signal })) {
      if ('idle' in item) continue;
      await take(item);
      from = item.position;
    }
  };
  const tryLater = async () => {
    for (const organizationId of later.keys())
      if (!signal.aborted) await forLog(organizationId, () => fillFromStream(following, organizationId));
  };
  const repeat = async (work: () => Promise<void>) => {
    while (!signal.aborted) {
      await work().catch((error: unknown) => {
        if (!signal.aborted) following.warn(error);
      });
      await delay(againMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = Promise.all([repeat(follow), repeat(tryLater)]);
  return async () => {
    ending.abort();
    await running;
  };
};

/** Brings the copy of a log to the last checkpoint of its stream. Returns null before the first one. */
const fillFromStream = async (following: Following, organizationId: string): Promise<Copying | null> => {
  const { pool, store } = following;
  const { note: signed, isChanged } = await lastNote(store, organizationId);
  if (isChanged) await wakeNotary(pool, organizationId);
  return fillCopy(following, organizationId, signed);
};

const fillCopies = async (following: Following, forLog: ForLog, signal: AbortSignal): Promise<void> => {
  for (let after = ''; !signal.aborted; ) {
    const { rows } = await following.pool.query<{ issuer_org_id: string }>(
      'select distinct issuer_org_id from ops.log_keys where issuer_org_id > $1 order by issuer_org_id limit $2',
      [after, issuersMax],
    );
    for (const { issuer_org_id: organizationId } of rows)
      if (!signal.aborted) await forLog(organizationId, () => fillFromStream(following, organizationId));
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.issuer_org_id;
  }
};

const streamPrefix = issuerLogAggregate.stream('');
const issuersMax = 500;
const againMs = 2_000;
/** After a minute. */
const triesMax = 30;
