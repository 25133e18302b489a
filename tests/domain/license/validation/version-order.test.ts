import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalVersion,
  compareVersions,
  versionOrder,
} from '../../../../src/domain/license/validation/app-versions.ts';

const number = fc.oneof(fc.nat(12), fc.nat(1_100), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const part = fc.oneof(
  number.map(String),
  fc.constantFrom('alpha', 'beta', 'rc', 'a-b', 'a', 'A', '-', 'x1', '0x', '1a'),
);
const version = fc
  .tuple(number, number, number, fc.array(part, { maxLength: 3 }), fc.constantFrom('', '+7', '+a.b'))
  .map(([major, minor, patch, parts, build]) => {
    const suffix = parts.length === 0 ? '' : `-${parts.join('.')}`;
    return `${major}.${minor}.${patch}${suffix}${build}`;
  });
const order = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(versionOrder(one) ?? ''), Buffer.from(versionOrder(other) ?? ''));

describe('The order of versions in an index', () => {
  test('is the precedence of SemVer, for any two versions', () =>
    fc.assert(
      fc.property(version, version, (one, other) => {
        expect(Math.sign(order(one, other))).toBe(Math.sign(compareVersions(one, other)));
      }),
      { numRuns: 2_000 },
    ));
  test('has the examples of the specification', () => {
    const rising = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11'];
    const all = [...rising, '1.0.0-rc.1', '1.0.0', '2.0.0', '2.1.0', '2.1.1', '10.0.0'];
    expect(all.toSorted(order)).toEqual(all);
    expect(all.toReversed().toSorted(order)).toEqual(all);
  });
  test.each([
    ['a word before a longer one that ends in a digit', '1.0.0-rc', '1.0.0-rc1'],
    ['a long number before a word that begins with a digit', '1.0.0-1000', '1.0.0-1a'],
    ['a number of two digits before a word', '1.0.0-99', '1.0.0-1a'],
    ['a shorter word with a further part before a longer word', '1.0.0-a.z', '1.0.0-a-'],
  ])('has %s', (_, lower, higher) => expect([order(lower, higher), compareVersions(lower, higher)]).toEqual([-1, -1]));
  test('is that of the one spelling of a version', () =>
    fc.assert(
      fc.property(version, (text) => {
        const canonical = canonicalVersion(text) ?? '';
        expect(canonical).not.toContain('+');
        expect([canonicalVersion(canonical), versionOrder(canonical)]).toEqual([canonical, versionOrder(text)]);
      }),
    ));
  test('has no place for a text that is not a version', () =>
    expect(['latest', '', '1.2.3.4'].map((text) => [canonicalVersion(text), versionOrder(text)])).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]));
});
