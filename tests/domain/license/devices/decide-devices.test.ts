import { describe, expect, test } from 'vitest';
import {
  activate,
  activated,
  activatedEvent,
  deactivate,
  deactivateById,
  deactivatedEvent,
  expiredEvent,
  expiresAt,
  given,
  graceEndsAt,
  issued,
  justBeforeExpiry,
  licenseAfter,
  noon,
  on,
  oneYear,
  pro,
  reinstatedEvent,
  renewedEvent,
  suspendedEvent,
  tomorrow,
  twoDevices,
  withGrace,
} from '../examples.ts';

const restricted = (deactivation: Partial<typeof pro.deactivation>) =>
  issued({ policy: { ...pro, deactivation: { ...pro.deactivation, ...deactivation } } });

describe('activating a device', () => {
  test('takes a free activation', () => {
    given(issued()).when(activate('a')).thenEvents(activatedEvent('a', 1));
  });
  test('counts the devices that are active', () => {
    given(issued(), activated('a', 1)).when(activate('b')).thenEvents(activatedEvent('b', 2));
  });
  test('changes nothing when it is repeated, even when the license is full', () => {
    given(issued(), activated('a', 1), activated('b', 2)).when(activate('a')).thenNothing();
  });
  test('changes nothing for another product: one activation covers all products', () => {
    given(issued(), activated('a', 1))
      .when(activate('a', noon, 'cloud_ide'))
      .thenNothing();
  });
  test('never exceeds the limit', () => {
    given(issued(), activated('a', 1), activated('b', 2)).when(activate('c')).thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
  test('is refused on a license without devices', () => {
    given(issued({ limits: { ...twoDevices, activations: 0 } }))
      .when(activate('a'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
  test('takes the place of a released device', () => {
    given(issued(), activated('a', 1), activated('b', 2), on(noon, deactivatedEvent('a', 'USER', 1)))
      .when(activate('c'))
      .thenEvents(activatedEvent('c', 2));
  });
  test('is a new activation after a release', () => {
    given(issued(), activated('a', 1), on(noon, deactivatedEvent('a', 'USER', 0)))
      .when(activate('a'))
      .thenEvents(activatedEvent('a', 1));
  });
  test('does not need a product', () => {
    const event = activatedEvent('a', 1);
    given(issued())
      .when(activate('a', noon, null))
      .thenEvents({ ...event, data: { ...event.data, product: null } });
  });
  test('is refused for a product that is not licensed, also when the device is active', () => {
    given(issued(), activated('a', 1))
      .when(activate('a', noon, 'workflow_app'))
      .thenRejected('PRODUCT_NOT_LICENSED');
  });
  test('is refused while suspended, also when the device is active, until the suspension ends to the millisecond', () => {
    const history = [issued(), activated('a', 1), on(noon, suspendedEvent('PAYMENT', tomorrow))];
    given(...history)
      .when(activate('a', '2026-06-02T11:59:59.999Z'))
      .thenRejected('LICENSE_SUSPENDED');
    given(...history)
      .when(activate('b', '2026-06-02T11:59:59.999Z'))
      .thenRejected('LICENSE_SUSPENDED');
    given(...history)
      .when(activate('b', tomorrow))
      .thenEvents(reinstatedEvent(noon, tomorrow), activatedEvent('b', 2));
  });
  test('is refused from the expiry on, to the millisecond, announced or not', () => {
    given(issued()).when(activate('a', justBeforeExpiry)).thenEvents(activatedEvent('a', 1));
    given(issued()).when(activate('a', expiresAt)).thenRejected('LICENSE_EXPIRED');
  });
  test('is possible in the grace after expiry, and refused from its end on', () => {
    given(issued({ policy: withGrace }))
      .when(activate('a', '2027-01-01T23:59:59.999Z'))
      .thenEvents(expiredEvent(graceEndsAt), activatedEvent('a', 1));
    given(issued({ policy: withGrace }))
      .when(activate('a', graceEndsAt))
      .thenRejected('LICENSE_EXPIRED');
  });
  test.each(['MAINTAIN', 'ALLOW'] as const)(
    'goes on after expiry under %s, as the license validates',
    (expiryStrategy) => {
      given(issued({ policy: { ...pro, expiryStrategy } }))
        .when(activate('a', expiresAt))
        .thenEvents(expiredEvent(), activatedEvent('a', 1));
    },
  );
  test('is refused before the start, to the millisecond', () => {
    const notStarted = issued({ term: { ...oneYear, startsAt: noon } });
    given(notStarted).when(activate('a', '2026-06-01T11:59:59.999Z')).thenRejected('LICENSE_NOT_STARTED');
    given(notStarted).when(activate('a', noon)).thenEvents(activatedEvent('a', 1));
  });
});

describe('releasing a device', () => {
  test('frees its activation, by fingerprint or by id', () => {
    given(issued(), activated('a', 1))
      .when(deactivate('a'))
      .thenEvents(deactivatedEvent('a', 'USER', 0));
    given(issued(), activated('a', 1))
      .when(deactivateById('a'))
      .thenEvents(deactivatedEvent('a', 'USER', 0));
  });
  test('changes nothing when it is repeated, by fingerprint or by id, even without allowance', () => {
    const history = [restricted({ maxPerTerm: 1 }), activated('a', 1), on(noon, deactivatedEvent('a', 'USER', 0))];
    given(...history)
      .when(deactivate('a'))
      .thenNothing();
    given(...history)
      .when(deactivateById('a'))
      .thenNothing();
  });
  test('is refused for a device that was never active', () => {
    given(issued(), activated('a', 1)).when(deactivate('b')).thenRejected('ACTIVATION_NOT_FOUND');
    given(issued(), activated('a', 1)).when(deactivateById('b')).thenRejected('ACTIVATION_NOT_FOUND');
  });
  test('is possible while suspended and after expiry', () => {
    given(issued(), activated('a', 1), on(noon, suspendedEvent()))
      .when(deactivate('a'))
      .thenEvents(deactivatedEvent('a', 'USER', 0));
    given(issued(), activated('a', 1))
      .when(deactivate('a', expiresAt))
      .thenEvents(expiredEvent(), deactivatedEvent('a', 'USER', 0));
  });
  test('is allowed to the vendor only when the policy says so', () => {
    given(restricted({ allowed: false }), activated('a', 1))
      .when(deactivate('a'))
      .thenRejected('DEACTIVATION_LIMIT');
    given(restricted({ allowed: false }), activated('a', 1))
      .when(deactivateById('a', 'ADMIN'))
      .thenEvents(deactivatedEvent('a', 'ADMIN', 0));
  });
  test('is allowed as often per term as the policy says', () => {
    const used = [
      restricted({ maxPerTerm: 1 }),
      activated('a', 1),
      activated('b', 2),
      on(noon, deactivatedEvent('a', 'USER', 1)),
    ];
    given(...used)
      .when(deactivate('b'))
      .thenRejected('DEACTIVATION_LIMIT');
    given(...used, on(noon, renewedEvent()))
      .when(deactivate('b'))
      .thenRejected('DEACTIVATION_LIMIT');
    given(...used, on(noon, renewedEvent()))
      .when(deactivate('b', expiresAt))
      .thenEvents(deactivatedEvent('b', 'USER', 0));
  });
  test('by the vendor does not use up the allowance, nor start the cooldown', () => {
    const policy = restricted({ maxPerTerm: 1, cooldownSeconds: 3600 });
    given(policy, activated('a', 1), activated('b', 2), on(noon, deactivatedEvent('a', 'ADMIN', 1)))
      .when(deactivate('b'))
      .thenEvents(deactivatedEvent('b', 'USER', 0));
  });
  test('waits for the cooldown after the last one, to the millisecond; the vendor does not', () => {
    const history = [
      restricted({ cooldownSeconds: 3600 }),
      activated('a', 1),
      activated('b', 2),
      on(noon, deactivatedEvent('a', 'USER', 1)),
    ];
    given(...history)
      .when(deactivate('b', '2026-06-01T12:59:59.999Z'))
      .thenRejected('COOLDOWN_ACTIVE');
    given(...history)
      .when(deactivate('b', '2026-06-01T13:00:00.000Z'))
      .thenEvents(deactivatedEvent('b', 'USER', 0));
    given(...history)
      .when(deactivate('b', noon, 'ADMIN'))
      .thenEvents(deactivatedEvent('b', 'ADMIN', 0));
  });
  test('is counted in the usage', () => {
    const history = [issued(), activated('a', 1), activated('b', 2)];
    expect(licenseAfter(...history).facts.usage.activations).toBe(2);
    expect(licenseAfter(...history, on(noon, deactivatedEvent('a', 'USER', 1))).facts.usage.activations).toBe(1);
  });
});
