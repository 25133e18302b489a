import type { PoolClient } from 'pg';

/**
 * Notes where in the log an organization took something away from a member or an API key. Until the read models contain it,
 * nobody acts for the organization by what they say. Of several positions the last one counts. As its tenant.
 */
export const noteAccessChange = async (db: PoolClient, organizationId: string, position: bigint): Promise<void> => {
  await db.query({
    name: 'note-access-change',
    text: `insert into identity.access_changes as c (issuer_org_id, position) values ($1, $2)
      on conflict (issuer_org_id) do update set position = excluded.position where c.position < excluded.position`,
    values: [organizationId, position],
  });
};

/** Waits until the read models contain the event at this commit position; false when they do not in time. */
export type UntilProjected = (position: bigint, timeoutMs: number) => Promise<boolean>;

/** How the read models stand to what was taken away; `behind_at`: which position they lack, null: that does not help. */
export type Standing = { readonly is_behind: boolean; readonly behind_at: string | null };

/** What `lookUp` finds; where it finds the read models behind, once more after half a second at most, if they catch up. */
export const onceCurrent = async <Row extends Standing>(
  lookUp: () => Promise<Row | undefined>,
  untilProjected: UntilProjected,
): Promise<Row | undefined> => {
  const row = await lookUp();
  if (row?.is_behind !== true || row.behind_at === null) return row;
  return (await untilProjected(BigInt(row.behind_at), waitMs)) ? lookUp() : row;
};

const waitMs = 500;
