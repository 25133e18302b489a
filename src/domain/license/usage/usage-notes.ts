import type { Instant } from '../../time.ts';
import type { MeterResets } from './meter-rules.ts';

// Events about usage have numbers from 1 on, over all meters of the license (`usageEvents` of its facts).

/**
 * What the last counter of a meter is made of. The use of the counter is `recorded` and `carried`, less `reset` and what
 * corrections took back.
 */
export type MeterSums = {
  /** The number of the first event that the counter counted. It identifies the counter among those of the meter. */
  readonly counter: number;
  /** The number of the last reset of the meter; 0: there was none. */
  readonly resetBy: number;
  /** The number of the first event in `metersAfterEnd`; 0: nothing was used since the end of the last term. */
  readonly lateFrom: number;
  readonly recorded: number;
  /** What the counter took over from the one before it, at a renewal from the end of the last term. */
  readonly carried: number;
  readonly reset: number;
  /** The day (UTC) of the last use or reset, what was recorded on it, and what was reset. */
  readonly day: string;
  readonly dayRecorded: number;
  readonly dayReset: number;
};

/** Usage that was counted, or a correction, with a negative quantity. `commandId` is null for usage of earlier releases. */
export type RecentUse = {
  readonly quantity: number;
  readonly commandId: string | null;
  readonly recordedAt: Instant;
  /** The number of its event. */
  readonly number: number;
  /** The `usageId` that a correction corrects. Absent: it is no correction. */
  readonly corrects?: string;
};

/** The counter that an event about usage counted for. */
export type CounterOfEvent = {
  readonly counter: number;
  /** Absent: TERM. */
  readonly resets?: Exclude<MeterResets, 'TERM'>;
  readonly periodStart: Instant;
  readonly periodEnd: Instant | null;
};

/** What the state remembers of an event about usage. */
export type UsageEventNote = {
  readonly meter: string;
  readonly recordedAt: Instant;
  /** The counter that its usage counted for. Null: it recorded none. */
  readonly counted: CounterOfEvent | null;
  /** True: a later event reset that counter. */
  readonly wasReset: boolean;
  /** The counter that the event reset. Absent: it is no reset. */
  readonly resetCounter?: number;
};

/** A correction that was recorded. `key`: the `usageKey` of what it corrects. `quantity`: how much it took back. */
export type RecentCorrection = {
  readonly key: string;
  readonly quantity: number;
  readonly number: number;
  readonly recordedAt: Instant;
};
