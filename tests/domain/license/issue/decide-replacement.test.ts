import { describe, expect, test } from 'vitest';
import { refuseReplacement } from '../../../../src/domain/license/issue/decide-replacement.ts';
import { command, event, followedBy, typesOf } from '../commands.ts';
import { given, issue, issued, licenseAfter, noon, on, revoke, revokedEvent } from '../examples.ts';

describe('a license in the place of a revoked one', () => {
  const replace = (by: string) => command('RecordReplacement', { by });
  test('names the one it replaces, and that one names it, after its revocation', () => {
    const { facts } = licenseAfter(...followedBy([], issue({ replaces: 'lic_0' })));
    expect(facts.replaces).toBe('lic_0');
    const revoked = [issued(), on(noon, revokedEvent)];
    given(...revoked)
      .when(replace('lic_2'))
      .thenEvents(event('ReplacementIssued', { by: 'lic_2' }));
    expect(licenseAfter(...followedBy(revoked, replace('lic_2'))).facts.replacedBy).toBe('lic_2');
  });
  test('is one: again changes nothing, another is refused', () => {
    const replaced = followedBy([issued()], revoke(), replace('lic_2'));
    given(...replaced)
      .when(replace('lic_2'))
      .thenNothing();
    given(...replaced)
      .when(replace('lic_3'))
      .thenRejected('INVALID_REQUEST');
    expect(typesOf(replaced)).toEqual(['LicenseIssued', 'LicenseRevoked', 'ReplacementIssued']);
  });
  test('is never one for a license that goes on', () => {
    given(issued()).when(replace('lic_2')).thenRejected('INVALID_REQUEST');
  });
  test('may be issued for a revoked license that nothing, or this very license, replaces', () => {
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
