import type { PoolClient } from 'pg';
import type { EarlierUses } from '../../../domain/license/usage/usage-commands.ts';
import type { Instant } from '../../../domain/time.ts';
import { columnsFor, rowMaker, typesOf, viewOf } from '../columns.ts';
import type { Table } from '../rows.ts';

/** What the row of a counted use is made of. `revision`: that of the event. */
type CountedUse = {
  readonly owner: { readonly issuerOrgId: string; readonly licenseId: string };
  readonly meter: string;
  readonly entry: { readonly usageId: string; readonly quantity: number; readonly commandId?: string };
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

const view = viewOf('u', columns);

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
      where l.license_id = $1`,
    values: [licenseId, meter, ids],
    rowMode: 'array',
  });
  const [first] = rows;
  if (first === undefined) return { uses: [], events: 0 };
  const uses = rows.flatMap(([, ...use]) => (use[0] === null ? [] : [view.read(use)]));
  return { events: first[0], uses: uses.map((use) => ({ ...use, quantity: Number(use.quantity) })) };
};
