import type { Pool, PoolClient } from 'pg';
import type { LicenseFacts } from '../domain/license/license.ts';
import { validationDaysKept } from '../domain/license/validation/inactivity.ts';
import { fromMs, type Instant } from '../domain/time.ts';
import { epochMs } from '../postgres/epoch-ms.ts';
import { productScope } from '../postgres/product-scope.ts';

/** Validations of a license that a process has counted: those of one UTC day, product and holder. */
export type ValidationCount = Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId' | 'licenseId'> & {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** A product of the license. Null: the validations named none. */
  readonly product: string | null;
  validations: number;
  /** How many of them had a verdict that is not valid. */
  denied: number;
  lastValidatedAt: Instant;
};

/** The validations of a license on one UTC day. `product` null: those that named no product of the license. */
export type DayOfValidations = {
  readonly day: string;
  readonly product: string | null;
  readonly validations: number;
  readonly denied: number;
};

/** For how many days after its end a day is kept. `db/ops/140-validation-counts.sql` has the same number. */
export const countedDaysMax = validationDaysKept;

/** Adds counts to those of all processes. `counts` has no two of the same license, day, product and holder. */
export const addValidationCounts = async (db: PoolClient, counts: readonly ValidationCount[]): Promise<void> => {
  const batch: Record<string, object[]> = {};
  for (const count of counts) {
    batch[count.issuerOrgId] ??= [];
    batch[count.issuerOrgId]?.push({
      license_id: count.licenseId,
      day: count.day,
      product: count.product ?? '',
      holder_org_id: count.holderOrgId ?? '',
      validations: count.validations,
      denied: count.denied,
      last_validated_at: count.lastValidatedAt,
    });
  }
  await db.query({
    name: 'note-validations',
    text: 'select ops.note_validations($1)',
    values: [JSON.stringify(batch)],
  });
};

/**
 * Returns the validations of a license by UTC day and product, from `from` to `to` (days, both included), the oldest
 * first. For asTenant of its issuer, or of its holder, which sees the days on which it held the license.
 */
export const validationsOf = async (
  db: PoolClient,
  licenseId: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<readonly DayOfValidations[]> => {
  const { rows } = await db.query<CountedDay>({
    name: 'validations-of',
    text: `select ${dayColumns}
      from ops.validation_counts c join rm.licenses l using (issuer_org_id, license_id)
      where l.license_id = $1 and c.day between $2 and $3
      group by c.day, c.product order by c.day, c.product`,
    values: [licenseId, from, to],
    rowMode: 'array',
  });
  return rows.map(dayIn);
};

/**
 * Returns the validations of all licenses that the organization issues, by UTC day and product, from `from` to `to` (days,
 * both included), the oldest first. Within products, it counts the licenses that have no other product. For asTenant.
 */
export const issuedValidations = async (
  db: PoolClient,
  issuerOrgId: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<readonly DayOfValidations[]> => {
  // The sums of days tell no license from another. Within products, every license that is visible adds its own days.
  const source =
    productScope() === null
      ? 'ops.validation_days c'
      : 'rm.licenses l join ops.validation_counts c using (issuer_org_id, license_id)';
  const { rows } = await db.query<CountedDay>({
    text: `select ${dayColumns} from ${source} where issuer_org_id = $1 and c.day between $2 and $3
      group by c.day, c.product order by c.day, c.product`,
    values: [issuerOrgId, from, to],
    rowMode: 'array',
  });
  return rows.map(dayIn);
};

/**
 * Returns what `validationsOf` returns from a day on, and the instant of the last counted validation, null when no day is
 * left. It is one statement, because every read of a license waits for it. For asTenant as `validationsOf`.
 */
export const lastAndRecentValidations = async (
  db: PoolClient,
  licenseId: string,
  from: string,
): Promise<{ readonly lastValidatedAt: Instant | null; readonly validations: readonly DayOfValidations[] }> => {
  // Under row-level security an index takes the day only from a row of its own, which "offset 0" makes.
  const { rows } = await db.query<[...CountedDay, string]>({
    name: 'recent-validations-of',
    text: `select ${dayColumns}, ${epochMs('max(c.last_validated_at)')}
      from rm.licenses l cross join lateral (
        select least($2::date, (select max(m.day) from ops.validation_counts m
          where m.issuer_org_id = l.issuer_org_id and m.license_id = l.license_id)) as day offset 0) since
      join ops.validation_counts c
        on c.issuer_org_id = l.issuer_org_id and c.license_id = l.license_id and c.day >= since.day
      where l.license_id = $1 group by c.day, c.product order by c.day, c.product`,
    values: [licenseId, from],
    rowMode: 'array',
  });
  const lastMs = rows.reduce((last, row) => Math.max(last, Number(row[4])), Number.NEGATIVE_INFINITY);
  return {
    lastValidatedAt: rows.length === 0 ? null : fromMs(lastMs),
    validations: rows.map(dayIn).filter(({ day }) => day >= from),
  };
};

type CountedDay = [day: string, product: string, validations: string, denied: string];

const dayColumns = `to_char(c.day, 'YYYY-MM-DD'), c.product, sum(c.validations), sum(c.denied)`;

const dayIn = ([day, product, validations, denied]: readonly [...CountedDay, ...unknown[]]): DayOfValidations => ({
  day,
  product: product === '' ? null : product,
  validations: Number(validations),
  denied: Number(denied),
});

/**
 * Removes days that are older than `countedDaysMax`, in batches with short locks, until the signal is aborted. As
 * ledger_worker, which sees no younger ones. Returns how many rows it removed.
 */
export const purgeValidationCounts = async (db: Pool, signal?: AbortSignal): Promise<number> =>
  (await purgeOldDays(db, 'validation_counts', signal)) + (await purgeOldDays(db, 'validation_days', signal));

const purgeOldDays = async (db: Pool, table: keyof typeof primaryKeys, signal?: AbortSignal): Promise<number> => {
  const key = primaryKeys[table];
  let removed = 0;
  while (signal?.aborted !== true) {
    const { rowCount } = await db.query({
      name: `purge-${table}`,
      text: `delete from ops.${table} c using (select ${key} from ops.${table} order by day limit $1) old
        where (${key.map((name) => `c.${name}`)}) = (${key.map((name) => `old.${name}`)})`,
      values: [purgedMax],
    });
    if (!rowCount) return removed;
    removed += rowCount;
  }
  return removed;
};

const primaryKeys = {
  validation_counts: ['issuer_org_id', 'license_id', 'day', 'product', 'holder_org_id'],
  validation_days: ['issuer_org_id', 'day', 'product'],
} as const;

const purgedMax = 5_000;
