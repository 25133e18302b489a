import type { Pool } from 'pg';

/** What happened in the feeds of all organizations after a position. It names organizations only, and no event. */
export type FeedActivityRow = {
  /** The serving version of the read models. */
  readonly version: number;
  /** The commit position that the feeds have reached: -1 before the first event. Null: the rows are of another log. */
  readonly reached: bigint | null;
  /** The organizations that got events. */
  readonly organizations: readonly string[];
  /** There were too many events, and `organizations` is not complete. */
  readonly isCut: boolean;
  /** Organizations whose feed stops before a parked event, each with the position of the first one. */
  readonly parked: ReadonlyMap<string, string>;
};

/** Reads what happened after `after`. Null reads only how far the feeds have come. */
export const readFeedActivity = async (pool: Pool, after: bigint | null): Promise<FeedActivityRow> => {
  const { rows } = await pool.query<Row>({
    name: 'feed-activity',
    text: 'select serving, reached, is_cut, organizations, parked from rm.feed_activity($1, $2)',
    values: [after, eventsMax],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row?.[0] == null) throw new Error('The database has no read models yet: `ledger start` makes them.');
  const [version, reached, isCut, organizations, parked] = row;
  return {
    version,
    reached: reached === null ? null : BigInt(reached),
    organizations,
    isCut,
    parked: new Map(parked.map((text) => [text.slice(0, text.indexOf(' ')), text])),
  };
};

// With more events it is cheaper to let every waiting stream read once.
const eventsMax = 5_000;

type Row = [
  version: number | null,
  reached: string | null,
  isCut: boolean,
  organizations: readonly string[],
  parked: readonly string[],
];
