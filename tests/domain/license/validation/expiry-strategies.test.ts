import { describe, test } from 'vitest';
import { event, policyWith } from '../commands.ts';
import { expire, expiredEvent, given, issued, noon, on, renewedEvent } from '../examples.ts';

describe('expiry strategies', () => {
  test.each(['RESTRICT', 'MAINTAIN', 'ALLOW'] as const)('%s: the expiry is announced', (expiryStrategy) => {
    given(issued({ policy: policyWith({ expiryStrategy }) }))
      .when(expire())
      .thenEvents(expiredEvent());
  });
  test('a renewed term is announced by its own number', () => {
    given(issued(), on(noon, renewedEvent()))
      .when(expire('2028-01-01T00:00:00.000Z', 2))
      .thenEvents(
        event(
          'LicenseExpired',
          { termNumber: 2, expiresAt: '2028-01-01T00:00:00.000Z', graceUntil: null },
          '2028-01-01T00:00:00.000Z',
        ),
      );
  });
});
