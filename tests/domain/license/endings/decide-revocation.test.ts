import { describe, expect, test } from 'vitest';
import {
  activated,
  deactivatedEvent,
  ends,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  revoke,
  revokedEvent,
  suspendedEvent,
} from '../examples.ts';

describe('revoking a license', () => {
  test('ends it', () => {
    given(issued()).when(revoke()).thenEvents(revokedEvent);
  });
  test('ends every open activation, and announces them in the order of recording', () => {
    given(issued(), activated('b', 1), activated('x', 2), on(noon, deactivatedEvent('x', 'USER', 1)), activated('a', 2))
      .when(revoke())
      .thenEvents(
        { type: 'LicenseRevoked', data: { reasonCode: 'CHARGEBACK', ...ends('ALL', 2) } },
        deactivatedEvent('b', 'LICENSE_REVOKED', 0),
        deactivatedEvent('a', 'LICENSE_REVOKED', 0),
      );
  });
  test('is possible while suspended', () => {
    given(issued(), on(noon, suspendedEvent())).when(revoke()).thenEvents(revokedEvent);
  });
  test('changes nothing when it is repeated', () => {
    given(issued(), on(noon, revokedEvent)).when(revoke()).thenNothing();
  });
  test('leaves no activation open and records when', () => {
    const license = licenseAfter(
      issued(),
      activated('a', 1),
      on(noon, deactivatedEvent('a', 'LICENSE_REVOKED', 0)),
      on(noon, revokedEvent),
    );
    expect(license.activations.size).toBe(0);
    expect(license.byFingerprint.size).toBe(0);
    expect(license.facts).toMatchObject({ revokedAt: noon, usage: { activations: 0 } });
  });
});
