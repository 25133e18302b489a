import { deviceRules, seatRules } from './device-rules.ts';
import { limitRules, remarkRules, stateRules } from './license-rules.ts';
import type { Rule } from './rule.ts';
import { grantRules, scopeRules } from './scope-rules.ts';
import { type ValidationCode, validationCodes } from './validation-codes.ts';

/** The codes that are the whole result when they apply, and the code of a license without remarks. */
type Alone = 'NOT_FOUND' | 'KEY_ROTATED' | 'VALID';

/** The code of a rule that is judged together with all others. */
export type RuleCode = Exclude<ValidationCode, Alone>;

// A code without a rule does not compile.
const rules: Readonly<Record<RuleCode, Rule>> = {
  ...stateRules,
  ...scopeRules,
  ...deviceRules,
  ...seatRules,
  ...limitRules,
  ...grantRules,
  ...remarkRules,
};

/**
 * The rules of every validation, each with its code, the most important first. `validate` and `explainValidation` judge
 * the same list, so an explanation cannot differ from a validation.
 */
export const validationRules: readonly (Rule & { readonly code: RuleCode })[] = validationCodes
  .filter((code): code is RuleCode => Object.hasOwn(rules, code))
  // Each has the same shape, which the engine reads fastest.
  .map((code) => ({ code, judge: rules[code].judge, inputs: rules[code].inputs }));
