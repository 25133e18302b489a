import { describe, expect, test } from 'vitest';
import { command, event, followedBy, policyWith } from '../commands.ts';
import { activate, activatedEvent, ends, given, issued, licenseAfter, noon, on } from '../examples.ts';

const beside = (added: readonly string[], removed: readonly string[]) => ({
  overrides: { products: { added, removed } },
});

describe('a product', () => {
  const remove = command('RemoveProduct', { product: 'local_cli' });

  test('is added once', () => {
    given(issued())
      .when(command('AddProduct', { product: 'workflow_app' }))
      .thenEvents(event('ProductAdded', { product: 'workflow_app', ...beside(['workflow_app'], []) }));
    given(issued())
      .when(command('AddProduct', { product: 'local_cli' }))
      .thenNothing();
  });
  test('is removed without a device while the license has another product', () => {
    const history = followedBy([issued()], activate('a'), activate('b', noon, 'cloud_ide'));
    given(...history)
      .when(remove)
      .thenEvents(event('ProductRemoved', { product: 'local_cli', ...beside([], ['local_cli']) }));
    given(...followedBy(history, remove))
      .when(command('RemoveProduct', { product: 'cloud_ide' }))
      .thenEvents(
        event('ProductRemoved', { product: 'cloud_ide', ...ends('ALL', 2), ...beside([], ['local_cli', 'cloud_ide']) }),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'PRODUCT_REMOVED', countAfter: 0 }),
        event('ActivationDeactivated', { activationId: 'act_b', cause: 'PRODUCT_REMOVED', countAfter: 0 }),
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
    const only = issued({ policy, products: ['local_cli'] });
    const history = followedBy([only, on(noon, activatedEvent('a', 1))], remove);
    expect(licenseAfter(...history).activations.size).toBe(0);
    expect(licenseAfter(...history)).toMatchObject({ deactivationsInTerm: 0, lastDeactivatedAt: null });
  });
});
