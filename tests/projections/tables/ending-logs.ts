import { expect } from 'vitest';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { createLog, customer, rival, testHash, testId, testInstant } from '../../support/license-fixtures.ts';

type Sent = LicenseCommand extends infer Command
  ? Command extends LicenseCommand
    ? Omit<Command, 'at'>
    : never
  : never;

export const device = (name: string, product = 'local_cli'): Sent => ({
  type: 'Activate',
  data: {
    activationId: name,
    fingerprintHash: testHash(name),
    product,
    nameRef: null,
    platform: null,
    appVersion: null,
  },
});
export const lease = (leaseId: string, product = 'local_cli'): Sent => ({
  type: 'AcquireLease',
  data: { leaseId, holderHash: testHash(leaseId), product, userRef: null, borrowSeconds: null, dead: [] },
});
export const userIds = new Map(['u1', 'u2', 'u3'].map((name) => [testId('usr', name), name]));
export const user = (name: string): Sent => ({ type: 'AssignUser', data: { userRef: testId('usr', name) } });
export const off = (name: string): Sent => ({
  type: 'Deactivate',
  data: { device: { fingerprintHash: testHash(name) }, by: 'ADMIN' },
});
export const transferTo = (toHolderOrgId: string | null, activations: 'KEEP' | 'RELEASE'): Sent => ({
  type: 'Transfer',
  data: { toHolderOrgId, accepted: true, expiry: 'KEEP', activations },
});
export const evict = (activations: number, seats: number, users: number): Sent => ({
  type: 'ChangeLimits',
  data: { limits: { activations, seats, users, meters: {} }, strategy: 'EVICT_OLDEST' },
});
export const remove = (product: string): Sent => ({ type: 'RemoveProduct', data: { product } });

/** What happens to the license before the decisive event. The device a2 is deactivated. */
export const before = [
  device('a1'),
  device('a2', 'cloud_ide'),
  device('a3'),
  off('a2'),
  lease('l1'),
  lease('l2', 'cloud_ide'),
  user('u1'),
  user('u2'),
  device('a4', 'cloud_ide'),
  user('u3'),
];

/** Returns the log of a license of the customer, mixed with events of another license, which nothing may end. */
export const logOf = (commands: readonly Sent[]) => {
  const ledger = createLog();
  const policy = { lease: { scope: 'MACHINE', ttlSeconds: 60, resurrectSeconds: 600, borrowMaxSeconds: 900 } } as const;
  const options = { policy, activations: 100, seats: 100, users: 100, holderOrgId: customer };
  const [licenseId, other] = [ledger.issue('ends', options), ledger.issue('other', options)];
  for (const [index, command] of commands.entries()) {
    expect(ledger.send(licenseId, command), JSON.stringify(command)).not.toEqual([]);
    ledger.send(other, device(`o${index}`));
  }
  return { ledger, licenseId };
};

/**
 * Returns the log as programs wrote it before events had `ends`. They announced the ends before the decisive event, and
 * every envelope has the owners after it.
 */
export const inOldOrder = (cause: 'TRANSFER' | 'LICENSE_REVOKED', decisive: LicenseEvent) => {
  const { ledger, licenseId } = logOf(before);
  const holderOrgId = cause === 'TRANSFER' ? rival : customer;
  const issuerOrgId = String(ledger.log[0]?.metadata.issuerOrgId);
  const events: readonly LicenseEvent[] = [
    ...['a1', 'a3', 'a4'].map(
      (activationId, index) =>
        ({ type: 'ActivationDeactivated', data: { activationId, cause, countAfter: 2 - index } }) as const,
    ),
    ...['l1', 'l2'].map(
      (leaseId, index) =>
        ({ type: 'LeaseReleased', data: { leaseId, cause, inUseAfter: 1 - index, seatFreeAt: null } }) as const,
    ),
    ...(cause === 'TRANSFER' ? ['u1', 'u2', 'u3'] : []).map(
      (name, index) =>
        ({
          type: 'UserUnassigned',
          data: { userRef: testId('usr', name), cause: 'TRANSFER', countAfter: 2 - index },
        }) as const,
    ),
    decisive,
  ];
  ledger.append(`license-${licenseId}`, events, { issuerOrgId, holderOrgId }, testInstant(1_000));
  return ledger.log;
};

/** Returns a log in which `cloud_ide` takes its devices and seats with it, as programs wrote it once. */
export const withPartsOfProduct = () => {
  const { ledger, licenseId } = logOf(before);
  const issuerOrgId = String(ledger.log[0]?.metadata.issuerOrgId);
  const usageAfter = { activations: 2, seats: 1, users: 3 };
  const ends = { which: 'PRODUCT', activations: 1, leases: 1, users: 0, usageAfter } as const;
  const cause = 'PRODUCT_REMOVED';
  const events: readonly LicenseEvent[] = [
    { type: 'ProductRemoved', data: { product: 'cloud_ide', ends } },
    { type: 'ActivationDeactivated', data: { activationId: 'a4', cause, countAfter: 2 } },
    { type: 'LeaseReleased', data: { leaseId: 'l2', cause, inUseAfter: 1, seatFreeAt: null } },
  ];
  ledger.append(`license-${licenseId}`, events, { issuerOrgId, holderOrgId: customer }, testInstant(1_000));
  return ledger.log;
};
