import type { PoolClient } from 'pg';
import type { MeterResets } from '../../../domain/license/usage/meter-rules.ts';
import type { EarlierUse, EarlierUses } from '../../../domain/license/usage/usage-commands.ts';
import type { Instant } from '../../../domain/time.ts';
import { columnsFor, joined, rowMaker, typesOf, viewOf } from '../columns.ts';
import type { Table } from '../rows.ts';

/** What the row of a counted use is made of. `revision`: that of the event. */
type CountedUse = {
  /** The license after the event. */
  readonly owner: { readonly issuerOrgId: string; readonly licenseId: string; readonly usageEvents: number };
  readonly meter: string;
  readonly entry: {
    readonly usageId: string;
    readonly quantity: number;
    readonly commandId?: string;
    readonly corrects?: string;
  };
  readonly revision: bigint;
  readonly recordedAt: Instant;
};

const column = columnsFor<CountedUse>();
const columns = {
  issuer_org_id: column('text', ({ owner }) => owner.issuerOrgId),
  license_id: column('text', ({ owner }) => owner.licenseId),
  meter: column('text', ({ meter }) => meter),
  usage_id: column('text', ({ entry }) => entry.usageId, 'usageId'),
  revision: column('bigint', ({ revision }) => revision),
  quantity: column('bigint', ({ entry }) => BigInt(entry.quantity), 'quantity'),
  command_id: column('text', ({ entry }) => entry.commandId ?? null, 'commandId'),
  recorded_at: column('timestamptz', ({ recordedAt }) => recordedAt, 'recordedAt'),
  number: column('integer', ({ owner }) => owner.usageEvents, 'number'),
  corrects: column('text', ({ entry }) => entry.corrects ?? null, 'corrects'),
};

/** `rm.usage_ids`: the ids of counted usage (db/read-models/034-usage-ids.sql). */
export const usageIds = {
  name: 'usage_ids',
  key: ['issuer_org_id', 'license_id', 'meter', 'usage_id', 'revision'],
  columns: typesOf(columns),
  purged: { by: 'recorded_at', keptDays: 36 },
} satisfies Table;

/** Returns the row of a counted use. */
export const usageIdRow = rowMaker(columns);

// The counter of a use is the last one of its meter that began by then. What was used after the end of a term so belongs
// to the counter that a renewal made of it.
const view = viewOf('u', columns, {
  counter: joined<number | null>('integer', 'p.counter'),
  resets: joined<MeterResets | null>('text', 'p.resets'),
  periodStart: joined<Instant | null>('timestamptz', 'p.period_start'),
  periodEnd: joined<Instant | null>('timestamptz', 'p.period_end'),
  resetBy: joined<number | null>('integer', 'p.reset_by'),
  corrected: joined<bigint | null>(
    'bigint',
    `(select -sum(c.quantity)::bigint from rm.usage_ids c
        where (c.issuer_org_id, c.license_id, c.meter, c.corrects) = (u.issuer_org_id, u.license_id, u.meter, u.usage_id)
          and c.number >= u.number)`,
  ),
});

/**
 * Returns what the read models know about these ids of a meter. The tenant of `db` must be the issuer of the license.
 * One statement reads the ids and how far the read models are, so that the two belong together.
 */
export const earlierUses = async (
  db: PoolClient,
  {
    licenseId,
    meter,
    usageIds: ids,
  }: { readonly licenseId: string; readonly meter: string; readonly usageIds: readonly string[] },
): Promise<EarlierUses> => {
  const { rows } = await db.query<[events: number, ...use: unknown[]]>({
    name: 'earlier-uses',
    text: `select coalesce((l.more->>'usageEvents')::integer, 0), ${view.select}
      from rm.licenses l left join lateral (
        select distinct on (i.usage_id) i.* from rm.usage_ids i
          where i.issuer_org_id = l.issuer_org_id and i.license_id = l.license_id and i.meter = $2 and i.usage_id = any($3)
          order by i.usage_id, i.revision desc) u on true
      left join lateral (
        select p.* from rm.usage_periods p
          where (p.issuer_org_id, p.license_id, p.meter) = (u.issuer_org_id, u.license_id, u.meter)
            and p.counter <= u.number
          order by p.counter desc limit 1) p on true
      where l.license_id = $1`,
    values: [licenseId, meter, ids],
    rowMode: 'array',
  });
  const [first] = rows;
  if (first === undefined) return { uses: [], events: 0 };
  const uses = rows.flatMap(([, ...use]) => (use[0] === null ? [] : [view.read(use)]));
  return { events: first[0], uses: uses.map(useOf) };
};

const useOf = ({
  quantity,
  corrects,
  counter,
  resets,
  periodStart,
  periodEnd,
  resetBy,
  corrected,
  ...use
}: ReturnType<typeof view.read>): EarlierUse => {
  const known = { ...use, quantity: Number(quantity) };
  if (corrects !== null) return { ...known, corrects };
  if (counter === null || periodStart === null) return known;
  const counted = {
    counter,
    periodStart,
    periodEnd,
    ...(resets === null || resets === 'TERM' ? {} : { resets }),
    corrected: Number(corrected ?? 0n),
    wasReset: use.number < (resetBy ?? 0),
  };
  return { ...known, counted };
};
