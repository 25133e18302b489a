import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseRequest } from '../../../src/api/http/parse-request.ts';
import { instantOrNull } from '../../../src/api/schemas.ts';

const schema = z.strictObject({
  params: z.strictObject({ licenseId: z.string().regex(/^lic_/, 'must be lic_ and 26 characters') }),
  query: z.strictObject({ limit: z.int().max(100).optional() }),
  body: z.strictObject({
    name: z.string().min(2).max(5),
    count: z.int().min(1),
    tier: z.enum(['FREE', 'PRO']),
    products: z.array(z.string()).min(1),
    enabled: z.boolean().optional(),
    limits: z.record(z.string().regex(/^[a-z]+$/, 'must be letters'), z.number()).optional(),
    value: z.union([z.string(), z.null()]).optional(),
    version: z.union([z.string(), z.strictObject({ number: z.string() })]).optional(),
    overage: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('NONE') }),
        z.strictObject({ kind: z.literal('RATIO'), percent: z.int() }),
      ])
      .optional(),
    until: instantOrNull,
  }),
});

const valid = { name: 'Anna', count: 1, tier: 'PRO', products: ['ide'], until: null };
const dateTime = 'be a date-time with a zone and at most milliseconds, such as 2027-01-31T00:00:00.000Z';

const refusalOf = (body: object, { licenseId = 'lic_1', query = {} }: { licenseId?: string; query?: object } = {}) => {
  const outcome = parseRequest(schema, { params: { licenseId }, query, body });
  if ('parsed' in outcome) throw new Error('The request was accepted.');
  return outcome;
};

const cases: readonly (readonly [string, object, string, string])[] = [
  ['a missing text', { name: undefined }, '/name', 'is missing: it must be a string'],
  ['a number in place of a text', { name: 7 }, '/name', 'must be a string'],
  ['a text that is too short', { name: 'A' }, '/name', 'must have at least 2 characters'],
  ['a text that is too long', { name: 'Annabelle' }, '/name', 'must have at most 5 characters'],
  ['a fraction', { count: 1.5 }, '/count', 'must be a whole number'],
  ['a number that is too small', { count: 0 }, '/count', 'must be at least 1'],
  ['an unknown choice', { tier: 'GOLD' }, '/tier', 'must be one of "FREE", "PRO"'],
  ['a missing choice', { tier: undefined }, '/tier', 'is missing: it must be one of "FREE", "PRO"'],
  ['an empty list', { products: [] }, '/products', 'must have at least 1 entry'],
  ['a text in place of a list', { products: 'ide' }, '/products', 'must be a list'],
  ['a text in place of true', { enabled: 'yes' }, '/enabled', 'must be true or false'],
  ['a name that does not fit', { limits: { 'A-1': 1 } }, '/limits/A-1', 'has an invalid name: it must be letters'],
  ['none of several forms', { value: 1 }, '/value', 'must be a string, or be null'],
  ['an unknown kind', { overage: { kind: 'SOME' } }, '/overage/kind', 'must be one of "NONE", "RATIO"'],
  ['a missing kind', { overage: {} }, '/overage/kind', 'is missing: it must be one of "NONE", "RATIO"'],
  ['a form with an invalid member', { version: { number: 2 } }, '/version/number', 'must be a string'],
  ['a missing date-time', { until: undefined }, '/until', `is missing: it must ${dateTime}, or null`],
  ['a number in place of a date-time', { until: 7 }, '/until', `must ${dateTime}, or null`],
  ['a date without a time', { until: '2027-01-31' }, '/until', `must ${dateTime}, or null`],
  ['a misspelled field', { tire: 'PRO' }, '/tire', 'is not known here: check its spelling, or leave it out'],
];

test.each(cases)('The refusal of %s names the field and says what it must be', (_name, change, pointer, detail) => {
  const { errors, ...refusal } = refusalOf({ ...valid, ...change });
  expect(refusal).toMatchObject({ problem: 'INVALID_REQUEST', detail: `${pointer}: ${detail}` });
  expect(errors).toEqual([{ pointer, detail }]);
});

test('Several unknown fields are named one by one, and a refusal names at most twenty places', () => {
  const fields = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`field${n}`, n]));
  const { errors } = refusalOf({ ...valid, ...fields });
  expect(errors?.map(({ pointer }) => pointer)).toEqual(
    Object.keys(fields)
      .slice(0, 20)
      .map((name) => `/${name}`),
  );
});

test('The message of a schema has precedence', () => {
  expect(refusalOf(valid, { licenseId: '1' }).errors).toEqual([
    { pointer: '{licenseId}', detail: 'must be lic_ and 26 characters' },
  ]);
  expect(refusalOf(valid, { query: { limit: 101 } }).errors).toEqual([
    { pointer: '?limit', detail: 'must be at most 100' },
  ]);
});
