import type { RepairStep } from './repair-step.ts';
import type { Outcome, Situation } from './situation.ts';

/** A step that may repair something, and its outcome in a situation. */
export type Candidate = { readonly step: RepairStep; readonly apply: (situation: Situation) => Outcome };
