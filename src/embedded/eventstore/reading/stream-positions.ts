import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Pool } from 'pg';
import { readHead } from './pages.ts';
import { firstPositionReply, lastPositionReply } from './read-replies.ts';
import type { ReadOnce } from './read-request.ts';

/**
 * Returns the messages about positions that end a read of a stream. Clients of .NET and Java ask for them. `lastRead`:
 * the revision of the last event that the read has sent; undefined when it has sent none. `atEnd`: nothing follows it.
 */
export const positionReplies = async (
  db: Pool,
  plan: ReadOnce,
  { lastRead, atEnd }: { readonly lastRead: bigint | undefined; readonly atEnd: boolean },
): Promise<readonly streams.ReadResp[]> => {
  const { scope, direction, cursor } = plan;
  if (scope.kind === 'all' || !plan.asksForPositions) return [];
  const isLast = direction === 'forwards' && atEnd && lastRead !== undefined;
  const last = isLast ? lastRead : await readHead(db, scope);
  if (last === undefined) return [];
  // As in EventStoreDB, a read from after the end is told where the next event will be.
  const isPastEnd = lastRead === undefined && direction === 'forwards' && cursor !== undefined && cursor !== last;
  return [...(isPastEnd ? [firstPositionReply(last + 1n)] : []), lastPositionReply(last)];
};
