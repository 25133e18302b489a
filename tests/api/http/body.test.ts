import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/api/http/body.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

test('A JSON body within the limits is read like JSON.parse reads it', () => {
  const shallow = fc
    .jsonValue({ maxDepth: 8 })
    .filter((value) => !/__proto__|\\u0000|\\ud/.test(JSON.stringify(value)));
  fc.assert(
    fc.property(shallow, (value) => {
      expect(parse(JSON.stringify(value))).toEqual({ json: JSON.parse(JSON.stringify(value)) });
    }),
  );
});

test('The depth counts only brackets outside of texts', () => {
  const text = JSON.stringify({ text: '[[[[\\"[['.repeat(50) });
  expect(parse(text)).toEqual({ json: JSON.parse(text) });
  expect(parse(`${'['.repeat(32)}${']'.repeat(32)}`)).toHaveProperty('json');
  expect(parse(`${'['.repeat(33)}${']'.repeat(33)}`)).toMatchObject({ problem: 'INVALID_REQUEST' });
});

test('Every sequence of bytes is read or refused, and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const read = parseJson(Buffer.from(bytes));
      expect('json' in read || read.problem === 'INVALID_REQUEST').toBe(true);
    }),
  );
});

test.each([
  ['NUL', '{"a":"\\u0000"}', '/a'],
  ['half a surrogate pair in capitals', '{"a":["\\uD83D"]}', '/a/0'],
  ['an escaped __proto__', '{"a":{"\\u005f_proto__":1}}', '/a'],
  ['a name with a slash', '{"a/b":"\\u0000"}', '/a~1b'],
])('The problem points at %s', (_name, text, pointer) => {
  expect(parse(text)).toMatchObject({ problem: 'INVALID_REQUEST', errors: [{ pointer }] });
});

test('A whole surrogate pair is accepted in texts', () => {
  expect(parse('{"a":"\\ud83d\\ude00"}')).toEqual({ json: { a: '😀' } });
});
