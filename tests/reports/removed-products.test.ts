import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { command, followedBy, policyWith, to } from '../domain/license/commands.ts';
import { activate, given, issued, licenseAfter, noon, pro, tomorrow } from '../domain/license/examples.ts';
import { acquire, pool, renew } from '../domain/license/seats/lease-examples.ts';

const remove = (product: string) => command('RemoveProduct', { product });
const move = (products: readonly string[]) =>
  command('ChangePolicy', { target: to(policyWith({ policyId: 'pol_2' }), { products }) });
const cloudDevice = activate('a', noon, 'cloud_ide');
const anyDevice = activate('a', noon, null);

const devices: readonly {
  readonly complaint: string;
  readonly commands: readonly LicenseCommand[];
  readonly activations: readonly string[];
}[] = [
  {
    complaint: 'A device stays active when the product that it was first activated for is removed',
    commands: [cloudDevice, remove('cloud_ide')],
    activations: ['act_a'],
  },
  {
    complaint: 'A device that uses two products stays active when one of them is removed',
    commands: [cloudDevice, activate('a', tomorrow, 'local_cli'), remove('local_cli')],
    activations: ['act_a'],
  },
  {
    complaint: 'A device stays active when its product is exchanged for another one',
    commands: [cloudDevice, command('AddProduct', { product: 'web' }), remove('local_cli'), remove('cloud_ide')],
    activations: ['act_a'],
  },
  {
    complaint: 'A device stays active when the license moves to a policy with other products',
    commands: [cloudDevice, move(['web'])],
    activations: ['act_a'],
  },
  {
    complaint: 'Removing the last product releases the devices of every product',
    commands: [cloudDevice, activate('b', noon, 'local_cli'), remove('cloud_ide'), remove('local_cli')],
    activations: [],
  },
  {
    complaint: 'Removing the last product releases a device that named no product',
    commands: [anyDevice, remove('cloud_ide'), remove('local_cli')],
    activations: [],
  },
  {
    complaint: 'Moving to a policy without products releases the devices',
    commands: [cloudDevice, move([])],
    activations: [],
  },
];

describe('Devices outlive one of their products', () => {
  test.each(devices)('$complaint', ({ commands, activations }) => {
    const license = licenseAfter(...followedBy([issued()], ...commands));
    expect([...license.activations.keys()]).toEqual(activations);
    expect(license.facts.usage.activations).toBe(activations.length);
  });
  test('Activating for a second product leaves no event', () => {
    given(...followedBy([issued()], cloudDevice))
      .when(activate('a', tomorrow, 'local_cli'))
      .thenNothing();
  });
});

describe('Seats outlive one of their products', () => {
  const seat = acquire(1, 0, { product: 'cloud_ide' });
  test('A seat is kept by heartbeats after its first product is removed', () => {
    const history = followedBy([pool(1)], seat, remove('cloud_ide'));
    expect([...licenseAfter(...history).leases.keys()]).toEqual(['l1']);
    given(...history)
      .when(renew(1, 60))
      .thenNothing();
  });
  test('Removing the last product releases the seat, and it does not come back', () => {
    const history = followedBy(
      [pool(1, {}, { ...pro.lease, resurrectSeconds: 3600 })],
      seat,
      remove('cloud_ide'),
      remove('local_cli'),
    );
    expect(licenseAfter(...history).leases.size).toBe(0);
    given(...history)
      .when(renew(1, 60))
      .thenRejected('NOT_FOUND');
  });
});
