import type { Instant } from '../../time.ts';
import { keyRotated } from './license-rules.ts';
import type { Inapplicable, Judgement, Rule, RuleInputs } from './rule.ts';
import type { ValidationCode } from './validation-codes.ts';
import { validationRules } from './validation-rules.ts';
import type { ValidationScope, ValidationView } from './validation-view.ts';
import { checkedOf, type Validation, validate } from './validity.ts';

/** Lists the outcomes of a rule. NOTED: its code is a remark that does not block. */
export const ruleOutcomes = ['PASSED', 'FAILED', 'NOTED', 'NOT_APPLICABLE'] as const;

/** A rule with its outcome, and why it does not apply; null: it applies. */
export type ExplainedRule = {
  readonly code: ValidationCode;
  readonly outcome: (typeof ruleOutcomes)[number];
  readonly why: Inapplicable | null;
  readonly inputs: RuleInputs;
};

/** A validation, and every rule in the order of precedence. */
export type ExplainedValidation = { readonly validation: Validation; readonly rules: readonly ExplainedRule[] };

/**
 * Explains the validation of a license (null: unknown) at `at`. The rules after NOT_FOUND are judged for a known
 * license only. Those after KEY_ROTATED are judged also for a rotated key, so that the explanation says what else is
 * wrong.
 */
export const explainValidation = (
  view: ValidationView | null,
  scope: ValidationScope,
  at: Instant,
): ExplainedValidation => {
  const validation = validate(view, scope, at);
  if (view === null) return { validation, rules: [explained('NOT_FOUND', 'FAILED', {})] };
  const checked = checkedOf(view, scope, at);
  const rules = [explained('NOT_FOUND', 'PASSED', {})];
  let isBlocked = false;
  const take = (code: ValidationCode, { judge, inputs }: Rule) => {
    const judgement = judge(checked, isBlocked);
    isBlocked ||= judgement === 'FAILED';
    rules.push(explained(code, judgement, inputs(checked)));
  };
  take('KEY_ROTATED', keyRotated);
  for (const { code, ...rule } of validationRules) take(code, rule);
  return { validation, rules };
};

const explained = (code: ValidationCode, judgement: Judgement, inputs: RuleInputs): ExplainedRule => {
  switch (judgement) {
    case 'PASSED':
    case 'FAILED':
    case 'NOTED':
      return { code, outcome: judgement, why: null, inputs };
    default:
      return { code, outcome: 'NOT_APPLICABLE', why: judgement, inputs };
  }
};
