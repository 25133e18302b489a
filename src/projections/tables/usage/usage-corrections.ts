import { dayOf } from '../../../domain/license/forget.ts';
import type { CorrectionEntry } from '../../../domain/license/usage/usage-events.ts';
import { columnsFor, rowMaker, typesOf } from '../columns.ts';
import type { Row, Table } from '../rows.ts';

type Corrected = {
  readonly owner: { readonly issuerOrgId: string; readonly licenseId: string };
  readonly meter: string;
  readonly counter: number;
  readonly day: string;
  readonly revision: bigint;
  readonly quantity: number;
};

const column = columnsFor<Corrected>();
const columns = {
  issuer_org_id: column('text', ({ owner }) => owner.issuerOrgId),
  license_id: column('text', ({ owner }) => owner.licenseId),
  meter: column('text', ({ meter }) => meter),
  counter: column('integer', ({ counter }) => counter),
  day: column('text', ({ day }) => day),
  revision: column('bigint', ({ revision }) => revision),
  quantity: column('bigint', ({ quantity }) => BigInt(quantity)),
};

/** `rm.usage_corrections`: what corrections took back (db/read-models/037-usage-corrections.sql). */
export const usageCorrections = {
  name: 'usage_corrections',
  key: ['issuer_org_id', 'license_id', 'meter', 'counter', 'day', 'revision'],
  columns: typesOf(columns),
} satisfies Table;

const correctionRow = rowMaker(columns);

/** Returns the rows of an event about corrections: one for each counter and day that it lowers. */
export const usageCorrectionRows = (
  event: Pick<Corrected, 'owner' | 'meter' | 'revision'>,
  entries: readonly CorrectionEntry[],
): readonly Row[] => {
  const sums = new Map<string, Corrected>();
  for (const { counter, countedAt, quantity, afterReset } of entries) {
    if (afterReset === true) continue;
    const day = dayOf(countedAt);
    const key = `${counter} ${day}`;
    sums.set(key, { ...event, counter, day, quantity: (sums.get(key)?.quantity ?? 0) - quantity });
  }
  return [...sums.values()].map(correctionRow);
};
