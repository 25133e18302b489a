import { z } from 'zod';
import type { Route } from '../../../src/api/route.ts';
import type { Made } from '../authorization/subject.ts';

/** A place of a request that takes a text. `at`: the steps to it, fields by name and entries of lists by number. */
export type Position = {
  readonly part: 'path' | 'query' | 'body' | 'header';
  readonly at: readonly (string | number)[];
  /** The fields of the surrounding objects that the value needs and that are absent. */
  readonly beside: readonly { readonly at: readonly (string | number)[]; readonly value: unknown }[];
  /** What kinds of typed ids the schema takes there; none: another text. */
  readonly prefixes: readonly string[];
  /** False where the schema asks for a form (a date, an e-mail address) that says nothing of who wrote it. */
  readonly isFree: boolean;
};

/** A position as tests name it. */
export const nameOf = ({ part, at }: Position): string => `${part} ${at.join('.')}`;

/** Every place of an operation that takes a text, by its schema, and the headers that point to what was before. */
export const positionsOf = (route: Route): readonly Position[] => {
  const document = z.toJSONSchema(route.request, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  const found = new Map<string, Position>();
  const walk = (
    schema: unknown,
    place: Pick<Position, 'part' | 'at' | 'beside'>,
    refs: readonly string[] = [],
  ): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const node: Node = schema;
    const { $ref, properties = {} } = node;
    const { part, at, beside } = place;
    // JSON may stand in JSON for ever: once is enough.
    if ($ref !== undefined && !refs.includes($ref))
      walk(document.$defs?.[$ref.slice('#/$defs/'.length)], place, [...refs, $ref]);
    for (const each of [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]) walk(each, place, refs);
    for (const [name, each] of Object.entries(properties)) {
      const others = (node.required ?? []).filter((other) => other !== name && at.length > 0);
      const needed = others.map((other) => ({ at: [...at, other], value: exampleOf(properties[other]) }));
      walk(each, { part, at: [...at, name], beside: [...beside, ...needed] }, refs);
    }
    if (typeof node.additionalProperties === 'object')
      walk(node.additionalProperties, { part, at: [...at, 'any'], beside }, refs);
    if (node.items !== undefined) walk(node.items, { part, at: [...at, 0], beside }, refs);
    if (!takesText(node)) return;
    const prefixes = /^\^(?:\(\?:)?([a-z|]+)\)?_\[0-7\]/.exec(node.pattern ?? '')?.[1]?.split('|') ?? [];
    const position = { ...place, prefixes, isFree: prefixes.length === 0 && node.format === undefined };
    const name = nameOf(position);
    if (!found.has(name)) found.set(name, position);
  };
  const { params, query, body } = document.properties ?? {};
  for (const [part, schema] of Object.entries({ path: params, query, body } as const))
    walk(schema, { part: z.enum(['path', 'query', 'body']).parse(part), at: [], beside: [] });
  for (const name of pointingHeaders)
    found.set(name, { part: 'header', at: [name], beside: [], prefixes: [], isFree: false });
  return [...found.values()];
};

// The values that the schema accepts for a field that another field needs.
const exampleOf = (schema: unknown): unknown => {
  const node: Node = Object(schema);
  if (node.const !== undefined) return node.const;
  if (Array.isArray(node.enum)) return node.enum[0];
  return node.example ?? (node.type === 'integer' ? (node.minimum ?? 1) : 'any');
};

/** The request with `value` in a place of it, whether there was something before or not. */
export const withValue = (route: Route, made: Made, { part, at, beside }: Position, value: string): Made => {
  const [name = ''] = at;
  const [pathname = '', query = ''] = made.path.split('?');
  switch (part) {
    case 'path': {
      const place = route.path.split('/').indexOf(`{${name}}`);
      const segments = pathname.split('/').map((each, index) => (index === place ? encodeURIComponent(value) : each));
      return { ...made, path: `${segments.join('/')}${query === '' ? '' : `?${query}`}` };
    }
    case 'query': {
      const parameters = new URLSearchParams(query);
      parameters.set(String(name), value);
      return { ...made, path: `${pathname}?${parameters}` };
    }
    case 'header':
      return { ...made, headers: { ...made.headers, [name]: value } };
    case 'body': {
      const missing = beside.filter((each) => valueAt(made.body, each.at) === undefined);
      const whole = missing.reduce<unknown>((body, each) => placed(body, each.at, each.value), made.body);
      return { ...made, body: Object(placed(whole, at, value)) };
    }
  }
};

const valueAt = (within: unknown, at: Position['at']): unknown =>
  at.reduce<unknown>((value, step) => Object(value)[step], within);

const placed = (into: unknown, [step, ...rest]: Position['at'], value: unknown): unknown => {
  if (step === undefined) return value;
  if (typeof step === 'number') return [placed(Array.isArray(into) ? into[step] : undefined, rest, value)];
  const fields: Readonly<Record<string, unknown>> = Object(into);
  return { ...fields, [step]: placed(fields[step], rest, value) };
};

type Node = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: unknown;
  readonly const?: unknown;
  readonly example?: unknown;
  readonly minimum?: number;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly allOf?: readonly unknown[];
};

// A schema that says no type takes anything, so a text too.
const takesText = ({ $ref, type, anyOf, oneOf, allOf, ...node }: Node): boolean => {
  if (node.enum !== undefined || node.const !== undefined) return false;
  if (type === undefined)
    return $ref === undefined && anyOf === undefined && oneOf === undefined && allOf === undefined;
  return type === 'string' || (Array.isArray(type) && type.includes('string'));
};

/** The headers by which a request points to what somebody did before. */
const pointingHeaders = [
  'idempotency-key',
  'ledger-min-position',
  'if-match',
  'if-none-match',
  'last-event-id',
  'x-request-id',
  'traceparent',
  'prefer',
];
