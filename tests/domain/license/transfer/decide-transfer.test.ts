import { describe, expect, test } from 'vitest';
import type { Ends } from '../../../../src/domain/license/endings/ending-events.ts';
import { command, event, followedBy, free } from '../commands.ts';
import { activate, ends, expiresAt, given, issued, licenseAfter, noon, perpetual, twoDevices } from '../examples.ts';

describe('a transfer', () => {
  const transfer = (overrides: object = {}) =>
    command('Transfer', { toHolderOrgId: 'org_3', accepted: true, expiry: 'KEEP', activations: 'KEEP', ...overrides });
  const license = issued({ holderOrgId: 'org_2', limits: { ...twoDevices, users: 1, seats: 1 } });
  const transferred = (
    expiry: 'KEEP' | 'RESET',
    activations: 'KEEP' | 'RELEASE',
    ended: { readonly ends?: Ends } = {},
  ) => event('LicenseTransferred', { fromHolderOrgId: 'org_2', toHolderOrgId: 'org_3', expiry, activations, ...ended });

  test('gives the license to another holder and keeps devices and expiry', () => {
    given(license).when(transfer()).thenEvents(transferred('KEEP', 'KEEP'));
    expect(licenseAfter(...followedBy([license], transfer())).facts).toMatchObject({
      holderOrgId: 'org_3',
      term: { number: 1 },
    });
  });
  test('changes nothing when the receiver is the holder', () =>
    given(license)
      .when(transfer({ toHolderOrgId: 'org_2' }))
      .thenNothing());
  test('may release devices, leases and users of the old holder, each by an event', () => {
    const used = followedBy(
      [license],
      activate('a'),
      command('AssignUser', { userRef: 'usr_a' }),
      command('AcquireLease', {
        leaseId: 'l1',
        holderHash: 'm1',
        product: null,
        userRef: null,
        borrowSeconds: null,
        dead: [],
      }),
    );
    given(...used)
      .when(transfer({ activations: 'RELEASE' }))
      .thenEvents(
        transferred('KEEP', 'RELEASE', ends('ALL', 1, { leases: 1, users: 1 })),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'TRANSFER', countAfter: 0 }),
        event('LeaseReleased', { leaseId: 'l1', cause: 'TRANSFER', inUseAfter: 0, seatFreeAt: null }),
        event('UserUnassigned', { userRef: 'usr_a', cause: 'TRANSFER', countAfter: 0 }),
      );
  });
  test('remembers the holders whose users stay, each once, and forgets them when no user stays', () => {
    const assigned = followedBy([license], command('AssignUser', { userRef: 'usr_a' }));
    const to = (toHolderOrgId: string | null, activations = 'KEEP') => transfer({ toHolderOrgId, activations });
    const formerAfter = (...commands: readonly ReturnType<typeof to>[]) =>
      licenseAfter(...followedBy(assigned, ...commands)).facts.formerHolders;
    expect(formerAfter()).toEqual([]);
    expect(formerAfter(to('org_3'))).toEqual(['org_2']);
    expect(formerAfter(to('org_3'), to(null), to('org_2'), to('org_4'))).toEqual(['org_3', 'org_2']);
    expect(formerAfter(to('org_3'), to('org_4', 'RELEASE'))).toEqual([]);
    const many = Array.from({ length: 30 }, (_, index) => to(`org_${index + 10}`));
    expect(formerAfter(...many)).toHaveLength(20);
    expect(licenseAfter(...followedBy([license], to('org_3'))).facts.formerHolders).toEqual([]);
  });
  test('can start the duration anew', () => {
    given(license)
      .when(transfer({ expiry: 'RESET' }))
      .thenEvents(
        transferred('RESET', 'KEEP'),
        event('LicenseTermStarted', {
          termNumber: 2,
          startsAt: noon,
          expiresAt: '2027-06-01T12:00:00.000Z',
          trigger: 'TRANSFER',
        }),
      );
    given(issued({ holderOrgId: 'org_2', term: perpetual }))
      .when(transfer({ expiry: 'RESET' }))
      .thenEvents(transferred('RESET', 'KEEP'));
    given(issued({ holderOrgId: 'org_2', term: { ...perpetual, basis: 'FIXED', expiresAt } }))
      .when(transfer({ expiry: 'RESET' }))
      .thenRejected('TERM_INVALID');
  });
  test('needs a policy that allows it and a receiver that has consented', () => {
    given(issued({ policy: free }))
      .when(transfer())
      .thenRejected('FORBIDDEN');
    given(license)
      .when(transfer({ accepted: false }))
      .thenRejected('HOLDER_CONSENT_REQUIRED');
  });
  test('needs no consent when it leaves the license without a holder', () => {
    expect(
      licenseAfter(...followedBy([license], transfer({ toHolderOrgId: null, accepted: false }))).facts,
    ).toMatchObject({
      holderOrgId: null,
    });
    given(issued({ holderOrgId: 'org_2', policy: free }))
      .when(transfer({ toHolderOrgId: null, accepted: false }))
      .thenRejected('FORBIDDEN');
  });
});
