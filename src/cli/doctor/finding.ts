/**
 * The result of a check. `todo`: an operator must do something. `note`: worth knowing. `unknown`: it could not be
 * checked. `action` says what to do.
 */
export type Finding = {
  readonly check: string;
  readonly state: 'ok' | 'note' | 'todo' | 'unknown';
  readonly detail: string;
  readonly action?: string;
};

export const ok = (check: string, detail: string): Finding => ({ check, state: 'ok', detail });

export const unknown = (check: string, detail: string): Finding => ({ check, state: 'unknown', detail });

export const note = (check: string, detail: string, action: string): Finding => ({
  check,
  state: 'note',
  detail,
  action,
});

export const todo = (check: string, detail: string, action: string): Finding => ({
  check,
  state: 'todo',
  detail,
  action,
});

/** Returns one line for a finding, with what to do. */
export const lineOf = ({ check, state, detail, action }: Finding): string =>
  `${state.padEnd(7)}  ${check.padEnd(18)}  ${detail.replaceAll(/\s+/g, ' ')}${action === undefined ? '' : ` ${action}`}`;
