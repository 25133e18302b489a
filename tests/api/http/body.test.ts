import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/api/http/body.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

test('whatever JSON can hold within the limits is read as JSON.parse reads it', () => {
  const shallow = fc
    .jsonValue({ maxDepth: 8 })
    .filter((value) => !/__proto__|\\u0000|\\ud/.test(JSON.stringify(value)));
  fc.assert(
    fc.property(shallow, (value) => {
      expect(parse(JSON.stringify(value))).toEqual({ json: JSON.parse(JSON.stringify(value)) });
    }),
  );
});

test('depth counts brackets outside of text only', () => {
  const text = JSON.stringify({ text: '[[[[\\"[['.repeat(50) });
  expect(parse(text)).toEqual({ json: JSON.parse(text) });
  expect(parse(`${'['.repeat(32)}${']'.repeat(32)}`)).toHaveProperty('json');
  expect(parse(`${'['.repeat(33)}${']'.repeat(33)}`)).toMatchObject({ problem: 'INVALID_REQUEST' });
});

test('any bytes at all are read or refused, never thrown on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const read = parseJson(Buffer.from(bytes));
      expect('json' in read || read.problem === 'INVALID_REQUEST').toBe(true);
    }),
  );
});

test.each([
  ['NUL', '{"a":"\\u0000"}', '/a'],
  ['half a surrogate pair, spelled with capitals', '{"a":["\\uD83D"]}', '/a/0'],
  ['an escaped __proto__', '{"a":{"\\u005f_proto__":1}}', '/a'],
  ['a name with a slash', '{"a/b":"\\u0000"}', '/a~1b'],
])('%s is pointed at', (_name, text, pointer) => {
  expect(parse(text)).toMatchObject({ problem: 'INVALID_REQUEST', errors: [{ pointer }] });
});

test('a whole surrogate pair is text', () => {
  expect(parse('{"a":"\\ud83d\\ude00"}')).toEqual({ json: { a: '😀' } });
});
