import { describe, expect, test } from 'vitest';
import { compareVersions } from '../../../../src/domain/license/validation/app-versions.ts';

describe('versions', () => {
  test.each([
    ['1.2.3', '1.2.3', 0],
    ['1.2', '1.2.0', 0],
    ['1.10', '1.9', 1],
    ['2.0', '10.0', -1],
    ['2.0.0-beta', '2.0.0', -1],
    ['2.0.0', '2.0.0-beta', 1],
    ['2.0.0-alpha', '2.0.0-beta', -1],
    ['2.0.0-beta', '2.0.0-alpha', 1],
    ['1.0+build7', '1.0+build8', 0],
    ['x', '0', 0],
  ])('%s against %s: %i', (a, b, expected) => expect(Math.sign(compareVersions(a, b))).toBe(expected));
});
