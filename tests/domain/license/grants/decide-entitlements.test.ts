import { describe, expect, test } from 'vitest';
import { command, event, followedBy } from '../commands.ts';
import { expiresAt, given, issued, licenseAfter, noon } from '../examples.ts';

describe('an entitlement', () => {
  const sso = { code: 'sso', value: 'saml', limit: 5, until: expiresAt, source: 'grant' } as const;
  const grant = (overrides: object = {}) => command('GrantEntitlement', { ...sso, ...overrides });

  test('is granted with value, limit, own end and source', () => {
    given(issued()).when(grant()).thenEvents(event('EntitlementGranted', sso));
    expect(licenseAfter(...followedBy([issued()], grant())).facts.entitlements).toEqual([sso]);
  });
  test('replaces a different one of its source; the same changes nothing', () => {
    const granted = followedBy([issued()], grant());
    given(...granted)
      .when(grant())
      .thenNothing();
    expect(licenseAfter(...followedBy(granted, grant({ limit: 9 }))).facts.entitlements).toEqual([
      { ...sso, limit: 9 },
    ]);
  });
  test('may come from several sources, each for itself', () => {
    const history = followedBy([issued()], grant(), grant({ source: 'tier', value: null }));
    expect(licenseAfter(...history).facts.entitlements).toHaveLength(2);
    const revoked = followedBy(history, command('RevokeEntitlement', { code: 'sso', source: 'grant' }));
    expect(licenseAfter(...revoked).facts.entitlements).toEqual([{ ...sso, source: 'tier', value: null }]);
  });
  test('is taken back; repeating changes nothing', () => {
    const revoke = command('RevokeEntitlement', { code: 'sso', source: 'grant' });
    given(...followedBy([issued()], grant()))
      .when(revoke)
      .thenEvents(event('EntitlementRevoked', { code: 'sso', source: 'grant' }));
    given(issued()).when(revoke).thenNothing();
  });
  test('needs a valid code, a whole limit, and an end in the future', () => {
    given(issued())
      .when(grant({ code: 'No Code' }))
      .thenRejected('INVALID_REQUEST');
    given(issued())
      .when(grant({ limit: -1 }))
      .thenRejected('LIMIT_INVALID');
    given(issued())
      .when(grant({ limit: 1.5 }))
      .thenRejected('LIMIT_INVALID');
    given(issued())
      .when(grant({ until: noon }))
      .thenRejected('TERM_INVALID');
  });
});
