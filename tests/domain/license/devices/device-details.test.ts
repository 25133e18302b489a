import { describe, test } from 'vitest';
import { command, device, event, followedBy } from '../commands.ts';
import { activate, given, revoke, suspend } from '../examples.ts';
import { of, seats } from '../validation/validation-examples.ts';

const [ada, bob] = ['usr_a', 'usr_b'];
const limits = { ...seats, activations: 5, users: 2 };
const users = [command('AssignUser', { userRef: ada }), command('AssignUser', { userRef: bob })];
const change = (changes: object, letter = 'a') =>
  command('ChangeDevice', { activationId: `act_${letter}`, ...changes });
const changed = (changes: object) => event('ActivationDetailsChanged', { activationId: 'act_a', ...changes });
const plain = followedBy(of({}, limits), ...users, activate('a'));

describe('An administrator', () => {
  test('gives a device a user and metadata, once, and takes both away again', () => {
    const details = { userRef: ada, metadataRef: 'ref_m' };
    const given1 = followedBy(plain, change(details));
    given(...plain)
      .when(change(details))
      .thenEvents(changed(details));
    given(...given1)
      .when(change(details))
      .thenNothing();
    given(...given1)
      .when(change({ userRef: bob }))
      .thenEvents(changed({ userRef: bob }));
    given(...given1)
      .when(change({ userRef: null, metadataRef: null }))
      .thenEvents(changed({ userRef: null, metadataRef: null }));
    given(...followedBy(given1, change({ metadataRef: null })))
      .when(change({ userRef: ada, metadataRef: null }))
      .thenNothing();
  });

  test('changes a device of a suspended license, and none of a revoked one', () => {
    given(...followedBy(plain, suspend()))
      .when(change({ userRef: ada }))
      .thenEvents(changed({ userRef: ada }));
    given(...followedBy(plain, revoke()))
      .when(change({ userRef: ada }))
      .thenRejected('LICENSE_REVOKED');
  });

  test('is refused for an unknown device and for a user who is not assigned', () => {
    given(...plain)
      .when(change({ userRef: ada }, 'z'))
      .thenRejected('ACTIVATION_NOT_FOUND');
    given(...plain)
      .when(change({ userRef: 'usr_c' }))
      .thenRejected('USER_NOT_ASSIGNED', 'user');
  });

  test('is bound by the limit of devices of a user', () => {
    const full = followedBy(
      of({ devicesPerUser: 1 }, limits),
      ...users,
      command('Activate', device('a', { userRef: ada })),
      command('Activate', device('b', { userRef: bob })),
    );
    given(...full)
      .when(change({ userRef: bob }))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED', 'user');
    given(...full)
      .when(change({ userRef: null }))
      .thenRejected('USER_SCOPE_REQUIRED', 'user');
    given(...full)
      .when(change({ userRef: ada, metadataRef: 'ref_m' }))
      .thenEvents(changed({ metadataRef: 'ref_m' }));
  });
});
