import pg, { type Pool } from 'pg';
import { transaction } from '../postgres/transaction.ts';

/** The tree of an issuer as stored. `grown`: how often the notary has noted that the log grew. */
export type StoredSize = { readonly issuerOrgId: string; readonly size: number; readonly grown: string };

/**
 * Takes the notices of the projector and notes on each tree that its log grew. Two notaries share them. It leaves them for
 * the next pass while another transaction holds the row of a tree. The notices are
 * gone then, but `growingTrees` returns the trees until their tiles have all leaves, also after a crash.
 */
export const noteGrowth = async (pool: Pool): Promise<void> => {
  for (;;) {
    const taken = await takeNotices(pool).catch((error: unknown) => {
      if (isLockTimeOut(error)) return 0;
      throw error;
    });
    if (taken < noticesMax) return;
  }
};

/** The projector waits for the rows of the notices, so this does not wait long for the row of a tree. */
const takeNotices = (pool: Pool): Promise<number> =>
  transaction(pool, `begin; set local lock_timeout = '200ms'`, async (db) => {
    const { rowCount } = await db.query({
      name: 'note-growth',
      text: `with taken as (delete from ops.log_growth where issuer_org_id in (
          select issuer_org_id from ops.log_growth order by 1 limit $1 for update skip locked) returning issuer_org_id)
        insert into ops.log_trees as t (issuer_org_id, size, grown) select issuer_org_id, 0, 1 from taken order by 1
        on conflict (issuer_org_id) do update set grown = t.grown + 1`,
      values: [noticesMax],
    });
    return rowCount ?? 0;
  });

const isLockTimeOut = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '55P03';

/**
 * Compares all trees with the logs, and notes each one with another size. A start and another version of the read models
 * need it: neither leaves notices. It reads the end of each log, in parts.
 */
export const noteAllGrowth = async (pool: Pool): Promise<void> => {
  let after = '';
  for (;;) {
    const { rows } = await pool.query<{ last: string | null; issuers: number }>({
      name: 'note-all-growth',
      text: `with recursive issuers (issuer_org_id, place) as (
          (select issuer_org_id, 1 from rm.log_entries where issuer_org_id > $1 order by issuer_org_id limit 1)
          union all
          select (select e.issuer_org_id from rm.log_entries e where e.issuer_org_id > i.issuer_org_id
            order by e.issuer_org_id limit 1), i.place + 1
          from issuers i where i.issuer_org_id is not null and i.place < $2
        ), ends as (
          select i.issuer_org_id, (select max(e.log_index) + 1 from rm.log_entries e where e.issuer_org_id = i.issuer_org_id) as size
          from issuers i where i.issuer_org_id is not null
        ), noted as (
          insert into ops.log_trees as t (issuer_org_id, size, grown)
            select e.issuer_org_id, 0, 1 from ends e left join ops.log_trees known using (issuer_org_id)
            where known.size is distinct from e.size order by 1
          on conflict (issuer_org_id) do update set grown = t.grown + 1
        )
        select max(issuer_org_id) as last, count(*)::int as issuers from ends`,
      values: [after, issuersMax],
    });
    const [row] = rows;
    if (row?.last === null || row === undefined) break;
    after = row.last;
    if (row.issuers < issuersMax) break;
  }
  // A restored log may lack all events of an issuer.
  await pool.query(`update ops.log_trees t set grown = grown + 1
    where size > 0 and not exists (select from rm.log_entries e where e.issuer_org_id = t.issuer_org_id)`);
};

/** Returns trees that lack leaves, in the order of their issuers, from the one after `after` on. */
export const growingTrees = async (
  pool: Pool,
  { after, without }: { readonly after: string; readonly without: readonly string[] },
): Promise<readonly StoredSize[]> => {
  const { rows } = await pool.query<{ issuer_org_id: string; size: string; grown: string }>({
    name: 'growing-trees',
    text: `select issuer_org_id, size, grown from ops.log_trees
      where grown > caught_up and issuer_org_id > $1 and issuer_org_id <> all($2) order by issuer_org_id limit $3`,
    values: [after, without, treesMax],
  });
  return rows.map(({ issuer_org_id: issuerOrgId, size, grown }) => ({ issuerOrgId, size: Number(size), grown }));
};

/** Returns issuers with a checkpoint that is due, the oldest one first, and those who wait for one. */
export const dueTrees = async (
  pool: Pool,
  { now, without }: { readonly now: Date; readonly without: readonly string[] },
): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ issuer_org_id: string }>({
    name: 'due-trees',
    text: `(select issuer_org_id from ops.log_demands d where issuer_org_id <> all($2) and not exists (
          select from ops.log_trees t where t.issuer_org_id = d.issuer_org_id and t.grown > t.caught_up)
        order by demanded_at limit $3)
      union (select issuer_org_id from ops.log_trees where due_at <= $1 and issuer_org_id <> all($2) order by due_at limit $3)`,
    values: [now, without, treesMax],
  });
  return rows.map((row) => row.issuer_org_id);
};

/** Returns which of these issuers have leaves to add, a checkpoint that is due, or somebody who waits for one. */
export const waitingTrees = async (
  pool: Pool,
  { now, among }: { readonly now: Date; readonly among: readonly string[] },
): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ issuer_org_id: string }>({
    name: 'waiting-trees',
    text: `select issuer_org_id from ops.log_trees where issuer_org_id = any($2) and (grown > caught_up or due_at <= $1)
      union select issuer_org_id from ops.log_demands where issuer_org_id = any($2)`,
    values: [now, among],
  });
  return rows.map((row) => row.issuer_org_id);
};

/** Returns when the oldest leaf without a checkpoint came to a tree, or null when all leaves are signed. */
export const unsignedSince = async (pool: Pool): Promise<Date | null> => {
  const { rows } = await pool.query<{ since: Date | null }>(
    'select min(unsigned_since) as since from ops.log_trees where unsigned_since is not null',
  );
  return rows[0]?.since ?? null;
};

const noticesMax = 1_000;
const issuersMax = 5_000;
const treesMax = 200;
