import type { newRecord } from './record.ts';

type Late = { readonly meters: Readonly<Record<string, number>>; readonly releases: number };
type Model = Pick<ReturnType<typeof newRecord>['m'], 'now' | 'end' | 'late'>;

/** The counters of a license after the end of its last term, before anything was used then. */
export const noLate: Late = { meters: {}, releases: 0 };

/** Returns what changes when some of a meter is used, or a device is released, after the end. */
export const withLate = ({ now, end, late }: Model, { meter = '', quantity = 0, releases = 0 }) => {
  if (now < end) return {};
  const meters = meter === '' ? late.meters : { ...late.meters, [meter]: (late.meters[meter] ?? 0) + quantity };
  return { late: { meters, releases: late.releases + releases } };
};

/** Returns the counters of a term that starts now or started before. What was used since its start belongs to it. */
export const countersFrom = ({ end, late }: Model, start: number): Late => (start === end ? late : noLate);

type Counted = { readonly at: number; readonly quantity: number; readonly command: string };
/** What the model knows about metered usage: the ids, the instants of the events, and the entries of the last minute. */
export type Metered = {
  readonly counted: Readonly<Record<string, Counted>>;
  readonly events: readonly number[];
  readonly minute: number;
  readonly inMinute: number;
};
export const noMetered: Metered = { counted: {}, events: [], minute: 0, inMinute: 0 };
