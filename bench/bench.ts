import type { BenchLedger } from './ledgers.ts';

/** A line of the result: id, what is measured, the figure, its goal, the numbers it was made of. */
export type Row = readonly [id: string, what: string, figure: string, goal: string, madeOf: string];

/** How much a run measures, and what its figures share. */
export type Bench = {
  /** Interleaved rounds; the best of each side counts. */
  readonly rounds: number;
  /** Of one round of one load. */
  readonly seconds: number;
  /** For P5: appends a round. */
  readonly appends: number;
  /** What stands for 256, 1,000, 10,000 and 1,000,000 licenses. */
  readonly licenses: { readonly few: number; readonly small: number; readonly middle: number; readonly large: number };
  /** A data directory with so many licenses; made once in a run. */
  readonly ledgerWith: (licenses: number) => Promise<BenchLedger>;
  /** Tells whoever waits what is done now. */
  readonly say: (line: string) => void;
};

/** Figures that are measured together; each may be asked for by its id. */
export type Figures = { readonly ids: readonly string[]; readonly measure: (bench: Bench) => Promise<readonly Row[]> };

/** A row whose figure is one rate over another, or one time over another. */
export const compared = (id: string, what: string, [one, other]: readonly [number, number], goal = ''): Row => [
  id,
  what,
  (one / other).toFixed(2),
  goal,
  `${whole(one)} / ${whole(other)}`,
];

/** A number to be read: without fraction, with separators. */
export const whole = (figure: number): string => Math.round(figure).toLocaleString('en-US');
