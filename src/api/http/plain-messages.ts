import type { z } from 'zod';

/**
 * Says what a value of a request must be, in words that follow the name of the field. A schema's own message has
 * precedence.
 */
export const plainMessage: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return must(issue.input, kinds[issue.expected] ?? `be of type ${issue.expected}`);
    case 'invalid_value':
      return must(issue.input, oneOf(issue.values));
    case 'too_small':
      return `must ${sizeOf(issue.origin, issue.minimum, issue.inclusive === false ? 'more than' : 'at least')}`;
    case 'too_big':
      return `must ${sizeOf(issue.origin, issue.maximum, issue.inclusive === false ? 'less than' : 'at most')}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.pattern === undefined ? `must have the form ${issue.format}` : `must match ${issue.pattern}`;
    case 'unrecognized_keys':
      return 'is not known here: check its spelling, or leave it out';
    case 'invalid_key':
      return `has an invalid name: it ${issue.issues[0]?.message ?? 'does not fit'}`;
    case 'invalid_union':
      return unionMessage(issue);
    default:
      return undefined;
  }
};

/** The beginning of the message of a parameter that a query repeats. */
export const onceOnly = 'must be present once only';

const kinds: Readonly<Record<string, string>> = {
  string: 'be a string',
  number: 'be a number',
  int: 'be a whole number',
  boolean: 'be true or false',
  array: 'be a list',
  object: 'be an object',
  record: 'be an object',
  null: 'be null',
};

/** Returns the message of a value that breaks a rule, or is missing. The rule follows `must`. */
export const must = (input: unknown, rule: string): string =>
  input === undefined ? `is missing: it must ${rule}` : `must ${rule}`;

/**
 * Says which forms a union takes: the values of its discriminator, or the rule of each form. A form with an invalid
 * member says what that member must be.
 */
const unionMessage = (issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string => {
  const { input, errors, discriminator, options } = issue;
  if (discriminator !== undefined && Array.isArray(options))
    return must(isRecord(input) ? input[discriminator] : input, oneOf(options));
  const rules = errors.flatMap(([first]) => (first === undefined ? [] : [ruleOf(first)]));
  return must(input, [...new Set(rules)].join(', or '));
};

const ruleOf = ({ path, message }: z.core.$ZodIssue): string => {
  const rule = message.replace(/^is missing: it must |^must /, '');
  return path.length === 0 ? rule : `be an object, and its ${path.join('/')} must ${rule}`;
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const oneOf = (values: readonly z.core.util.Primitive[]): string => {
  const texts = values.map((value) => (typeof value === 'string' ? JSON.stringify(value) : String(value)));
  return texts.length === 1 ? `be ${texts[0]}` : `be one of ${texts.join(', ')}`;
};

const sizeOf = (origin: string, bound: number | bigint, comparison: string): string => {
  const unit = units[origin];
  if (unit === undefined) return `be ${comparison} ${bound}`;
  return `have ${comparison} ${bound} ${Number(bound) === 1 ? unit[0] : unit[1]}`;
};

/** What a size counts, by the kind of value; other kinds are numbers. */
const units: Readonly<Record<string, readonly [string, string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  set: ['entry', 'entries'],
  object: ['field', 'fields'],
  record: ['field', 'fields'],
};
