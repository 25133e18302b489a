import type { Stamped } from '../../src/domain/decider.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { LicenseFacts } from '../../src/domain/license/license.ts';
import type { EarlierUses } from '../../src/domain/license/usage/usage-commands.ts';
import type { Envelope } from '../../src/eventstore/envelope.ts';
import { addWrites, type TableChanges } from '../../src/projections/fold/changes.ts';
import { foldLicense } from '../../src/projections/fold/fold-license.ts';
import type { Row, Table } from '../../src/projections/tables/rows.ts';
import { usageCorrections } from '../../src/projections/tables/usage/usage-corrections.ts';
import { usageDays } from '../../src/projections/tables/usage/usage-days.ts';
import { usageIds } from '../../src/projections/tables/usage/usage-ids.ts';
import { usagePeriods } from '../../src/projections/tables/usage/usage-periods.ts';

const envelope = {
  ...{ schemaVersion: 1, issuerOrgId: 'org_1', holderOrgId: null, effectiveAt: '', recordedAt: '', reason: null },
  actor: { type: 'SYSTEM', id: 'test', onBehalfOf: null },
  ...{ commandId: '', requestHash: '', $correlationId: '', $causationId: null, prevHash: '', hash: '' },
} as Envelope;

/** Returns the rows about usage that the projector makes of the history of one license. */
export const usageRows = (licenseId: string, history: readonly Stamped<LicenseEvent>[]) => {
  const rows = new Map<Table, TableChanges>();
  let facts: LicenseFacts | null = null;
  for (const [index, { event, at }] of history.entries()) {
    const recorded = {
      ...{ id: `evt_${index}`, type: event.type, stream: `license-${licenseId}`, metadata: {}, data: {} },
      ...{ revision: BigInt(index), position: { commit: BigInt(index), prepare: BigInt(index) } },
    };
    const folded = foldLicense(facts, licenseId, { event, at, envelope }, recorded);
    facts = folded.after.facts;
    addWrites(rows, recorded.stream, folded.writes);
  }
  const of = (table: Table): readonly Row[] => [...(rows.get(table)?.created.values() ?? [])];
  return {
    events: facts?.usageEvents ?? 0,
    ids: of(usageIds),
    periods: of(usagePeriods),
    days: of(usageDays),
    corrections: of(usageCorrections),
  };
};

/** Returns what the read models know about these ids, as `earlierUses` reads it from such rows. */
export const earlierIn = (
  { events, ids, periods }: ReturnType<typeof usageRows>,
  meter: string,
  usageIdsAsked: readonly string[],
): EarlierUses => {
  const known = ids.filter((row) => row.meter === meter && usageIdsAsked.includes(String(row.usage_id)));
  const uses = known.map((row) => {
    const number = Number(row.number);
    const [period] = periods
      .filter((one) => one.meter === meter && Number(one.counter) <= number)
      .toSorted((a, b) => Number(b.counter) - Number(a.counter));
    const corrected = ids
      .filter((one) => one.meter === meter && one.corrects === row.usage_id && Number(one.number) >= number)
      .reduce((sum, one) => sum - Number(one.quantity), 0);
    const use = {
      usageId: String(row.usage_id),
      quantity: Number(row.quantity),
      commandId: String(row.command_id),
      recordedAt: String(row.recorded_at),
      number,
    };
    if (row.corrects !== null) return { ...use, corrects: String(row.corrects) };
    const counted = {
      counter: Number(period?.counter),
      periodStart: String(period?.period_start),
      periodEnd: (period?.period_end ?? null) as string | null,
      corrected,
      wasReset: number < Number(period?.reset_by),
    };
    const resets = period?.resets === 'TERM' ? {} : { resets: period?.resets as 'P1D' };
    return { ...use, counted: { ...counted, ...resets } };
  });
  return { uses, events };
};
