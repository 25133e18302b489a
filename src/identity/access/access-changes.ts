import type { PoolClient } from 'pg';

/**
 * Stores the log position at which an organization took a right away from a member or an API key. Until the read models
 * reach that position, no credential of the organization is accepted. Only the highest position is stored. Call it as
 * the tenant.
 */
export const noteAccessChange = async (db: PoolClient, organizationId: string, position: bigint): Promise<void> => {
  await db.query({
    name: 'note-access-change',
    text: `insert into identity.access_changes as c (issuer_org_id, position) values ($1, $2)
      on conflict (issuer_org_id) do update set position = excluded.position where c.position < excluded.position`,
    values: [organizationId, position],
  });
};

/** Waits until the read models contain the event at this commit position. Returns false after `timeoutMs`. */
export type UntilProjected = (position: bigint, timeoutMs: number) => Promise<boolean>;

/**
 * Tells whether the read models lack an access change. `behind_at` is the position to wait for, or null when waiting
 * does not help.
 */
export type AccessState = { readonly is_behind: boolean; readonly behind_at: string | null };

/**
 * Returns the row that `readRow` returns. When the read models are behind, it waits up to half a second for them and
 * reads again.
 */
export const readWhenCurrent = async <Row extends AccessState>(
  readRow: () => Promise<Row | undefined>,
  untilProjected: UntilProjected,
): Promise<Row | undefined> => {
  const row = await readRow();
  if (row?.is_behind !== true || row.behind_at === null) return row;
  return (await untilProjected(BigInt(row.behind_at), waitMs)) ? readRow() : row;
};

const waitMs = 500;
