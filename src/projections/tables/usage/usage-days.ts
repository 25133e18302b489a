import type { MeterSums } from '../../../domain/license/usage/usage-notes.ts';
import { columnsFor, rowMaker, typesOf, viewOf } from '../columns.ts';
import type { Table } from '../rows.ts';
import type { CounterSums } from './usage-periods.ts';

type DaySums = Pick<CounterSums, 'owner' | 'meter'> & {
  readonly sums: Pick<MeterSums, 'day' | 'dayRecorded' | 'dayReset'>;
};

const column = columnsFor<DaySums>();
const columns = {
  issuer_org_id: column('text', ({ owner }) => owner.issuerOrgId),
  holder_org_id: column('text', ({ owner }) => owner.holderOrgId),
  license_id: column('text', ({ owner }) => owner.licenseId),
  meter: column('text', ({ meter }) => meter, 'meter'),
  day: column('text', ({ sums }) => sums.day, 'day'),
  recorded: column('bigint', ({ sums }) => BigInt(sums.dayRecorded), 'recorded'),
  reset: column('bigint', ({ sums }) => BigInt(sums.dayReset), 'reset'),
};

/** `rm.usage_days`: the use of meters by UTC day (db/read-models/036-usage-days.sql). */
export const usageDays = {
  name: 'usage_days',
  key: ['issuer_org_id', 'license_id', 'meter', 'day'],
  columns: typesOf(columns),
} satisfies Table;

/** Returns the row of a day. */
export const usageDayRow = rowMaker(columns);

/** Reads the rows as `d`. */
export const usageDayView = viewOf('d', columns);
