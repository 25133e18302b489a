import { describe, expect, test } from 'vitest';
import { compareVersions, isVersion } from '../../../../src/domain/license/validation/app-versions.ts';

describe('versions', () => {
  test.each([
    ['1.2.3', '1.2.3', 0],
    ['1.2', '1.2.0', 0],
    ['1.10', '1.9', 1],
    ['2.0', '10.0', -1],
    ['1.2.10', '1.2.9', 1],
    ['2.0.0-beta', '2.0.0', -1],
    ['2.0.0', '2.0.0-beta', 1],
    ['2.0.0-alpha', '2.0.0-beta', -1],
    ['2.0.0-beta', '2.0.0-alpha', 1],
    ['1.0+build7', '1.0+build8', 0],
    ['2.0.0-beta.10', '2.0.0-beta.2', 1],
    ['v2', 'V2.0.0', 0],
    ['2.0.0-1', '2.0.0-alpha', -1],
  ])('%s against %s: %i', (a, b, expected) => expect(Math.sign(compareVersions(a, b))).toBe(expected));
  test.each([
    'x',
    '',
    'vv1',
    '1.2.3.4',
    '01.2',
    '1.2.3-',
    '1.2.3 ',
    ' 1.2.3',
    '1.2.3-beta ',
    '1.2.3\n',
    '1.2.',
    '1..2',
  ])('%j is none, and neither before nor after another', (text) => {
    expect([isVersion(text), isVersion('1.2.3')]).toEqual([false, true]);
    expect([compareVersions(text, '1.2.3'), compareVersions('1.2.3', text)]).toEqual([Number.NaN, Number.NaN]);
  });
});
