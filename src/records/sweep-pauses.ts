import type { Pool } from 'pg';
import type { Instant } from '../domain/time.ts';

/** A license that a sweep could not change, with the revision of its row before. */
export type StuckLicense = {
  readonly licenseId: string;
  readonly revision: bigint;
  /** When another command of the license falls due, which ends the pause at the latest. Null: never, or unknown. */
  readonly nextDueAt: Instant | null;
};

// The longest pause.
const pauseMaxSeconds = 3_600;

/** Returns SQL that is true while the license with the row `l` is paused at `now`. */
export const isPaused = (now: string): string =>
  `exists (select from ops.sweep_pauses p where (p.issuer_org_id, p.license_id) = (l.issuer_org_id, l.license_id)
    and p.revision = l.revision and p.until > ${now})`;

/** Returns the revisions of the rows of licenses. As ledger_worker. */
export const revisionsOf = async (db: Pool, licenseIds: readonly string[]): Promise<ReadonlyMap<string, bigint>> => {
  const { rows } = await db.query<[string, string]>({
    name: 'license-revisions',
    text: 'select license_id, revision from rm.licenses where license_id = any($1)',
    values: [licenseIds],
    rowMode: 'array',
  });
  return new Map(rows.map(([licenseId, revision]) => [licenseId, BigInt(revision)]));
};

/**
 * Pauses licenses while their rows have these revisions, so that the sweep skips them. The pause takes `seconds`,
 * doubles after each further attempt up to an hour, and never lasts beyond `nextDueAt`. As ledger_worker.
 */
export const pauseLicenses = async (
  db: Pool,
  stuck: readonly StuckLicense[],
  { now, seconds }: { readonly now: Instant; readonly seconds: number },
): Promise<void> => {
  if (stuck.length === 0) return;
  await db.query({
    name: 'pause-licenses',
    text: `insert into ops.sweep_pauses as p (issuer_org_id, license_id, revision, tries, until)
      select l.issuer_org_id, l.license_id, stuck.revision, coalesce(before.tries, 0) + 1, least(stuck.next_due_at,
        $3::timestamptz + make_interval(secs => least($4::float8 * 2 ^ least(coalesce(before.tries, 0), 30), $5::float8)))
      from unnest($1::text[], $2::bigint[], $6::timestamptz[]) stuck (license_id, revision, next_due_at)
      join rm.licenses l using (license_id)
      left join ops.sweep_pauses before on (before.issuer_org_id, before.license_id, before.revision)
        = (l.issuer_org_id, l.license_id, stuck.revision)
      order by 1, 2
      on conflict (issuer_org_id, license_id) do update set
        revision = excluded.revision, tries = excluded.tries, until = excluded.until`,
    values: [
      stuck.map(({ licenseId }) => licenseId),
      stuck.map(({ revision }) => revision),
      now,
      seconds,
      pauseMaxSeconds,
      stuck.map(({ nextDueAt }) => nextDueAt),
    ],
  });
};

/**
 * Removes pauses that ended more than a day ago, in batches, until the signal is aborted. As ledger_worker. Returns how
 * many rows it removed.
 */
export const purgePauses = async (db: Pool, signal?: AbortSignal): Promise<number> => {
  let removed = 0;
  while (signal?.aborted !== true) {
    const { rowCount } = await db.query({
      name: 'purge-pauses',
      text: `delete from ops.sweep_pauses p using (
          select issuer_org_id, license_id from ops.sweep_pauses where until < now() - interval '1 day' limit $1) old
        where (p.issuer_org_id, p.license_id) = (old.issuer_org_id, old.license_id)
          and p.until < now() - interval '1 day'`,
      values: [purgedMax],
    });
    if (!rowCount) return removed;
    removed += rowCount;
  }
  return removed;
};

const purgedMax = 5_000;
