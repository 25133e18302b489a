import { describe, expect, test } from 'vitest';
import { command, event, followedBy, policyWith } from '../commands.ts';
import { expiresAt, given, issued, licenseAfter, noon, twoDevices } from '../examples.ts';

describe('metered use', () => {
  const metered = issued({ limits: { ...twoDevices, meters: { builds: 10 } } });
  const record = (quantity: number, usageId = 'u1', meter = 'builds', at = noon) =>
    command('RecordUsage', { meter, quantity, usageId, occurredAt: at }, at);
  const counted = (quantity: number, totalAfter: number, usageId = 'u1', overage = false) =>
    event('UsageRecorded', { meter: 'builds', quantity, usageId, occurredAt: noon, totalAfter, limit: 10, overage });

  test('is counted, once per usage id', () => {
    given(metered).when(record(3)).thenEvents(counted(3, 3));
    given(...followedBy([metered], record(3)))
      .when(record(3))
      .thenNothing();
    given(...followedBy([metered], record(3)))
      .when(record(7, 'u2'))
      .thenEvents(counted(7, 10, 'u2'));
  });
  test('never exceeds the quota and its overage; a quantity counts whole or not at all', () => {
    given(...followedBy([metered], record(3)))
      .when(record(8, 'u2'))
      .thenRejected('QUOTA_EXCEEDED');
    const generous = issued({
      policy: policyWith({ overage: { kind: 'RATIO', percent: 150 } }),
      limits: { ...twoDevices, meters: { builds: 10 } },
    });
    given(generous)
      .when(record(15))
      .thenEvents(counted(15, 15, 'u1', true));
    given(generous).when(record(16)).thenRejected('QUOTA_EXCEEDED');
  });
  test('needs a meter of the license and a whole quantity', () => {
    given(metered)
      .when(record(1, 'u1', 'exports'))
      .thenRejected('LIMIT_INVALID');
    given(metered)
      .when(record(1, 'u1', 'toString'))
      .thenRejected('LIMIT_INVALID');
    for (const wrong of [0, -1, 1.5]) given(metered).when(record(wrong)).thenRejected('LIMIT_INVALID');
  });
  test('is refused when the license may not be used', () => {
    given(metered)
      .when(record(1, 'u1', 'builds', expiresAt))
      .thenRejected('LICENSE_EXPIRED');
  });
  test('starts at zero with a renewal from now', () => {
    const renewed = followedBy(
      [metered],
      record(10),
      command('Renew', { duration: 'P1Y', basis: 'FROM_NOW', reasonCode: null }),
    );
    expect(licenseAfter(...renewed).facts.usage.meters).toEqual({});
    given(...renewed)
      .when(record(3, 'u2'))
      .thenEvents(counted(3, 3, 'u2'));
  });
});
