import type { BenchLedger } from './ledgers.ts';

/** A line of the result: id, the measured quantity, the figure, its goal, and the numbers it was computed from. */
export type Row = readonly [id: string, what: string, figure: string, goal: string, madeOf: string];

/** The size of a run, and the parts that its figures share. */
export type Bench = {
  /** The number of interleaved rounds. The best one of each side counts. */
  readonly rounds: number;
  /** The seconds of one round of one load. */
  readonly seconds: number;
  /** The appends of one round of P5. */
  readonly appends: number;
  /** The numbers of licenses: 256, 1,000, 10,000, 100,000 and 1,000,000 in a full run. */
  readonly licenses: Readonly<Record<'few' | 'small' | 'middle' | 'cold' | 'large', number>>;
  /** The number of leaves of the notary's log. */
  readonly leaves: number;
  /** Returns a data directory with this number of licenses. A run creates it once. */
  readonly ledgerWith: (licenses: number) => Promise<BenchLedger>;
  /** Prints the current step to the person who waits. */
  readonly say: (line: string) => void;
};

/** Figures that are measured together. A run may choose each one by its id. */
export type Figures = { readonly ids: readonly string[]; readonly measure: (bench: Bench) => Promise<readonly Row[]> };

/** Returns a row for the ratio of two rates or of two times. */
export const compared = (id: string, what: string, [one, other]: readonly [number, number], goal = ''): Row => [
  id,
  what,
  (one / other).toFixed(2),
  goal,
  `${whole(one)} / ${whole(other)}`,
];

/** Returns a number without fraction and with separators, for a person to read. */
export const whole = (figure: number): string => Math.round(figure).toLocaleString('en-US');
