import { useRead } from '../../session/ledger.ts';

/** The instants of the events before and after an instant; null for none. `isKnown`: both answers are there. */
export type EventSteps = { readonly earlier: string | null; readonly later: string | null; readonly isKnown: boolean };

/**
 * Returns the steps from an instant; null: from now. `later` is null also at the last event, after which comes now. Events
 * of one command have the same instant and are one step.
 */
export const useEventSteps = (licenseId: string, at: string | null, isEnabled: boolean): EventSteps => {
  const params = { licenseId };
  const before = useRead(
    'licenseHistory',
    { params, query: { order: 'desc', limit: 1, ...(at === null ? {} : { to: at }) } },
    { enabled: isEnabled },
  );
  const next = at === null ? undefined : new Date(Date.parse(at) + 1).toISOString();
  const after = useRead(
    'licenseHistory',
    { params, query: { order: 'asc', limit: 1, ...(next === undefined ? {} : { from: next }) } },
    { enabled: isEnabled && next !== undefined },
  );
  return {
    earlier: before.data?.data[0]?.recordedAt ?? null,
    later: after.data?.data[0]?.recordedAt ?? null,
    isKnown: before.isSuccess && (next === undefined || after.isSuccess),
  };
};
