import type { PoolClient } from 'pg';

/** What is changed, and the command that has the turn to change it. A repeated command has the same `token`. */
export type TurnPlace = { readonly organizationId: string; readonly key: string; readonly token: string };

/**
 * For how many seconds a command has its turn. Longer than an append takes with all its repetitions. A command can take
 * longer, and extends its turn while it works.
 */
export const turnSeconds = 30;

/**
 * Takes the turn. `CONTINUED`: an earlier attempt at the same command left it, and may have sent an append that nobody
 * has confirmed. Returns null while another command has the turn. As the organization.
 */
export const takeTurn = async (
  db: PoolClient,
  { organizationId, key, token }: TurnPlace,
): Promise<'TAKEN' | 'CONTINUED' | null> => {
  const { rows } = await db.query<[isContinued: boolean]>({
    name: 'take-turn',
    text: `with earlier as (select token from ops.turns where issuer_org_id = $1 and key = $2)
      insert into ops.turns as t (issuer_org_id, key, token, until)
      values ($1, $2, $3, clock_timestamp() + make_interval(secs => ${turnSeconds}))
      on conflict (issuer_org_id, key) do update set token = excluded.token, until = excluded.until
        where t.token = excluded.token or t.until <= clock_timestamp()
      returning exists (select from earlier where earlier.token = $3)`,
    values: [organizationId, key, token],
    rowMode: 'array',
  });
  const [taken] = rows;
  if (taken === undefined) return null;
  return taken[0] ? 'CONTINUED' : 'TAKEN';
};

/** Extends the turn from now on. Returns false when it had ended before. As the organization. */
export const extendTurn = async (db: PoolClient, { organizationId, key, token }: TurnPlace): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'extend-turn',
    text: `update ops.turns set until = clock_timestamp() + make_interval(secs => ${turnSeconds})
      where issuer_org_id = $1 and key = $2 and token = $3 and until > clock_timestamp()`,
    values: [organizationId, key, token],
  });
  return rowCount === 1;
};

/** Ends the turn. Returns false when it had ended before, so that another command may have had it. As the organization. */
export const endTurn = async (db: PoolClient, { organizationId, key, token }: TurnPlace): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'end-turn',
    text: `delete from ops.turns where issuer_org_id = $1 and key = $2 and token = $3 and until > clock_timestamp()`,
    values: [organizationId, key, token],
  });
  return rowCount === 1;
};
