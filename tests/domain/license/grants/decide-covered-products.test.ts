import { describe, expect, test } from 'vitest';
import { command, event, followedBy, policyWith } from '../commands.ts';
import { activate, activatedEvent, ends, given, issued, licenseAfter, noon, on } from '../examples.ts';

describe('a product', () => {
  const remove = command('RemoveProduct', { product: 'local_cli' });

  test('is added once', () => {
    given(issued())
      .when(command('AddProduct', { product: 'workflow_app' }))
      .thenEvents(event('ProductAdded', { product: 'workflow_app' }));
    given(issued())
      .when(command('AddProduct', { product: 'local_cli' }))
      .thenNothing();
  });
  test('is removed with the devices of this product', () => {
    const history = followedBy([issued()], activate('a'), activate('b', noon, 'cloud_ide'));
    given(...history)
      .when(remove)
      .thenEvents(
        event('ProductRemoved', {
          product: 'local_cli',
          ...ends('PRODUCT', 1, { usageAfter: { activations: 1, seats: 0, users: 0 } }),
        }),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'PRODUCT_REMOVED', countAfter: 1 }),
      );
    given(...followedBy(history, remove))
      .when(remove)
      .thenNothing();
    given(...followedBy(history, remove))
      .when(activate('c'))
      .thenRejected('PRODUCT_NOT_LICENSED');
  });
  test('does not count towards the holder’s allowance when it is removed', () => {
    const policy = policyWith({ deactivation: { allowed: true, cooldownSeconds: 3600, maxPerTerm: 1 } });
    const history = followedBy([issued({ policy }), on(noon, activatedEvent('a', 1))], remove);
    expect(licenseAfter(...history)).toMatchObject({ deactivationsInTerm: 0, lastDeactivatedAt: null });
  });
});
