/** The files of limits, expiry and status precedence. */
export const guarded: readonly string[] = [
  'src/domain/license/devices/decide-devices.ts',
  'src/domain/license/due.ts',
  'src/domain/license/scheduled/due-scheduled.ts',
  'src/domain/license/term/due-term.ts',
  'src/domain/license/usage/decide-limits.ts',
  'src/domain/license/usage/usage-limits.ts',
  'src/domain/license/scheduled/decide-scheduled.ts',
  'src/domain/license/scheduled/refuse-schedule.ts',
  'src/domain/license/status.ts',
  'src/domain/license/issue/issued-term.ts',
  'src/domain/license/term/decide-expiry.ts',
  'src/domain/license/term/decide-first-term.ts',
  'src/domain/license/term/decide-reminders.ts',
  'src/domain/license/term/decide-renewal-mode.ts',
  'src/domain/license/term/duration-end.ts',
  'src/domain/license/term/decide-renewal.ts',
  'src/domain/license/usage/usage-guard.ts',
];

/** A mutant without observable effect, and why it has none. */
export type Equivalent = {
  readonly file: string;
  readonly original: string;
  readonly replacement: string;
  readonly why: string;
};

/** None at present: the compiler refuses the survivors. A listed mutant that does not survive fails the run. */
export const equivalents: readonly Equivalent[] = [];
