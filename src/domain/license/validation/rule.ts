import type { Instant } from '../../time.ts';
import type { LicenseFacts } from '../license.ts';
import type { ValidationScope, ValidationView } from './validation-view.ts';

/** Everything that a rule reads, with the two lists that the result of a validation shows too. */
export type Checked = {
  readonly facts: LicenseFacts;
  readonly view: ValidationView;
  readonly scope: ValidationScope;
  readonly at: Instant;
  /** The requested entitlements that the license does not grant, and the requested meters at their limit. */
  readonly missingEntitlements: readonly string[];
  readonly exceededMeters: readonly string[];
};

/** Lists why a rule does not apply. */
export const inapplicables = [
  /** The request does not name what the rule compares. */
  'NOT_NAMED',
  /** The policy does not demand it. */
  'NOT_REQUIRED',
  /** The license has no end. */
  'NO_END',
  /** The term starts with the first activation, so NOT_ACTIVATED says it. */
  'WAITS_FOR_DEVICE',
  /** No device or seat is known that could be compared. */
  'NOTHING_TO_COMPARE',
  /** The policy lets use above a limit stay. */
  'OVERUSE_STAYS',
  /** The code says that the license is valid, and another rule failed. */
  'BLOCKED',
] as const;

/** Why a rule does not apply. */
export type Inapplicable = (typeof inapplicables)[number];

/** The judgement of a rule: its code blocks (FAILED), is a remark (NOTED), or neither. */
export type Judgement = 'PASSED' | 'FAILED' | 'NOTED' | Inapplicable;

/** The values that a rule compared, by name. They have no hashes, no keys and no personal values. */
export type RuleInputs = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** One rule of a validation. */
export type Rule = {
  /** Decides. `isBlocked`: a rule before this one failed. */
  readonly judge: (checked: Checked, isBlocked: boolean) => Judgement;
  /** Returns what the rule compared. Explanations alone call it, because a validation has no time for it. */
  readonly inputs: (checked: Checked) => RuleInputs;
};
