import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rulesIn } from '../../src/api/catalog/policy-rules.ts';
import { contentOfTier } from '../../src/domain/catalog/policy-changes.ts';
import { refuseContent } from '../../src/domain/catalog/policy-checks.ts';
import { answer, of } from '../domain/license/validation/validation-examples.ts';

type Bounds = { readonly from: string | null; readonly below: string | null };

const from = (version: string): Bounds => ({ from: version, below: null });
const below = (version: string): Bounds => ({ from: null, below: version });
const codeOf = (versions: Bounds | null, number: string) =>
  answer(of(versions === null ? {} : { versions }), { version: { number, releasedAt: null } }).code;

describe('a license for some versions', () => {
  test.each<readonly [complaint: string, versions: Bounds | null, version: string, isEntitled: boolean]>([
    ['a v before the number hides no later version', below('2.0.0'), 'v3.0.0', false],
    ['a capital V before the number hides no later version', below('2.0.0'), 'V3.0.0', false],
    ['a v before the number locks nobody out', below('2.0.0'), 'v1.9.9', true],
    ['a v before the bound of a policy counts like none', below('v2.0.0'), '1.9.9', true],
    ['only one v is dropped', below('2.0.0'), 'vv1.0.0', false],
    ['a name before the number is no version', below('2.0.0'), 'release-3.0.0', false],
    ['a name before a covered number is no version either', below('2.0.0'), 'release-1.0.0', false],
    ['latest is no version', below('2.0.0'), 'latest', false],
    ['latest is no version from a bound on either', from('2.0.0'), 'latest', false],
    ['four numbers are no version', below('2.0.0'), '1.0.0.1', false],
    ['a number with a leading zero is no version', below('2.0.0'), '1.09.0', false],
    ['a number too large to compare is no version', from('2.0.0'), '99999999999999999999.0.0', false],
    ['a number without an end is no version', below('2.0.0'), '1.', false],
    ['white space is no part of a version', below('2.0.0'), '1.0.0 ', false],
    ['an empty text is no version', below('2.0.0'), '', false],
    ['beta.10 comes after beta.2', from('2.0.0-beta.2'), '2.0.0-beta.10', true],
    ['beta.10 comes after beta.2, also for the end', below('2.0.0-beta.2'), '2.0.0-beta.10', false],
    ['a number in a suffix comes before a word', from('2.0.0-alpha'), '2.0.0-1', false],
    ['a longer suffix comes after a shorter one', from('2.0.0-beta'), '2.0.0-beta.1', true],
    ['a preview comes before its release', from('2.0.0'), '2.0.0-rc.1', false],
    ['a preview of the next version comes before its bound', below('2.0.0'), '2.0.0-rc.1', true],
    ['a missing minor and patch are 0', from('2.1'), '2', false],
    ['a missing patch is 0', from('2.1.0'), '2.1', true],
    ['a missing patch is 0 before a suffix, too', below('2.1.0'), '2.1-beta.1', true],
    ['the build does not count', below('2.0.0'), '2.0.0+7', false],
    ['the build of a preview does not count', below('2.0.0-rc.1'), '2.0.0-rc.1+7', false],
    ['10 comes after 9', from('1.9'), '1.10', true],
    ['a stored bound that cannot be read entitles nothing', below('2024.10.1.5'), '1.0.0', false],
    ['a stored first version that cannot be read entitles nothing', from('2024.01'), '2025.1.0', false],
    ['a policy that names no versions covers a text that is not a version', null, 'latest', true],
    ['a policy that names no versions covers four numbers', null, '1.0.0.1', true],
  ])('%s: %j with %j', (_, versions, version, isEntitled) =>
    expect(codeOf(versions, version)).toBe(isEntitled ? 'VALID' : 'VERSION_NOT_ENTITLED'),
  );
});

describe('a policy with the version', () => {
  const codeFor = (versions: Bounds) =>
    refuseContent(contentOfTier('PRO', 'Team', { versions }))?.rejected ?? 'accepted';
  const accepted = ['2', '2.1', '2.1.3', 'v2.1.3', 'V2', '2.1.3-beta.1', '2-rc', '2.1.3-rc.1+build.7', '2024.10.1'];
  test.each(accepted)('%s is accepted', (version) =>
    expect([codeFor(from(version)), codeFor(below(version))]).toEqual(['accepted', 'accepted']),
  );
  const refused = [
    '',
    'latest',
    'release-2',
    'vv2',
    '2.1.3.4',
    '02.1',
    '2.1.x',
    '^2.1',
    '>=2',
    '2.1.3-',
    '2.1.3-01',
    ' 2',
  ];
  test.each(refused)('%j is refused', (version) =>
    expect([codeFor(from(version)), codeFor(below(version))]).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST']),
  );
  test('the description of the API says the same of these texts as the server', () => {
    const { versions } = z.toJSONSchema(z.strictObject({ versions: rulesIn.versions })).properties ?? {};
    const { pattern = '', maxLength } = JSON.parse(JSON.stringify(versions)).anyOf[0].properties.from.anyOf[0];
    const fits = (version: string) => new RegExp(pattern).test(version);
    expect(accepted.filter(fits)).toEqual(accepted);
    expect(refused.filter(fits)).toEqual([]);
    expect(maxLength).toBe(256);
  });
  test('beta.10 and beta.2 as bounds must be in the order of their numbers', () => {
    expect(codeFor({ from: '2.0.0-beta.2', below: '2.0.0-beta.10' })).toBe('accepted');
    expect(codeFor({ from: '2.0.0-beta.10', below: '2.0.0-beta.2' })).toBe('INVALID_REQUEST');
  });
});
