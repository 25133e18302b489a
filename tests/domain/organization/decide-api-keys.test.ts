import { describe, test } from 'vitest';
import type { OrganizationEvent } from '../../../src/domain/organization/events.ts';
import {
  changeKey,
  createKey,
  given,
  key,
  keyCreatedEvent,
  keyRevokedEvent,
  later,
  nextWeek,
  noon,
  on,
  organization,
  revokeKey,
  system,
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
