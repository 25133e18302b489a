import type { At } from '../../../domain/decider.ts';
import type { LicenseEvent } from '../../../domain/license/events.ts';
import { dayOf } from '../../../domain/license/forget.ts';
import type { LicenseFacts } from '../../../domain/license/license.ts';
import { resetsOf } from '../../../domain/license/usage/meter-rules.ts';
import { countedPeriod } from '../../../domain/license/usage/term-counters.ts';
import type { MeterSums } from '../../../domain/license/usage/usage-notes.ts';
import { change, make, type Write } from '../../fold/changes.ts';
import { usageDayRow, usageDays } from './usage-days.ts';
import { usagePeriodRow, usagePeriods } from './usage-periods.ts';

/**
 * Returns what an event does to the sums of meters. It writes those of the meter that it counts or resets, those of the
 * counters that a renewal begins with earlier use, and the owner of all that run.
 */
export const usageSumWrites = (
  before: LicenseFacts | null,
  after: LicenseFacts,
  event: LicenseEvent,
  { recordedAt }: At,
): readonly Write[] => {
  if (before === null) return [];
  switch (event.type) {
    case 'UsageRecorded':
    case 'UsageBatchRecorded':
    case 'UsageReset':
      return sumWrites(after, event.data.meter, event.type === 'UsageRecorded' ? { at: recordedAt } : event.data);
    case 'LicenseRenewed':
      return Object.keys(after.usage.meters).flatMap((meter) => renewalWrites(before, after, meter, recordedAt));
    case 'LicenseTransferred':
      return Object.keys(after.usage.meters).flatMap((meter) => ownerWrites(after, meter, dayOf(recordedAt)));
    default:
      return [];
  }
};

type Period = Parameters<typeof usagePeriodRow>[0]['period'];

const sumWrites = (
  owner: LicenseFacts,
  meter: string,
  counting: Period | { readonly at: string },
): readonly Write[] => {
  const sums = owner.meterSums[meter];
  if (sums === undefined) return [];
  // Earlier releases did not record the period. Their meters all counted for the term.
  const period = 'at' in counting ? countedPeriod(owner, meter, counting.at) : counting;
  return [
    make(usagePeriods, periodRow(owner, meter, sums, period)),
    make(usageDays, usageDayRow({ owner, meter, sums })),
  ];
};

/** A renewal from the end of the last term begins the counter of the term with what was used since. */
const renewalWrites = (
  before: LicenseFacts,
  owner: LicenseFacts,
  meter: string,
  recordedAt: string,
): readonly Write[] => {
  const [known, sums] = [before.meterSums[meter], owner.meterSums[meter]];
  if (known === undefined || sums === undefined || known === sums || resetsOf(owner, meter) !== 'TERM') return [];
  const row = make(usagePeriods, periodRow(owner, meter, sums, countedPeriod(owner, meter, recordedAt)));
  if (known.counter === sums.counter) return [row];
  const { issuerOrgId: issuer_org_id, licenseId: license_id } = owner;
  const left = { issuer_org_id, license_id, meter, counter: known.counter, carried: `${known.carried - sums.carried}` };
  return [row, change(usagePeriods, left)];
};

/** The new holder sees the counters that run, and the present day. */
const ownerWrites = (owner: LicenseFacts, meter: string, today: string): readonly Write[] => {
  const sums = owner.meterSums[meter];
  if (sums === undefined) return [];
  const { issuerOrgId: issuer_org_id, licenseId: license_id, holderOrgId: holder_org_id } = owner;
  const key = { issuer_org_id, license_id, meter, holder_org_id };
  const day = sums.day === today ? [change(usageDays, { ...key, day: sums.day })] : [];
  return [change(usagePeriods, { ...key, counter: sums.counter }), ...day];
};

const periodRow = (owner: LicenseFacts, meter: string, sums: MeterSums, period: Period) =>
  usagePeriodRow({ owner, meter, sums, period, limit: owner.limits.meters[meter] ?? 0 });
