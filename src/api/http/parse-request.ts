import type { z } from 'zod';
import { escapePointer } from '../pointer.ts';
import { type Problem, type ProblemPlace, problem } from '../problems/problems.ts';
import { onceOnly, plainMessage } from './plain-messages.ts';

/** A request before validation. An absent body counts as an empty object. */
export type RawRequest = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

const placesMax = 20;

/**
 * Validates a request. The problem names each wrong place: `/…` in the body, `?name` in the query, `{name}` in the
 * path.
 */
export const parseRequest = <Schema extends z.ZodType>(
  schema: Schema,
  { params, query, body }: RawRequest,
): { readonly parsed: z.output<Schema> } | Problem => {
  const request = { params, query: withMembers(query), body: body === undefined ? {} : body };
  const result = schema.safeParse(request);
  if (result.success) return { parsed: result.data };
  // Only a refusal needs the plain messages, and a schema is slower with them.
  const issues = schema.safeParse(request, { error: plainMessage }).error?.issues ?? result.error.issues;
  const places = issues
    .slice(0, placesMax)
    .map((issue) => withoutRepetition(issue, request))
    .flatMap(placesOf)
    .filter(isFirst)
    .slice(0, placesMax);
  const [first] = places;
  return problem('INVALID_REQUEST', `${first?.pointer || 'The body'}: ${first?.detail}`, places);
};

// A repeated parameter breaks the rule about its type and others, such as that about its length.
const isFirst = ({ pointer, detail }: ProblemPlace, index: number, places: readonly ProblemPlace[]): boolean =>
  places.findIndex((other) => other.pointer === pointer && other.detail === detail) === index;

/** Returns a query with an object in place of parameters such as `metadata[team]`. */
const withMembers = (query: unknown): unknown => {
  if (typeof query !== 'object' || query === null || !Object.keys(query).some((name) => name.endsWith(']')))
    return query;
  const members = new Map<string, unknown>(Object.entries(query));
  for (const [parameter, value] of Object.entries(query)) {
    const [, name = '', member = ''] = memberPattern.exec(parameter) ?? [];
    // Zod ignores this name, and the filter would be ignored with it.
    if (name === '' || name in query || member === '__proto__') continue;
    members.delete(parameter);
    members.set(name, { ...(members.get(name) as object | undefined), [member]: value });
  }
  return Object.fromEntries(members);
};

// A parameter such as metadata[team][lead] is unknown: only the first level has members.
const memberPattern = /^([A-Za-z]+)\[((?:(?!\]\[).)+)\]$/s;

/**
 * Returns an issue that says so when the query repeats its parameter. The schema of a list says how to send several
 * values.
 */
const withoutRepetition = (issue: z.core.$ZodIssue, request: RawRequest): z.core.$ZodIssue => {
  const isUnknown = issue.code === 'unrecognized_keys';
  if (issue.path[0] !== 'query' || isUnknown || issue.message.startsWith(onceOnly)) return issue;
  const value = issue.path.reduce<unknown>((outer, name) => Object(outer)[name], request);
  if (!Array.isArray(value)) return issue;
  const message = `${onceOnly}: the query has it ${value.length} times. Send one value`;
  return { ...issue, code: 'custom', message, path: issue.path };
};

/** Returns the places of an issue: one for each unknown field or invalid member of a form, otherwise one. */
const placesOf = (issue: z.core.$ZodIssue): readonly ProblemPlace[] => {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => placeOf({ ...issue, path: [...issue.path, key] }));
  const members = issue.code === 'invalid_union' ? memberIssues(issue.errors) : [];
  return members.length === 0
    ? [placeOf(issue)]
    : members.flatMap((member) => placesOf({ ...member, path: [...issue.path, ...member.path] }));
};

/** Returns the issues of the only form that has invalid members and nothing else wrong; none when the value has no such form. */
const memberIssues = (forms: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] => {
  const isInside = ({ path, code }: z.core.$ZodIssue) => path.length > 0 || code === 'unrecognized_keys';
  const [form, ...others] = forms.filter((issues) => issues.length > 0 && issues.every(isInside));
  return form === undefined || others.length > 0 ? [] : form;
};

const placeOf = ({ path, message }: Pick<z.core.$ZodIssue, 'path' | 'message'>): ProblemPlace => {
  const [part, ...steps] = path;
  const names = steps.map((step) => (typeof step === 'symbol' ? '' : escapePointer(step)));
  if (part === 'query') return { pointer: `?${parameterOf(names)}`, detail: message };
  if (part === 'params') return { pointer: `{${names.join('.')}}`, detail: message };
  return { pointer: names.map((name) => `/${name}`).join(''), detail: message };
};

const parameterOf = ([name = '', ...members]: readonly (string | number)[]): string =>
  `${name}${members.map((member) => `[${member}]`).join('')}`;
