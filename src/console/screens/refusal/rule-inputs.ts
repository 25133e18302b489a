import type { AnswerOf } from '@license-ledger/client';
import { inZone, number } from '../../parts/dates.ts';
import { texts as allTexts } from '../../texts/catalogue.ts';
import { refusalTexts as texts } from '../../texts/refusal-texts.ts';
import { choiceText } from '../catalog/policy-values.ts';

type Explanation = AnswerOf<'explainValidation'>;
/** A rule of an explained validation. */
export type ExplainedRule = Explanation['rules'][number];

/** Returns the values that a rule compared, each with its name as words. */
export const inputsOf = ({ inputs }: ExplainedRule): readonly (readonly [name: string, value: string])[] =>
  Object.entries(inputs).map(([name, value]) => [wordsOf(name), valueText(inWords(name, value))]);

/** The rules of a policy that are an input under another name. */
const ruleNames: Readonly<Record<string, string>> = { overages: 'overage', awaits: 'basis' };
const reasons: Readonly<Record<string, string>> = allTexts.suspensionReasons;

/** Returns a value of a rule of the policy, or of a suspension, in words. Another value stays as it is. */
const inWords = (name: string, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => inWords(name, item));
  if (typeof value !== 'string') return value;
  return name === 'reasonCode' ? (reasons[value] ?? value) : choiceText(ruleNames[name] ?? name, value);
};

/** Returns the rules that decided, and the others. The order stays. */
export const sortedRules = (rules: readonly ExplainedRule[]) => ({
  deciding: rules.filter(({ outcome }) => outcome === 'FAILED' || outcome === 'NOTED'),
  others: rules.filter(({ outcome }) => outcome === 'PASSED' || outcome === 'NOT_APPLICABLE'),
});

/** Returns a name in code as words, such as "grace until" for graceUntil. */
const wordsOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Returns a value of the API as a person reads it. */
export const valueText = (value: unknown): string => {
  if (value === null || value === undefined) return texts.answer.none;
  if (typeof value === 'boolean') return value ? texts.answer.yes : texts.answer.no;
  if (Array.isArray(value)) return value.length === 0 ? texts.answer.none : value.map(valueText).join(', ');
  if (typeof value === 'number') return number(value);
  if (typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'string' && instant.test(value) ? inZone(value) : String(value);
};
