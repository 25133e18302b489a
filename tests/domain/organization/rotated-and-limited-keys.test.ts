import { describe, expect, test } from 'vitest';
import { fold } from '../../../src/domain/decider.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import { type OrganizationEvent, scopes } from '../../../src/domain/organization/events.ts';
import {
  changeKey,
  createKey,
  createProject,
  endOverlap,
  given,
  invite,
  key,
  keyCreatedEvent,
  keyRevokedEvent,
  keyRotatedEvent,
  later,
  nextWeek,
  on,
  organization,
  overlapEndedEvent,
  remove,
  revokeKey,
  rotateKey,
  secretRef,
  trustIssuer,
} from './examples.ts';

const withOne = [...organization(), on(keyCreatedEvent())];

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

describe('ending the previous secret of an API key', () => {
  const rotated = on(keyRotatedEvent());

  test('ends the overlap once, and leaves the new secret', () => {
    given(...withOne, rotated)
      .when(endOverlap())
      .thenEvents(overlapEndedEvent);
    given(...withOne, rotated, on(overlapEndedEvent))
      .when(endOverlap())
      .thenNothing();
    const state = fold(organizationDecider, [...withOne, rotated, on(overlapEndedEvent)]);
    expect(state.kind === 'created' && state.apiKeys.get('key_1')).toMatchObject({
      secret: { ref: secretRef('2a') },
      previous: { hint: 'lgr_live_ab', overlapUntil: null },
    });
  });
  test('changes nothing when no earlier secret works', () => {
    given(...withOne)
      .when(endOverlap())
      .thenNothing();
    given(...withOne, rotated)
      .when(endOverlap('key_1', { at: '2026-01-02T12:00:00.000Z' }))
      .thenNothing();
  });
  test('is refused for an unknown or revoked key, and to a key without its scopes', () => {
    given(...organization())
      .when(endOverlap())
      .thenRejected('NOT_FOUND');
    given(...withOne, rotated, on(keyRevokedEvent))
      .when(endOverlap())
      .thenRejected('NOT_FOUND');
    given(...withOne, rotated, on(keyCreatedEvent(['members:write'], 'key_2')))
      .when(endOverlap('key_1', { by: key('key_2') }))
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
