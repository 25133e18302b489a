import { describe, test } from 'vitest';
import { type OrganizationEvent, scopes } from '../../../src/domain/organization/events.ts';
import {
  changeKey,
  createKey,
  createProject,
  given,
  invite,
  key,
  keyCreatedEvent,
  keyRevokedEvent,
  keyRotatedEvent,
  later,
  nextWeek,
  noon,
  on,
  organization,
  remove,
  revokeKey,
  rotateKey,
  secretRef,
  system,
  trustIssuer,
  withKey,
} from './examples.ts';

const withOne = [...organization(), on(keyCreatedEvent())];

describe('creating an API key', () => {
  test('records its name, scopes and hint', () =>
    given(...organization())
      .when(createKey())
      .thenEvents(keyCreatedEvent()));
  test('is allowed to the system before there is a member', () =>
    given(...organization().slice(0, 1))
      .when(createKey({}, { by: system }))
      .thenEvents(keyCreatedEvent(['licenses:read'], 'key_1', null)));
  test('with an end records that', () =>
    given(...organization())
      .when(createKey({ expiresAt: nextWeek }))
      .thenEvents({
        type: 'ApiKeyCreated',
        data: {
          apiKeyId: 'key_1',
          name: 'ci',
          scopes: ['licenses:read'],
          hint: 'lgr_live_ab',
          expiresAt: nextWeek,
          createdBy: 'ada',
        },
      }));
  test('changes nothing when it is repeated', () =>
    given(...withOne)
      .when(createKey({ name: '' }))
      .thenNothing());
  test('counts a scope once', () =>
    given(...organization())
      .when(createKey({ scopes: ['events:read', 'licenses:read', 'events:read'] }))
      .thenEvents(keyCreatedEvent(['events:read', 'licenses:read'])));
  test.each(['', ' ', 'x'.repeat(201)])('is refused with the name %j', (name) =>
    given(...organization())
      .when(createKey({ name }))
      .thenRejected('INVALID_REQUEST'),
  );
  test('is refused without a scope', () =>
    given(...organization())
      .when(createKey({ scopes: [] }))
      .thenRejected('INVALID_REQUEST'));
  test.each([noon, '2025-12-31T00:00:00.000Z', '2026-01-08'])('is refused with the end %s', (expiresAt) =>
    given(...organization())
      .when(createKey({ expiresAt }))
      .thenRejected('TERM_INVALID'),
  );
});

describe('changing an API key', () => {
  const renamed: OrganizationEvent = { type: 'ApiKeyRenamed', data: { apiKeyId: 'key_1', from: 'ci', to: 'release' } };
  const scoped: OrganizationEvent = {
    type: 'ApiKeyScopesChanged',
    data: { apiKeyId: 'key_1', from: ['licenses:read'], to: ['events:read', 'licenses:read'] },
  };

  test('records another name', () =>
    given(...withOne)
      .when(changeKey({ name: 'release' }))
      .thenEvents(renamed));
  test('records other scopes, each once', () =>
    given(...withOne)
      .when(changeKey({ scopes: ['events:read', 'licenses:read', 'events:read'] }))
      .thenEvents(scoped));
  test('records both', () =>
    given(...withOne)
      .when(changeKey({ name: 'release', scopes: ['events:read', 'licenses:read'] }))
      .thenEvents(renamed, scoped));
  test('to what it is changes nothing, in whatever order the scopes come', () => {
    given(...withOne)
      .when(changeKey({}))
      .thenNothing();
    given(...withOne)
      .when(changeKey({ name: 'ci', scopes: ['licenses:read', 'licenses:read'] }))
      .thenNothing();
    given(...withOne, on(renamed), on(scoped))
      .when(changeKey({ name: 'release', scopes: ['licenses:read', 'events:read'] }))
      .thenNothing();
  });
  test('can take a scope away', () =>
    given(...withOne, on(scoped))
      .when(changeKey({ scopes: ['licenses:read'] }))
      .thenEvents({
        type: 'ApiKeyScopesChanged',
        data: { apiKeyId: 'key_1', from: ['events:read', 'licenses:read'], to: ['licenses:read'] },
      }));
  test('is refused for an unknown or revoked key', () => {
    given(...organization())
      .when(changeKey({ name: 'x' }))
      .thenRejected('NOT_FOUND');
    given(...withOne, on(keyRevokedEvent))
      .when(changeKey({ name: 'x' }))
      .thenRejected('NOT_FOUND');
  });
  test('is refused without a name or a scope', () => {
    given(...withOne)
      .when(changeKey({ name: ' ' }))
      .thenRejected('INVALID_REQUEST');
    given(...withOne)
      .when(changeKey({ scopes: [] }))
      .thenRejected('INVALID_REQUEST');
  });
});

describe('an API key that is limited to products', () => {
  const created = (products: readonly string[], apiKeyId = 'key_1', createdBy = 'ada'): OrganizationEvent => ({
    type: 'ApiKeyCreated',
    data: { apiKeyId, name: 'ci', scopes: ['members:write'], hint: 'lgr_live_ab', createdBy, products },
  });
  const changed = (from: readonly string[] | null, to: readonly string[] | null): OrganizationEvent => ({
    type: 'ApiKeyProductsChanged',
    data: { apiKeyId: 'key_1', from, to },
  });
  const limited = [...organization(), on(created(['app', 'ide']))];
  const by = key('key_1');
  const another = { apiKeyId: 'key_2', scopes: ['members:write'] } as const;

  test('is created with each product once, and with one at least', () => {
    given(...organization())
      .when(createKey({ scopes: ['members:write'], products: ['app', 'ide', 'app'] }))
      .thenEvents(created(['app', 'ide']));
    given(...organization())
      .when(createKey({ products: [] }))
      .thenRejected('INVALID_REQUEST');
    given(...limited)
      .when(changeKey({ products: [] }))
      .thenRejected('INVALID_REQUEST');
  });
  test('is narrowed and widened by a member', () => {
    given(...withOne)
      .when(changeKey({ products: ['app'] }))
      .thenEvents(changed(null, ['app']));
    given(...limited)
      .when(changeKey({ products: null }))
      .thenEvents(changed(['app', 'ide'], null));
    given(...limited)
      .when(changeKey({ products: ['ide', 'app'] }))
      .thenNothing();
    given(...limited)
      .when(changeKey({ name: 'ci' }))
      .thenNothing();
  });
  test('narrows itself and others, and widens nothing', () => {
    given(...limited)
      .when(changeKey({ products: ['app'] }, { by }))
      .thenEvents(changed(['app', 'ide'], ['app']));
    for (const products of [null, ['app', 'web']])
      given(...limited)
        .when(changeKey({ products }, { by }))
        .thenRejected('FORBIDDEN');
    given(...limited, on(created(['app'], 'key_2')))
      .when(changeKey({ apiKeyId: 'key_2', products: ['app', 'ide'] }, { by }))
      .thenRejected('FORBIDDEN');
  });
  test('creates only keys within its products', () => {
    given(...limited)
      .when(createKey({ ...another, products: ['ide'] }, { by }))
      .thenEvents(created(['ide'], 'key_2', 'key_1'));
    for (const products of [null, ['web'], ['app', 'web']])
      given(...limited)
        .when(createKey({ ...another, products }, { by }))
        .thenRejected('FORBIDDEN');
  });
  test('does not know keys that reach other products', () => {
    for (const event of [keyCreatedEvent(['members:write'], 'key_2'), created(['app', 'web'], 'key_2')])
      for (const command of [
        changeKey({ apiKeyId: 'key_2', name: 'mine' }, { by }),
        rotateKey({ apiKeyId: 'key_2' }, { by }),
        revokeKey('key_2', { by }),
      ])
        given(...limited, on(event))
          .when(command)
          .thenRejected('NOT_FOUND');
  });
  test('decides nothing about members and the whole organization', () => {
    const data = { apiKeyId: 'key_1', name: 'ci', scopes, hint: 'h', products: ['app'] };
    for (const command of [
      invite({ role: 'GUEST' }, { by }),
      remove('ada', { by }),
      createProject({}, { by }),
      trustIssuer('org_v', { by }),
    ])
      given(...organization(), on({ type: 'ApiKeyCreated', data }))
        .when(command)
        .thenRejected('FORBIDDEN');
  });
});

describe('rotating an API key', () => {
  const rotated = keyRotatedEvent();
  const again = keyRotatedEvent({
    secretRef: secretRef('2b'),
    hint: 'lgr_live_ef',
    previous: { hint: 'lgr_live_cd', secretRef: secretRef('2a') },
  });

  test('records its new secret, the previous one, and the end of the overlap', () =>
    given(...withOne)
      .when(rotateKey())
      .thenEvents(rotated));
  test('again replaces the secret of the last rotation', () =>
    given(...withOne, on(rotated))
      .when(rotateKey({ secretRef: secretRef('2b'), hint: 'lgr_live_ef' }))
      .thenEvents(again));
  test('changes nothing when it is repeated', () =>
    given(...withOne, on(rotated))
      .when(rotateKey())
      .thenNothing());
  test('can end the previous secret at once, and lets it work for 30 days at most', () => {
    given(...withOne)
      .when(rotateKey({ overlapSeconds: 0 }))
      .thenEvents(keyRotatedEvent({ overlapUntil: null }));
    given(...withOne)
      .when(rotateKey({ overlapSeconds: 30 * 86_400 }))
      .thenEvents(keyRotatedEvent({ overlapUntil: '2026-01-31T12:00:00.000Z' }));
    for (const overlapSeconds of [-1, 0.5, 30 * 86_400 + 1])
      given(...withOne)
        .when(rotateKey({ overlapSeconds }))
        .thenRejected('INVALID_REQUEST');
  });
  test('is refused for an unknown, revoked or expired key', () => {
    given(...organization())
      .when(rotateKey())
      .thenRejected('NOT_FOUND');
    given(...withOne, on(keyRevokedEvent))
      .when(rotateKey())
      .thenRejected('NOT_FOUND');
    const data = { apiKeyId: 'key_1', name: 'ci', scopes: ['licenses:read'], hint: 'h', expiresAt: later } as const;
    given(...organization(), on({ type: 'ApiKeyCreated', data }))
      .when(rotateKey({}, { at: later }))
      .thenRejected('NOT_FOUND');
  });
  test('is refused to a key without its scopes, and to one that expires earlier', () => {
    const by = key('key_2');
    given(...withOne, on(keyCreatedEvent(['members:write', 'licenses:read'], 'key_2')))
      .when(rotateKey({}, { by }))
      .thenEvents(keyRotatedEvent({ rotatedBy: 'key_2' }));
    given(...withOne, on(keyCreatedEvent(['members:write'], 'key_2')))
      .when(rotateKey({}, { by }))
      .thenRejected('FORBIDDEN');
    const scopes = ['members:write', 'licenses:read'] as const;
    const data = { apiKeyId: 'key_2', name: 'ci', scopes, hint: 'h', expiresAt: nextWeek };
    given(...withOne, on({ type: 'ApiKeyCreated', data }))
      .when(rotateKey({}, { by }))
      .thenRejected('FORBIDDEN');
  });
  test('by a member makes the key one of those that end with the member', () => {
    const staffed = [...organization({ grace: 'ADMIN' }), on(keyCreatedEvent())];
    const removed = { type: 'MemberRemoved', data: { userId: 'grace', role: 'ADMIN' } } as const;
    const removal = { ...remove('grace'), data: { userId: 'grace', deactivated: [], revokeKeys: true } };
    given(...staffed)
      .when(removal)
      .thenEvents(removed);
    given(...staffed, on(keyRotatedEvent({ rotatedBy: 'grace' })))
      .when(removal)
      .thenEvents(removed, keyRevokedEvent);
  });
});

describe('revoking an API key', () => {
  test('is recorded', () =>
    given(...withOne)
      .when(revokeKey())
      .thenEvents(keyRevokedEvent));
  test('changes nothing when it is repeated', () =>
    given(...withOne, on(keyRevokedEvent))
      .when(revokeKey())
      .thenNothing());
  test('is refused for an unknown one', () =>
    given(...organization())
      .when(revokeKey())
      .thenRejected('NOT_FOUND'));
});

describe('an API key that acts', () => {
  const byKey = { by: key('key_1') };
  const other = { apiKeyId: 'key_2' };
  const mayManage = withKey('members:write', 'licenses:read');

  test('hands on its own scopes and no others', () => {
    given(...mayManage)
      .when(createKey(other, byKey))
      .thenEvents(keyCreatedEvent(['licenses:read'], 'key_2', 'key_1'));
    given(...mayManage)
      .when(createKey({ ...other, scopes: ['licenses:read', 'licenses:write'] }, byKey))
      .thenRejected('FORBIDDEN');
    given(...mayManage)
      .when(changeKey({ scopes: ['members:write', 'catalog:write'] }, byKey))
      .thenRejected('FORBIDDEN');
  });
  test('may give up scopes, or itself', () => {
    given(...mayManage)
      .when(changeKey({ scopes: ['licenses:read'] }, byKey))
      .thenEvents({
        type: 'ApiKeyScopesChanged',
        data: { apiKeyId: 'key_1', from: ['members:write', 'licenses:read'], to: ['licenses:read'] },
      });
    given(...mayManage)
      .when(revokeKey('key_1', byKey))
      .thenEvents(keyRevokedEvent);
  });
  test('gets no access after it was revoked', () =>
    given(...mayManage, on(keyRevokedEvent))
      .when(createKey(other, byKey))
      .thenRejected('ORGANIZATION_NOT_FOUND'));
  test('gets no access from its end on', () => {
    const data = { apiKeyId: 'key_1', name: 'ci', scopes: ['members:write', 'licenses:read'], hint: 'h' } as const;
    const ending = [organization()[0], on({ type: 'ApiKeyCreated', data: { ...data, expiresAt: later } })].flatMap(
      (stamped) => (stamped === undefined ? [] : [stamped]),
    );
    given(...ending)
      .when(createKey({ ...other, expiresAt: later }, { ...byKey, at: '2026-01-01T12:00:00.999Z' }))
      .thenEvents({
        type: 'ApiKeyCreated',
        data: {
          apiKeyId: 'key_2',
          name: 'ci',
          scopes: ['licenses:read'],
          hint: 'lgr_live_ab',
          expiresAt: later,
          createdBy: 'key_1',
        },
      });
    given(...ending)
      .when(createKey(other, { ...byKey, at: later }))
      .thenRejected('ORGANIZATION_NOT_FOUND');
  });
  test('that expires creates only keys that expire no later', () => {
    const data = { apiKeyId: 'key_1', name: 'ci', scopes: ['members:write'], hint: 'h', expiresAt: nextWeek } as const;
    const ending = [...organization().slice(0, 1), on({ type: 'ApiKeyCreated', data })];
    for (const expiresAt of [null, '2026-01-08T12:00:00.001Z'])
      given(...ending)
        .when(createKey({ ...other, scopes: ['members:write'], expiresAt }, byKey))
        .thenRejected('FORBIDDEN');
    given(...ending)
      .when(createKey({ ...other, scopes: ['members:write'], expiresAt: nextWeek }, byKey))
      .thenEvents({
        type: 'ApiKeyCreated',
        data: {
          apiKeyId: 'key_2',
          name: 'ci',
          scopes: ['members:write'],
          hint: 'lgr_live_ab',
          expiresAt: nextWeek,
          createdBy: 'key_1',
        },
      });
  });
  test('cannot rename, narrow or revoke a key with a scope that it does not have', () => {
    const stronger = [...mayManage, on(keyCreatedEvent(['licenses:read', 'licenses:write'], 'key_2'))];
    for (const command of [
      changeKey({ ...other, name: 'mine' }, byKey),
      changeKey({ ...other, scopes: ['licenses:read'] }, byKey),
      revokeKey('key_2', byKey),
    ])
      given(...stronger)
        .when(command)
        .thenRejected('FORBIDDEN');
  });
  test('adds no scope to another key, which may live longer', () => {
    const weaker = [...mayManage, on(keyCreatedEvent(['licenses:read'], 'key_2'))];
    given(...weaker)
      .when(changeKey({ ...other, scopes: ['licenses:read', 'members:write'] }, byKey))
      .thenRejected('FORBIDDEN');
    given(...weaker)
      .when(changeKey({ ...other, name: 'mine' }, byKey))
      .thenEvents({ type: 'ApiKeyRenamed', data: { apiKeyId: 'key_2', from: 'ci', to: 'mine' } });
  });
});
