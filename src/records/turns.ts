import type { PoolClient } from 'pg';

/** What is changed, and the command that has the turn to change it. A repeated command has the same `token`. */
export type TurnPlace = { readonly organizationId: string; readonly key: string; readonly token: string };

/** One attempt at a command, with 128 random bits of its own, hex. The turn is that of the newest attempt. */
export type TurnAttempt = TurnPlace & { readonly attempt: string };

/**
 * For how many seconds a command has its turn. A command can take longer, and extends its turn while it works. When its
 * process has died, an append that it sent may still arrive: the embedded event store waits up to a minute for its Postgres.
 */
export const turnSeconds = 80;

/**
 * Takes the turn. `CONTINUED`: an earlier attempt at the same command left it, and may have sent an append that nobody
 * has confirmed. Returns null while another command has the turn, or another attempt takes it at this moment. As the
 * organization.
 */
export const takeTurn = async (
  db: PoolClient,
  { organizationId, key, token, attempt }: TurnAttempt,
): Promise<'TAKEN' | 'CONTINUED' | null> => {
  // The insert never takes a row of the same command: only the update knows, under the lock of the row, whose it is.
  const { rows } = await db.query<['TAKEN' | 'CONTINUED']>({
    name: 'take-turn',
    text: `with continued as (
        update ops.turns set attempt = $4, until = ${turnEnd}
        where issuer_org_id = $1 and key = $2 and token = $3 returning 1
      ), taken as (
        insert into ops.turns as t (issuer_org_id, key, token, attempt, until)
        select $1, $2, $3, $4, ${turnEnd} where not exists (select from continued)
        on conflict (issuer_org_id, key) do update
          set token = excluded.token, attempt = excluded.attempt, until = excluded.until
          where t.token <> excluded.token and t.until <= clock_timestamp()
        returning 1
      )
      select 'CONTINUED' from continued union all select 'TAKEN' from taken`,
    values: [organizationId, key, token, attempt],
    rowMode: 'array',
  });
  return rows[0]?.[0] ?? null;
};

/** Takes the turn that an earlier attempt at the same command has left and that has not ended. As the organization. */
export const continueTurn = async (
  db: PoolClient,
  { organizationId, key, token, attempt }: TurnAttempt,
): Promise<'CONTINUED' | null> => {
  const { rowCount } = await db.query({
    name: 'continue-turn',
    text: `update ops.turns set attempt = $4, until = ${turnEnd}
      where issuer_org_id = $1 and key = $2 and token = $3 and until > clock_timestamp()`,
    values: [organizationId, key, token, attempt],
  });
  return rowCount === 1 ? 'CONTINUED' : null;
};

/**
 * Extends the turn from now on. Returns false when it had ended before, or a later attempt at the command has it. As the
 * organization.
 */
export const extendTurn = async (
  db: PoolClient,
  { organizationId, key, token, attempt }: TurnAttempt,
): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'extend-turn',
    text: `update ops.turns set until = ${turnEnd} where ${isHeld}`,
    values: [organizationId, key, token, attempt],
  });
  return rowCount === 1;
};

/**
 * Ends the turn. Returns false when it had ended before, so that another command may have had it, or when a later
 * attempt at the command has it. As the organization.
 */
export const endTurn = async (
  db: PoolClient,
  { organizationId, key, token, attempt }: TurnAttempt,
): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'end-turn',
    text: `delete from ops.turns where ${isHeld}`,
    values: [organizationId, key, token, attempt],
  });
  return rowCount === 1;
};

const turnEnd = `clock_timestamp() + make_interval(secs => ${turnSeconds})`;
const isHeld = 'issuer_org_id = $1 and key = $2 and token = $3 and attempt = $4 and until > clock_timestamp()';
