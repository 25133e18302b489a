import type { Instant } from '../../../domain/time.ts';
import { joined, type Matching, noMatches, type Probe, type Side } from './license-conditions.ts';
import { type Listing, orderOf, sortOf } from './license-listing.ts';

type Parameter = (value: unknown) => string;

/**
 * Returns what `lastValidatedBefore` matches: licenses that were issued before the instant and not validated since. A
 * holder sees the validations of the time in which it holds the license. A walk merges the months of the last use.
 */
export const matchingUnused = async (probe: Probe, before: Instant): Promise<Matching> => {
  const { issuer, holder, months } = await probeUnused(probe, before);
  const isUnused = (parameter: Parameter, row: string) => `${row}.created_at < ${parameter(before)}::timestamptz
    and (select true from ops.validation_counts c where c.issuer_org_id = ${row}.issuer_org_id
      and c.license_id = ${row}.license_id and c.day >= ${parameter(dayOf(before))}::date
      and c.last_validated_at >= ${parameter(before)}::timestamptz limit 1) is null`;
  const candidates = (of: Side['of'], parameter: Parameter) =>
    candidatesOf(of, parameter(probe.orgId), parameter(dayOf(before)));
  return {
    matches: { issuer, holder },
    hasAllHeld: false,
    relations: ({ parameter }, { of, conditions }) => [
      `(select l.* from (select x.license_id from ${candidates(of, parameter)} and ${isUnused(parameter, 'x')} offset 0) x
        cross join lateral (select * from rm.licenses s where s.license_id = x.license_id limit 1) l
        where ${joined(conditions, 'l')} offset 0)`,
    ],
    condition: ({ parameter }) => isUnused(parameter, 'l'),
    ordered: {
      columns: 'ACTIVE',
      relation: ({ parameter, listing }, { of }) => {
        const part = `select x.issuer_org_id, x.license_id, x.created_at from ${candidates(of, parameter)}`;
        const order = orderOf(sortOf(listing), 'x');
        const parts = months[of].flatMap((month) =>
          activeIn(listing).map(
            (isActive) => `(${part} and ${day[of]}_month = ${month} and x.is_active = ${isActive} order by ${order})`,
          ),
        );
        // Postgres merges the parts. An index has each part in this order.
        return `(select u.* from (${parts.join(' union all ')}) u where ${isUnused(parameter, 'u')})`;
      },
    },
  };
};

const activeIn = ({ status }: Listing): readonly boolean[] =>
  status === undefined ? [true, false] : [status === 'ACTIVE'];

const day: Readonly<Record<Side['of'], string>> = { issuer: 'x.unused', holder: 'x.held_unused' };
const owner: Readonly<Record<Side['of'], string>> = { issuer: 'x.issuer_org_id', holder: 'x.other_holder_org_id' };

/** Returns the rows that may match: the last known day of use is not after the day of the instant. */
const candidatesOf = (of: Side['of'], org: string, until: string): string => `rm.license_last_validations x
  where ${owner[of]} = ${org} and ${day[of]}_month <= ${monthOf(`${until}::date`)} and ${day[of]}_since <= ${until}::date`;

type Unused = Matching['matches'] & { readonly months: Readonly<Record<Side['of'], readonly number[]>> };

// Steps from month to month along the index.
const monthsOf = (of: Side['of']) => {
  const next = (condition: string) => `(select ${day[of]}_month from rm.license_last_validations x
    where ${owner[of]} = $1 and ${day[of]}_month <= ${monthOf('$2::date')} ${condition} order by ${day[of]}_month limit 1)`;
  return `array(with recursive months(month) as (${next('')}
    union all select ${next(`and ${day[of]}_month > m.month`)} from months m where m.month is not null)
    select month from months where month is not null)`;
};

/** Counts candidates, and reads their months. */
const probeUnused = async ({ db, orgId, matchesMax }: Probe, before: Instant): Promise<Unused> => {
  const count = (of: Side['of']) =>
    `(select count(*) from (select from ${candidatesOf(of, '$1', '$2')} limit ${matchesMax + 1}) counted)`;
  const { rows } = await db.query<
    Record<'issuer' | 'holder', string> & Record<'issuerMonths' | 'holderMonths', number[]>
  >({
    text: `select ${count('issuer')} as issuer, ${count('holder')} as holder,
      ${monthsOf('issuer')} as "issuerMonths", ${monthsOf('holder')} as "holderMonths"`,
    values: [orgId, dayOf(before)],
  });
  const [row] = rows;
  if (row === undefined) return { ...noMatches, months: { issuer: [], holder: [] } };
  return {
    ...{ issuer: Number(row.issuer), holder: Number(row.holder) },
    months: { issuer: row.issuerMonths, holder: row.holderMonths },
  };
};

const monthOf = (date: string): string =>
  `(extract(year from ${date}) * 12 + extract(month from ${date}) - 1)::integer`;

// Instants are texts such as 2027-01-31T00:00:00.000Z, in UTC.
const dayOf = (instant: Instant): string => instant.slice(0, 10);
