import { describe, expect, test } from 'vitest';
import { command, device, followedBy, policyWith } from '../commands.ts';
import { given } from '../examples.ts';
import { of, seats } from '../validation/validation-examples.ts';

const [ada, bob] = ['usr_a', 'usr_b'];
const users = [command('AssignUser', { userRef: ada }), command('AssignUser', { userRef: bob })];
const activate = (letter: string, userRef?: string) =>
  command('Activate', device(letter, userRef === undefined ? {} : { userRef }));
const swap = (from: string, to: string, userRef: string) =>
  command('SwapActivation', { release: { fingerprintHash: `hash-${from}` }, activate: device(to, { userRef }) });
const limits = { ...seats, activations: 5, users: 2 };
const release = { allowed: true, cooldownSeconds: 0, maxPerTerm: null };
const full = followedBy(
  of({ devicesPerUser: 2, deactivation: release }, limits),
  ...users,
  activate('a', ada),
  activate('b', ada),
  activate('c', bob),
);

describe('a policy for two devices a user', () => {
  test.each([
    ['a third device of the user', activate('d', ada)],
    ['a device of somebody else, who becomes the user', activate('c', ada)],
  ])('refuses %s, although the license has room', (_, third) => {
    given(...full)
      .when(third)
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED', 'user');
  });

  test('refuses a device without a user, who would not be counted', () => {
    given(...full)
      .when(activate('d'))
      .thenRejected('USER_SCOPE_REQUIRED', 'user');
  });

  test('refuses to swap the device of another user for a third one', () => {
    given(...full)
      .when(swap('c', 'd', ada))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED', 'user');
  });

  test.each([
    ['another device of another user', full, activate('d', bob), 1],
    ['a device of the user in exchange', full, swap('a', 'd', ada), 2],
    ['the same device again', full, activate('a', ada), 0],
    ['the same device without naming its user', full, activate('a'), 0],
    [
      'a device after a release',
      followedBy(full, command('Deactivate', { device: { fingerprintHash: 'hash-a' }, by: 'USER' })),
      activate('d', ada),
      1,
    ],
  ])('accepts %s', (_, history, accepted, events) => {
    expect(followedBy(history, accepted)).toHaveLength(history.length + events);
  });

  test('keeps the devices that a user had before it, and accepts no further one', () => {
    const before = followedBy(of({}, limits), ...users, activate('a', ada), activate('b', ada));
    const target = { policy: policyWith({ devicesPerUser: 1, version: 2 }), products: null, limits: null };
    const after = followedBy(before, command('ChangePolicy', { target: { ...target, entitlements: null } }));
    expect(after).toHaveLength(before.length + 1);
    given(...after)
      .when(activate('a', ada))
      .thenNothing();
    given(...after)
      .when(activate('c', ada))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED', 'user');
    expect(followedBy(after, activate('c', bob))).toHaveLength(after.length + 1);
  });

  test('counts nobody in a policy from before the rule', () => {
    const history = followedBy(of({}, limits), ...users, activate('a', ada), activate('b', ada), activate('c', ada));
    expect(followedBy(history, activate('d'))).toHaveLength(history.length + 1);
  });
});
