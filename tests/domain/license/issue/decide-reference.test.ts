import { describe, expect, test } from 'vitest';
import { command, event } from '../commands.ts';
import { given, issued, licenseAfter, noon, on, revokedEvent } from '../examples.ts';

const changeTo = (to: string | null) => command('ChangeReference', { to });
const { externalRef: first } = licenseAfter(issued()).facts;

describe('changing the reference of a license', () => {
  test('records the old and the new reference', () => {
    given(issued())
      .when(changeTo('sub_456'))
      .thenEvents(event('LicenseReferenceChanged', { from: first, to: 'sub_456' }));
    const changed = on(noon, event('LicenseReferenceChanged', { from: first, to: 'sub_456' }));
    expect(licenseAfter(issued(), changed).facts.externalRef).toBe('sub_456');
    given(issued(), changed)
      .when(changeTo(null))
      .thenEvents(event('LicenseReferenceChanged', { from: 'sub_456', to: null }));
  });
  test('changes nothing when nothing differs', () => given(issued()).when(changeTo(first)).thenNothing());
  test('is refused for a revoked license', () =>
    given(issued(), on(noon, revokedEvent)).when(changeTo('sub_456')).thenRejected('LICENSE_REVOKED'));
});
