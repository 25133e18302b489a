import { gzipSync } from 'node:zlib';
import { type Chance, oneOf } from '../chance.ts';

/** A request before it is written out. `bytes`: the body as it is sent, in place of `json`. */
export type Draft = {
  readonly method: string;
  /** With parameters as `{name}`. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly json: unknown;
  readonly bytes?: Buffer;
};

type Mutation = (draft: Draft, chance: Chance) => Draft;

/** The request with one to three things wrong, or at least strange, about it. */
export const mutate = (draft: Draft, chance: Chance): Draft => {
  const fitting = draft.json === undefined ? beside : [...inBody, ...inBody, ...asBytes, ...beside];
  let mutated = draft;
  for (let count = 1 + chance.below(3); count > 0; count--) mutated = oneOf(fitting, chance)(mutated, chance);
  return mutated;
};

/** Position of the log that no log has reached. */
export const impossiblePosition = '999999999999999999';

const strangeTexts = [
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    'x\udfff',
    '\u202ertl',
    'e\u0301\u0301\u0301',
    '😀'.repeat(300),
    '%00',
    '../../..',
  ],
  ...[
    "'; drop table rm.licenses; --",
    '__proto__',
    'constructor',
    '1e999',
    'NaN',
    'null',
    '{{7*7}}',
    'x'.repeat(5_000),
  ],
  ...['2027-02-30T00:00:00Z', 'P-1Y', '9999-12-31T23:59:59.9999Z', 'lic_00000000000000000000000000', '\r\nX: y'],
];
const strangeNumbers = [1e308, -1e308, -0, -1, 0.1, 2 ** 53, -(2 ** 53) - 2, 1e21, 5e-324];

const strange = (chance: Chance): unknown =>
  chance.one<() => unknown>([
    () => oneOf(strangeTexts, chance),
    () => oneOf(strangeNumbers, chance),
    () => oneOf<unknown>([null, true, [], {}, [[]], [null], { '': '' }, { toString: 1, constructor: {} }], chance),
    () => nested(2 + chance.below(40)),
    () => Array(1_001).fill(0),
  ])();

const nested = (depth: number): unknown => {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Changes something within a value, itself or deeper. */
const within = (value: unknown, chance: Chance, change: (value: unknown) => unknown): unknown => {
  if (chance.percent(30)) return change(value);
  if (Array.isArray(value) && value.length > 0) {
    const at = chance.below(value.length);
    return value.map((each, index) => (index === at ? within(each, chance, change) : each));
  }
  const names = isObject(value) ? Object.keys(value) : [];
  if (!isObject(value) || names.length === 0) return change(value);
  const at = oneOf(names, chance);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === at ? within(each, chance, change) : each]),
  );
};

const changed =
  (change: (value: unknown, chance: Chance) => unknown): Mutation =>
  (draft, chance) => ({ ...draft, json: within(draft.json, chance, (value) => change(value, chance)) });

const inBody: readonly Mutation[] = [
  changed((_, chance) => strange(chance)),
  changed((value, chance) =>
    typeof value === 'string' ? `${value}${oneOf(strangeTexts, chance)}` : oneOf(strangeNumbers, chance),
  ),
  changed((value, chance) =>
    isObject(value) ? { ...value, [oneOf(strangeTexts, chance)]: strange(chance) } : [value],
  ),
  changed((value, chance) => {
    if (!isObject(value)) return undefined;
    const gone = oneOf([...Object.keys(value), ''], chance);
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== gone));
  }),
];

const text = (json: unknown): string => JSON.stringify(json) ?? '';
const bytesOf =
  (make: (text: string, chance: Chance) => string | Buffer, headers: Readonly<Record<string, string>> = {}): Mutation =>
  (draft, chance) => {
    const sent = make(draft.bytes === undefined ? text(draft.json) : draft.bytes.toString(), chance);
    return { ...draft, bytes: Buffer.from(sent), headers: { ...draft.headers, ...headers } };
  };
/** Puts a member in front of those of the outermost object. */
const withMember = (member: string) =>
  bytesOf((all) => all.replace(/^\{("?)/, (_, quote) => `{${member}${quote === '' ? '' : ','}${quote}`));

const asBytes: readonly Mutation[] = [
  bytesOf((all, chance) => all.slice(0, chance.below(all.length + 1))),
  bytesOf((all) => `${all}${all}`),
  bytesOf((all) => `\ufeff${all}`),
  bytesOf((all) => Buffer.concat([Buffer.from(all.slice(0, -1)), Buffer.from([0xff, 0xfe, 0x7d])])),
  bytesOf(() => ''),
  bytesOf(() => 'null'),
  bytesOf(() => '['.repeat(50_000) + ']'.repeat(50_000)),
  bytesOf((all) => all.replace(/^\{/, `{"padding":"${'x'.repeat(120_000)}",`)),
  bytesOf((all) => all.replace(/:\s*-?\d+/, ':1e400')),
  withMember('"__proto__":{"tier":"PRO"}'),
  withMember('"\\ud800":"\\udc00\\ud800"'),
  // The last of two members of a name counts; neither may pass unseen.
  (draft, chance) => {
    const names = isObject(draft.json) ? Object.keys(draft.json) : [];
    const name = oneOf([...names, 'tier'], chance);
    return withMember(`${JSON.stringify(name)}:${text(strange(chance)) || 'null'}`)(draft, chance);
  },
  bytesOf((all) => all, { 'content-type': 'text/plain' }),
  bytesOf((all) => all, { 'content-type': 'application/json; charset=latin1' }),
  bytesOf((all) => all, { 'content-type': 'application/x-www-form-urlencoded' }),
  bytesOf((all) => all, { 'content-type': 'multipart/form-data; boundary=x' }),
  bytesOf((all) => all, { 'content-type': '' }),
  bytesOf((all) => gzipSync(all).subarray(0, 15), { 'content-encoding': 'gzip' }),
  bytesOf((all) => gzipSync(all), { 'content-encoding': 'gzip' }),
  bytesOf((all) => all, { 'content-encoding': 'br, gzip' }),
];

const header =
  (name: string, values: readonly string[]): Mutation =>
  (draft, chance) => ({ ...draft, headers: { ...draft.headers, [name]: oneOf(values, chance) } });

const beside: readonly Mutation[] = [
  ...[0, 1, 2].map(
    (): Mutation => (draft, chance) => {
      const names = Object.keys(draft.params);
      if (names.length === 0) return draft;
      return { ...draft, params: { ...draft.params, [oneOf(names, chance)]: oneOf(strangeTexts, chance) || ' ' } };
    },
  ),
  ...[0, 1, 2].map(
    (): Mutation => (draft, chance) => {
      const names = [
        'limit',
        'cursor',
        'q',
        'order',
        'types',
        'version',
        'asOf',
        '__proto__',
        'x',
        ...draft.query.map(([name]) => name),
      ];
      return { ...draft, query: [...draft.query, [oneOf(names, chance), oneOf(strangeTexts, chance)]] };
    },
  ),
  (draft) => ({ ...draft, query: draft.query.flatMap((each) => [each, each]) }),
  (draft, chance) => ({ ...draft, query: draft.query.map(([name]) => [name, oneOf(strangeTexts, chance)]) }),
  header('idempotency-key', ['', ' ', 'a b', 'x'.repeat(300), '\u00e9', '"', 'k']),
  header('if-match', ['', '*', '""', '"x"', 'W/"1"', '"1", "2"', '"99999999999999999999999"', '"0"']),
  header('if-none-match', ['', '*', '"', 'W/"1"', '"1", "2"', 'x'.repeat(2_000)]),
  header('ledger-min-position', ['', '-1', 'x', '1e5', '0', '9'.repeat(40), `${2n ** 63n}`]),
  header('x-request-id', ['', ' ', '"', 'x'.repeat(2_000), '{{}}']),
  header('traceparent', ['', '00-0-0-0', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'x'.repeat(1_000)]),
  header('prefer', ['', 'respond-async, respond-async', 'return=minimal;x', ',,,']),
  header('accept', ['', 'text/html', '*/*;q=0', 'application/xml']),
  header('authorization', [
    '',
    'Bearer',
    'Bearer ',
    'Basic eDp5',
    'License',
    'License LL-',
    `Bearer ${'x'.repeat(3_000)}`,
    'bearer a.b.c',
  ]),
];
