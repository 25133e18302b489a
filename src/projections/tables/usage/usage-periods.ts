import type { LicenseFacts } from '../../../domain/license/license.ts';
import type { MeterResets } from '../../../domain/license/usage/meter-rules.ts';
import type { Limit } from '../../../domain/license/usage/usage-limits.ts';
import type { MeterSums } from '../../../domain/license/usage/usage-notes.ts';
import type { Instant } from '../../../domain/time.ts';
import { columnsFor, rowMaker, typesOf, viewOf } from '../columns.ts';
import type { Table } from '../rows.ts';

/** What the row of a counter is made of. `owner`: the license after the event. */
export type CounterSums = {
  readonly owner: Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId' | 'licenseId'>;
  readonly meter: string;
  readonly sums: MeterSums;
  readonly period: {
    readonly resets?: MeterResets;
    readonly periodStart: Instant;
    readonly periodEnd: Instant | null;
  };
  readonly limit: Limit;
};

const column = columnsFor<CounterSums>();
const columns = {
  issuer_org_id: column('text', ({ owner }) => owner.issuerOrgId),
  holder_org_id: column('text', ({ owner }) => owner.holderOrgId),
  license_id: column('text', ({ owner }) => owner.licenseId),
  meter: column('text', ({ meter }) => meter, 'meter'),
  counter: column('integer', ({ sums }) => sums.counter, 'counter'),
  resets: column('text', ({ period }): MeterResets => period.resets ?? 'TERM', 'resets'),
  period_start: column('timestamptz', ({ period }) => period.periodStart, 'periodStart'),
  period_end: column('timestamptz', ({ period }) => period.periodEnd, 'periodEnd'),
  recorded: column('bigint', ({ sums }) => BigInt(sums.recorded), 'recorded'),
  carried: column('bigint', ({ sums }) => BigInt(sums.carried), 'carried'),
  reset: column('bigint', ({ sums }) => BigInt(sums.reset), 'reset'),
  // The last reset of the meter may be one of an earlier counter.
  reset_by: column('integer', ({ sums }) => (sums.resetBy > sums.counter ? sums.resetBy : 0)),
  limit_then: column('jsonb', ({ limit }) => limit, 'limit'),
};

/** `rm.usage_periods`: the use of meters by period (db/read-models/035-usage-periods.sql). */
export const usagePeriods = {
  name: 'usage_periods',
  key: ['issuer_org_id', 'license_id', 'meter', 'counter'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a counter. */
export const usagePeriodRow = rowMaker(columns);

/** Reads the rows as `p`. */
export const usagePeriodView = viewOf('p', columns);
