import type { PoolClient } from 'pg';
import { epochMs } from '../../postgres/epoch-ms.ts';
import type { Leaf } from '../../proof/leaf.ts';

/** A leaf with its index in the log of its issuer. */
export type IndexedLeaf = { readonly index: number; readonly leaf: Leaf };

/**
 * Returns the leaves of an issuer’s log with the indexes from `from` on, at most `count`, in their order. Returns fewer at
 * the end of the log. For asTenant of the issuer.
 */
export const readLeaves = (
  db: PoolClient,
  issuerOrgId: string,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<readonly IndexedLeaf[]> =>
  readRows(db, {
    name: 'log-leaves',
    text: `${select} where issuer_org_id = $1 and log_index >= $2 and log_index < $2 + $3 order by log_index`,
    values: [issuerOrgId, from, count],
  });

/**
 * Returns the leaf of the event at this revision of a stream, or null when the log of the issuer does not have this event
 * there. For asTenant of the issuer.
 */
export const leafOfEvent = async (
  db: PoolClient,
  issuerOrgId: string,
  { stream, revision, eventId }: { readonly stream: string; readonly revision: bigint; readonly eventId: string },
): Promise<IndexedLeaf | null> => {
  const [leaf = null] = await readRows(db, {
    name: 'leaf-of-event',
    text: `${select} where issuer_org_id = $1 and stream = $2 and revision = $3 and event_id = $4`,
    values: [issuerOrgId, stream, revision, eventId],
  });
  return leaf;
};

/**
 * Returns the leaf of an event of the issuer’s own catalog or organization, or null. For asTenant of the issuer.
 */
export const leafOfOwnEvent = async (
  db: PoolClient,
  issuerOrgId: string,
  eventId: string,
): Promise<IndexedLeaf | null> => {
  const [leaf = null] = await readRows(db, {
    name: 'leaf-of-own-event',
    text: `${select} where issuer_org_id = $1 and stream in ('catalog-' || $1, 'organization-' || $1) and event_id = $2
      and stream not like 'license-%'`,
    values: [issuerOrgId, eventId],
  });
  return leaf;
};

/** Returns how many leaves the log of an issuer has now. For asTenant of the issuer. */
export const countLeaves = async (db: PoolClient, issuerOrgId: string): Promise<number> => {
  const { rows } = await db.query<{ count: string | null }>({
    name: 'count-leaves',
    text: 'select max(log_index) + 1 as count from rm.log_entries where issuer_org_id = $1',
    values: [issuerOrgId],
  });
  return Number(rows[0]?.count ?? 0);
};

/**
 * Returns the indexes of the events of a stream from a revision on, at most `count` revisions, by their revisions. For
 * asTenant of the issuer.
 */
export const indexesOf = async (
  db: PoolClient,
  issuerOrgId: string,
  { stream, from, count }: { readonly stream: string; readonly from: bigint; readonly count: number },
): Promise<ReadonlyMap<bigint, number>> => {
  const { rows } = await db.query<{ revision: string; log_index: string }>({
    name: 'indexes-of-stream',
    text: `select revision, log_index from rm.log_entries
      where issuer_org_id = $1 and stream = $2 and revision >= $3 and revision < $3 + $4`,
    values: [issuerOrgId, stream, from, count],
  });
  return new Map(rows.map((row) => [BigInt(row.revision), Number(row.log_index)]));
};

const select = `select log_index, encode(hash, 'hex') as hash, event_id, ${epochMs('recorded_at')} as recorded_ms, revision, stream
  from rm.log_entries`;

type Row = Readonly<Record<'log_index' | 'hash' | 'event_id' | 'recorded_ms' | 'revision' | 'stream', string>>;

const readRows = async (
  db: PoolClient,
  query: { readonly name: string; readonly text: string; readonly values: unknown[] },
): Promise<readonly IndexedLeaf[]> => {
  const { rows } = await db.query<Row>(query);
  return rows.map(({ log_index: index, hash, event_id: id, recorded_ms: recordedMs, revision, stream }) => ({
    index: Number(index),
    leaf: { hash, id, recordedAt: new Date(Number(recordedMs)).toISOString(), revision: Number(revision), stream },
  }));
};
