import { describe, expect, test } from 'vitest';
import { command, device, event, followedBy, policyWith } from '../commands.ts';
import { activatedEvent, given, issued, licenseAfter, twoDevices } from '../examples.ts';

const ratio = (percent: number) => ({ kind: 'RATIO', percent }) as const;

describe('a named user', () => {
  const assign = (userRef: string) => command('AssignUser', { userRef });
  const unassign = (userRef: string) => command('UnassignUser', { userRef, cause: 'ADMIN' });
  const forTwo = issued({ limits: { ...twoDevices, users: 2 } });

  test('is assigned once, up to the limit', () => {
    given(forTwo)
      .when(assign('usr_a'))
      .thenEvents(event('UserAssigned', { userRef: 'usr_a', countAfter: 1, limit: 2, overage: false }));
    const full = followedBy([forTwo], assign('usr_a'), assign('usr_b'));
    given(...full)
      .when(assign('usr_a'))
      .thenNothing();
    given(...full)
      .when(assign('usr_c'))
      .thenRejected('USER_LIMIT_EXCEEDED');
    expect(licenseAfter(...full).facts.usage.users).toBe(2);
  });
  test('above the limit is an overage when the policy allows it', () => {
    const policy = policyWith({ overage: ratio(200) });
    given(...followedBy([issued({ policy, limits: { ...twoDevices, users: 1 } })], assign('usr_a')))
      .when(assign('usr_b'))
      .thenEvents(event('UserAssigned', { userRef: 'usr_b', countAfter: 2, limit: 1, overage: true }));
  });
  test('is unassigned; repeating changes nothing', () => {
    const one = followedBy([forTwo], assign('usr_a'));
    given(...one)
      .when(unassign('usr_a'))
      .thenEvents(event('UserUnassigned', { userRef: 'usr_a', cause: 'ADMIN', countAfter: 0 }));
    given(...followedBy(one, unassign('usr_a')))
      .when(unassign('usr_a'))
      .thenNothing();
  });
  test('must be assigned when an activation names the user', () => {
    const asks = command('Activate', device('a', { userRef: 'usr_a' }));
    given(forTwo).when(asks).thenRejected('USER_NOT_ASSIGNED');
    given(...followedBy([forTwo], assign('usr_a')))
      .when(asks)
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('a', 1).data, userRef: 'usr_a' }));
  });
});
