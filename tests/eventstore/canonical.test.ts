import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, NotCanonical } from '../../src/eventstore/chain/canonical.ts';

describe('Canonical JSON', () => {
  test('orders keys as RFC 8785 does, by UTF-16 code units', () => {
    // The example of section 3.2.3.
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)))).toHaveLength(7);
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",' +
        '"\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  test('escapes text as RFC 8785 does', () => {
    // The text of section 3.2.2.
    expect(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/')).toBe(`"\u20ac$\\u000f\\nA'B\\"\\\\\\\\\\"/"`);
    expect(canonicalJson('\b\t\f\u2028\u007f')).toBe('"\\b\\t\\f\u2028\u007f"');
  });

  test('writes every allowed value in one way', () => {
    expect(canonicalJson([null, true, false, 0, -0, -1, Number.MAX_SAFE_INTEGER, '', [], {}])).toBe(
      '[null,true,false,0,0,-1,9007199254740991,"",[],{}]',
    );
  });

  test('does not depend on the order of insertion or on a round trip through JSON', () => {
    const leaf = fc.oneof(fc.maxSafeInteger(), fc.boolean(), fc.constant(null), fc.string({ unit: 'grapheme' }));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
    }));
    fc.assert(
      fc.property(value, (any) => {
        const text = canonicalJson(any);
        const parsed: unknown = JSON.parse(text);
        expect(canonicalJson(parsed)).toBe(text);
        expect(canonicalJson(reversed(parsed))).toBe(text);
        expect(parsed).toEqual(JSON.parse(JSON.stringify(any)));
      }),
    );
  });

  test('keeps keys that have a special meaning in JavaScript', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1},"constructor":2}'))).toBe(
      '{"__proto__":{"a":1},"constructor":2}',
    );
  });
});

describe('Canonical JSON refuses, and names the place of,', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;

  test.each([
    ['a float', { price: [1, 1.5] }, 'price.1 is the number 1.5'],
    ['an unsafe integer', { n: 2 ** 53 }, 'n is the number 9007199254740992'],
    ['infinity', Number.POSITIVE_INFINITY, 'the value is the number Infinity'],
    ['not a number', { n: Number.NaN }, 'n is the number NaN'],
    ['undefined', { a: { b: undefined } }, 'a.b is a value of type undefined'],
    ['a hole in an array', new Array(1), '0 is a value of type undefined'],
    ['a BigInt', { n: 1n }, 'n is a value of type bigint'],
    ['a function', { f: () => 1 }, 'f is a value of type function'],
    ['a date', { at: new Date(0) }, 'at is an object that is not plain'],
    ['a map', { m: new Map() }, 'm is an object that is not plain'],
    ['a symbol as key', { [Symbol('s')]: 1 }, 'a symbol as a key'],
    ['a lone surrogate', { name: 'x\ud800' }, 'name is text with a lone surrogate'],
    ['a lone surrogate in a key', { '\udfff': 1 }, 'is text with a lone surrogate'],
    ['a cycle', cyclic, 'a cycle'],
  ])('%s', (_, value, problem) => {
    expect(() => canonicalJson(value)).toThrow(NotCanonical);
    expect(() => canonicalJson(value)).toThrow(problem);
  });

  test('nesting deeper than 64 levels', () => {
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(canonicalJson(nested(64))).toHaveLength(128);
    expect(() => canonicalJson(nested(65))).toThrow('deeper than 64');
    expect(() => canonicalJson(nested(5_000))).toThrow('deeper than 64');
  });
});

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, reversed(member)])
      .toReversed(),
  );
};
