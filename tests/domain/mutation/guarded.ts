/** The files of limits, expiry and status precedence. */
export const guarded: readonly string[] = [
  'src/domain/license/activations.ts',
  'src/domain/license/due.ts',
  'src/domain/license/limit-changes.ts',
  'src/domain/license/limits.ts',
  'src/domain/license/schedule.ts',
  'src/domain/license/status.ts',
  'src/domain/license/term-changes.ts',
  'src/domain/license/terms.ts',
  'src/domain/license/use.ts',
];

/** A mutant that changes nothing that can be seen, and why. */
export type Equivalent = {
  readonly file: string;
  readonly original: string;
  readonly replacement: string;
  readonly why: string;
};

/** None at present: what survives here the compiler refuses. One that is listed and does not survive fails the run. */
export const equivalents: readonly Equivalent[] = [];
