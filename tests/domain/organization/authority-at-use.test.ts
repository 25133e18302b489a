import { describe, test } from 'vitest';
import { scopes } from '../../../src/domain/organization/events.ts';
import {
  accept,
  changeKey,
  changeRole,
  given,
  invite,
  invitedEvent,
  joinedEvent,
  key,
  keyCreatedEvent,
  keyRevokedEvent,
  later,
  nextWeek,
  on,
  organization,
  remove,
  removedEvent,
  revokeKey,
  roleChangedEvent,
  user,
  withdrawnEvent,
} from './examples.ts';

const staffed = organization({ grace: 'ADMIN', olga: 'OWNER' });
const byGrace = [...staffed, on(invitedEvent('inv_1', 'MEMBER', nextWeek, 'grace'))];
const byKey = [
  ...staffed,
  on(keyCreatedEvent(scopes, 'key_1')),
  on(invitedEvent('inv_1', 'MEMBER', nextWeek, 'key_1')),
];

describe('An open invitation ends', () => {
  test('when its sender is removed', () =>
    given(...byGrace)
      .when(remove('grace'))
      .thenEvents(removedEvent('grace', 'ADMIN'), withdrawnEvent('inv_1')));

  test('when its sender gets a role that could not invite', () =>
    given(...byGrace)
      .when(changeRole('grace', 'MEMBER'))
      .thenEvents(roleChangedEvent('grace', 'ADMIN', 'MEMBER'), withdrawnEvent('inv_1')));

  test('when an OWNER who invited an OWNER becomes an ADMIN, and other invitations stay', () =>
    given(
      ...staffed,
      on(invitedEvent('inv_1', 'OWNER', nextWeek, 'olga')),
      on(invitedEvent('inv_2', 'MEMBER', nextWeek, 'olga')),
      on(invitedEvent('inv_3', 'OWNER', nextWeek, 'ada')),
      on(invitedEvent('inv_4', 'OWNER', nextWeek, null)),
    )
      .when(changeRole('olga', 'ADMIN'))
      .thenEvents(roleChangedEvent('olga', 'OWNER', 'ADMIN'), withdrawnEvent('inv_1')));

  test('when the API key that invited is revoked or loses a scope', () => {
    given(...byKey)
      .when(revokeKey('key_1'))
      .thenEvents(keyRevokedEvent, withdrawnEvent('inv_1'));
    given(...byKey)
      .when(changeKey({ scopes: ['members:write'] }))
      .thenEvents(
        { type: 'ApiKeyScopesChanged', data: { apiKeyId: 'key_1', from: scopes, to: ['members:write'] } },
        withdrawnEvent('inv_1'),
      );
  });

  test('but not when it was accepted or withdrawn before', () =>
    given(...byGrace, on(joinedEvent('eve', 'MEMBER', 'inv_1')))
      .when(remove('grace'))
      .thenEvents(removedEvent('grace', 'ADMIN')));
});

describe('An invitation in a log of an earlier release, which does not end with its sender,', () => {
  test('is refused when the sender was removed, or got a lower role', () => {
    given(...byGrace, on(removedEvent('grace', 'ADMIN')))
      .when(accept('eve'))
      .thenRejected('NOT_FOUND');
    given(...byGrace, on(roleChangedEvent('grace', 'ADMIN', 'GUEST')))
      .when(accept('eve'))
      .thenRejected('NOT_FOUND');
  });
  test('is refused when an API key could invite an ADMIN then', () =>
    given(...staffed, on(keyCreatedEvent(scopes)), on(invitedEvent('inv_1', 'ADMIN', nextWeek, 'key_1')))
      .when(accept('eve'))
      .thenRejected('NOT_FOUND'));
});

test('An invitation of an API key ends with the key', () => {
  const data = { apiKeyId: 'key_1', name: 'ci', scopes, hint: 'h', expiresAt: later } as const;
  given(...staffed, on({ type: 'ApiKeyCreated', data }), on(invitedEvent('inv_1', 'MEMBER', nextWeek, 'key_1')))
    .when(accept('eve', 'inv_1', { at: later }))
    .thenRejected('NOT_FOUND');
});

describe('Removing a member', () => {
  const keys = [
    ...staffed,
    on(keyCreatedEvent(scopes, 'key_1', 'grace')),
    on(keyCreatedEvent(['licenses:read'], 'key_2', 'ada')),
    on(keyCreatedEvent(['licenses:read'], 'key_3', 'key_1')),
  ];
  const revoked = (apiKeyId: string) => ({ type: 'ApiKeyRevoked', data: { apiKeyId } }) as const;
  const withKeys = (settings: Parameters<typeof remove>[1] = {}) => {
    const command = remove('grace', settings);
    return { ...command, data: { ...command.data, revokeKeys: true } };
  };

  test('leaves API keys as they are', () =>
    given(...keys)
      .when(remove('grace'))
      .thenEvents(removedEvent('grace', 'ADMIN')));
  test('revokes on request the keys that the member created, and the keys that these created', () =>
    given(...keys)
      .when(withKeys())
      .thenEvents(removedEvent('grace', 'ADMIN'), revoked('key_1'), revoked('key_3')));
  test('can be repeated to revoke the keys later', () =>
    given(...keys, on(removedEvent('grace', 'ADMIN')), on(revoked('key_1')))
      .when(withKeys())
      .thenEvents(revoked('key_3')));
  test('revokes no key that has a scope which a calling API key lacks', () => {
    const weaker = on(keyCreatedEvent(['members:write', 'projects:write', 'licenses:read'], 'key_4'));
    const guest = [
      ...keys,
      weaker,
      on(joinedEvent('gus', 'GUEST')),
      on(keyCreatedEvent(['catalog:write'], 'key_5', 'gus')),
    ];
    const command = remove('gus', { by: key('key_4') });
    given(...guest)
      .when({ ...command, data: { ...command.data, revokeKeys: true } })
      .thenRejected('FORBIDDEN');
    given(...guest)
      .when(remove('gus', { by: user('grace') }))
      .thenEvents(removedEvent('gus', 'GUEST'));
  });
});

describe('A sender of very many invitations, or creator of very many keys,', () => {
  const numbers = Array.from({ length: 1_000 }, (_, number) => number);
  const revoked = (apiKeyId: string) => ({ type: 'ApiKeyRevoked', data: { apiKeyId } }) as const;

  test('can be removed by one command, which ends 200 invitations; the others cannot be accepted', () => {
    const many = [
      ...staffed,
      ...numbers.map((number) => on(invitedEvent(`inv_${number}`, 'GUEST', nextWeek, 'grace'))),
    ];
    const first = numbers.slice(0, 200).map((number) => withdrawnEvent(`inv_${number}`));
    given(...many)
      .when(remove('grace'))
      .thenEvents(removedEvent('grace', 'ADMIN'), ...first);
    const removed = [...many, on(removedEvent('grace', 'ADMIN')), ...first.map((event) => on(event))];
    given(...removed)
      .when(accept('eve', 'inv_999'))
      .thenRejected('NOT_FOUND');
    // Nor after the sender got the right back.
    given(...removed, on(joinedEvent('grace', 'OWNER')))
      .when(accept('eve', 'inv_999'))
      .thenRejected('NOT_FOUND');
    // They do not count against the limit either, and the next command about access ends 200 more.
    given(...removed)
      .when(invite({ invitationId: 'inv_new' }))
      .thenEvents(invitedEvent('inv_new'), ...numbers.slice(200, 400).map((number) => withdrawnEvent(`inv_${number}`)));
  });

  test('loses 200 keys at once, and the rest when the command is repeated', () => {
    const many = [
      ...staffed,
      ...numbers.map((number) => on(keyCreatedEvent(['events:read'], `key_${number}`, 'grace'))),
    ];
    const command = remove('grace');
    const withKeys = { ...command, data: { ...command.data, revokeKeys: true } };
    const first = numbers.slice(0, 200).map((number) => revoked(`key_${number}`));
    given(...many)
      .when(withKeys)
      .thenEvents(removedEvent('grace', 'ADMIN'), ...first);
    given(...many, on(removedEvent('grace', 'ADMIN')), ...first.map((event) => on(event)))
      .when(withKeys)
      .thenEvents(...numbers.slice(200, 400).map((number) => revoked(`key_${number}`)));
  });
});

test('An invitation stays ended when its sender gets the right back', () => {
  given(...byGrace, on(roleChangedEvent('grace', 'ADMIN', 'MEMBER')), on(roleChangedEvent('grace', 'MEMBER', 'ADMIN')))
    .when(accept('eve'))
    .thenRejected('NOT_FOUND');
  const lost = {
    type: 'ApiKeyScopesChanged',
    data: { apiKeyId: 'key_1', from: scopes, to: ['members:write'] },
  } as const;
  const regained = {
    type: 'ApiKeyScopesChanged',
    data: { apiKeyId: 'key_1', from: ['members:write'], to: scopes },
  } as const;
  given(...byKey, on(lost), on(regained))
    .when(accept('eve'))
    .thenRejected('NOT_FOUND');
});
