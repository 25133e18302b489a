import { describe, expect, test } from 'vitest';
import { refuseReplacement } from '../../../../src/domain/license/issue/decide-replacement.ts';
import { command, event, followedBy, typesOf } from '../commands.ts';
import { given, issue, issued, licenseAfter, noon, on, revoke, revokedEvent } from '../examples.ts';

describe('the replacement of a revoked license', () => {
  const replace = (by: string) => command('RecordReplacement', { by });
  test('is recorded on both licenses', () => {
    const { facts } = licenseAfter(...followedBy([], issue({ replaces: 'lic_0' })));
    expect(facts.replaces).toBe('lic_0');
    const revoked = [issued(), on(noon, revokedEvent)];
    given(...revoked)
      .when(replace('lic_2'))
      .thenEvents(event('ReplacementIssued', { by: 'lic_2' }));
    expect(licenseAfter(...followedBy(revoked, replace('lic_2'))).facts.replacedBy).toBe('lic_2');
  });
  test('is recorded once: repeating changes nothing, another one is refused', () => {
    const replaced = followedBy([issued()], revoke(), replace('lic_2'));
    given(...replaced)
      .when(replace('lic_2'))
      .thenNothing();
    given(...replaced)
      .when(replace('lic_3'))
      .thenRejected('INVALID_REQUEST');
    expect(typesOf(replaced)).toEqual(['LicenseIssued', 'LicenseRevoked', 'ReplacementIssued']);
  });
  test('is refused for a license that is not revoked', () => {
    given(issued()).when(replace('lic_2')).thenRejected('INVALID_REQUEST');
  });
  test('is accepted for a revoked license without another replacement', () => {
    const revokedAt = noon;
    expect(refuseReplacement({ revokedAt: null, replacedBy: null }, 'lic_2')?.detail).toBe(
      'This license is not revoked; there is nothing to replace.',
    );
    expect(refuseReplacement({ revokedAt, replacedBy: null }, 'lic_2')).toBeNull();
    expect(refuseReplacement({ revokedAt, replacedBy: 'lic_2' }, 'lic_2')).toBeNull();
    expect(refuseReplacement({ revokedAt, replacedBy: 'lic_3' }, 'lic_2')?.detail).toBe(
      'It was replaced by lic_3 already.',
    );
  });
});
