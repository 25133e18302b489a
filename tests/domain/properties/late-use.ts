import type { newRecord } from './record.ts';

type Marks = Readonly<Record<string, number>>;
/** `firsts`: the number of the event about usage that began the counter of each meter. */
type Late = { readonly meters: Marks; readonly firsts: Marks; readonly releases: number };
type Model = Pick<ReturnType<typeof newRecord>['m'], 'now' | 'end' | 'late'>;

/** The counters of a license after the end of its last term, before anything was used then. */
export const noLate: Late = { meters: {}, firsts: {}, releases: 0 };

/** Returns what changes when some of a meter is used, or a device is released, after the end. */
export const withLate = ({ now, end, late }: Model, { meter = '', quantity = 0, releases = 0, event = 0 }) => {
  if (now < end) return {};
  const meters = meter === '' ? late.meters : { ...late.meters, [meter]: (late.meters[meter] ?? 0) + quantity };
  const firsts = meter in late.meters || meter === '' ? late.firsts : { ...late.firsts, [meter]: event };
  return { late: { meters, firsts, releases: late.releases + releases } };
};

/** Returns the counters of a term that starts now or started before. What was used since its start belongs to it. */
export const countersFrom = ({ end, late }: Model, start: number): Late => (start === end ? late : noLate);

type Counted = {
  readonly at: number;
  readonly quantity: number;
  readonly command: string;
  /** The number of its event about usage. */
  readonly event: number;
  readonly corrects: string | undefined;
  /** How much corrections have taken back. */
  readonly corrected: number;
};
/** What the model knows about metered usage: the ids, the instants of the events, and the entries of the last minute. */
export type Metered = {
  readonly counted: Readonly<Record<string, Counted>>;
  readonly events: readonly number[];
  readonly minute: number;
  readonly inMinute: number;
  /** The number of the last reset of each meter. */
  readonly resets: Marks;
};
export const noMetered: Metered = { counted: {}, events: [], minute: 0, inMinute: 0, resets: {} };
