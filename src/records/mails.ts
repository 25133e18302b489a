import type { Pool, PoolClient } from 'pg';

/** The kinds of mails. The id of a mail is that of its invitation or password reset. */
export const mailKinds = ['INVITATION', 'PASSWORD_RESET'] as const;
export type MailKind = (typeof mailKinds)[number];

/** A mail to send. `sealed`: the encrypted address of a password reset. */
export type NewMail = {
  readonly issuerOrgId: string;
  readonly mailId: string;
  readonly kind: MailKind;
  readonly sealed: Buffer | null;
  readonly now: Date;
};

/** A mail that this worker is to send. `tries` counts this try, from 1. */
export type ClaimedMail = Omit<NewMail, 'now'> & { readonly createdAt: Date; readonly tries: number };

/** How a mail ended. `db/ops/115-mails.sql` explains the values. */
export const mailOutcomes = ['SENT', 'DROPPED', 'REFUSED', 'GAVE_UP'] as const;
export type MailOutcome = (typeof mailOutcomes)[number];

/** Returns true for a mail that is queued, or ended otherwise than dropped. Runs in the caller's transaction as the issuer. */
export const isQueued = async (
  db: PoolClient,
  { issuerOrgId, mailId }: Pick<NewMail, 'issuerOrgId' | 'mailId'>,
): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'is-mail-queued',
    text: `select from ops.mails where (issuer_org_id, mail_id) = ($1, $2) and outcome is distinct from 'DROPPED'`,
    values: [issuerOrgId, mailId],
  });
  return rowCount === 1;
};

/**
 * Queues a mail, once per id. Runs in the caller's transaction as the issuer. The event of a dropped mail may still come: a
 * repeated request queues it again. `finishMail` drops no mail that was repeated meanwhile.
 */
export const queueMail = async (db: PoolClient, mail: NewMail): Promise<void> => {
  await db.query({
    name: 'queue-mail',
    text: `insert into ops.mails (issuer_org_id, mail_id, kind, sealed, created_at, next_try_at)
      values ($1, $2, $3, $4, $5, $5)
      on conflict (issuer_org_id, mail_id) do update set
        created_at = excluded.created_at, sealed = excluded.sealed, finished_at = null, outcome = null,
        next_try_at = case when mails.outcome is null then mails.next_try_at else excluded.next_try_at end
      where mails.outcome is null or mails.outcome = 'DROPPED'`,
    values: [mail.issuerOrgId, mail.mailId, mail.kind, mail.sealed, mail.now],
  });
};

/**
 * Takes the next due mail, password resets first. No other worker takes it before `until`. Returns null when none is
 * due. As ledger_worker.
 */
export const claimMail = async (
  pool: Pool,
  { now, until }: { readonly now: Date; readonly until: Date },
): Promise<ClaimedMail | null> => {
  const { rows } = await pool.query<[string, string, MailKind, Buffer | null, Date, number]>({
    name: 'claim-mail',
    text: `update ops.mails set next_try_at = $2, tries = tries + 1
      where (issuer_org_id, mail_id) = (
        select issuer_org_id, mail_id from ops.mails where finished_at is null and next_try_at <= $1
        order by (kind = 'INVITATION'), next_try_at limit 1 for update skip locked)
      returning issuer_org_id, mail_id, kind, sealed, created_at, tries`,
    values: [now, until],
    rowMode: 'array',
  });
  const [row] = rows;
  if (row === undefined) return null;
  const [issuerOrgId, mailId, kind, sealed, createdAt, tries] = row;
  return { issuerOrgId, mailId, kind, sealed, createdAt, tries };
};

/**
 * Ends a mail and removes its address, unless another worker has taken it since. Drops no mail whose request was repeated
 * since. As ledger_worker.
 */
export const finishMail = async (
  pool: Pool,
  { issuerOrgId, mailId, tries, createdAt }: ClaimedMail,
  { outcome, now }: { readonly outcome: MailOutcome; readonly now: Date },
): Promise<void> => {
  await pool.query({
    name: 'finish-mail',
    text: `update ops.mails set finished_at = $4, outcome = $5, sealed = null
      where (issuer_org_id, mail_id, tries) = ($1, $2, $3) and finished_at is null
        and ($5 <> 'DROPPED' or created_at = $6)`,
    values: [issuerOrgId, mailId, tries, now, outcome, createdAt],
  });
};

/** Sets the next try of a mail, unless another worker has taken it since. As ledger_worker. */
export const postponeMail = async (
  pool: Pool,
  { issuerOrgId, mailId, tries }: ClaimedMail,
  nextTry: Date,
): Promise<void> => {
  await pool.query({
    name: 'postpone-mail',
    text: `update ops.mails set next_try_at = $4
      where (issuer_org_id, mail_id, tries) = ($1, $2, $3) and finished_at is null`,
    values: [issuerOrgId, mailId, tries, nextTry],
  });
};

/**
 * Removes mails that ended more than two days ago. Until then a late repetition of a request queues no second mail. As
 * ledger_worker. Returns the number of removed rows.
 */
export const purgeMails = async (pool: Pool): Promise<number> => {
  const { rowCount } = await pool.query("delete from ops.mails where finished_at < now() - interval '2 days'");
  return rowCount ?? 0;
};
