import { describe, expect, test } from 'vitest';
import { fold, stamp } from '../../../src/domain/decider.ts';
import type { OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import type { OrganizationEvent, Scope } from '../../../src/domain/organization/events.ts';
import { scenarios } from '../../support/scenario.ts';

const at = '2026-01-01T00:00:00.000Z';
const given = scenarios(organizationDecider);

const create = (name = 'Demo Vendor'): OrganizationCommand => ({
  type: 'CreateOrganization',
  at,
  data: { organizationId: 'org_1', name },
});
const createKey = (name = 'ci', scopes: readonly Scope[] = ['licenses:read']): OrganizationCommand => ({
  type: 'CreateApiKey',
  at,
  data: { apiKeyId: 'key_1', name, scopes, hint: 'lgr_live_ab' },
});
const createdEvent: OrganizationEvent = {
  type: 'OrganizationCreated',
  data: { organizationId: 'org_1', name: 'Demo Vendor' },
};
const keyCreatedEvent = (scopes: readonly Scope[] = ['licenses:read']): OrganizationEvent => ({
  type: 'ApiKeyCreated',
  data: { apiKeyId: 'key_1', name: 'ci', scopes, hint: 'lgr_live_ab' },
});
const created = stamp(createdEvent, at);

describe('creating an organization', () => {
  test('names it', () => given().when(create()).thenEvents(createdEvent));
  test('again changes nothing', () => given(created).when(create()).thenNothing());
  test.each(['', '   ', 'x'.repeat(201)])('is refused with the name %j', (name) =>
    given().when(create(name)).thenRejected('INVALID_REQUEST'),
  );
  test('accepts a name of 200 characters', () => {
    const name = 'x'.repeat(200);
    given()
      .when(create(name))
      .thenEvents({ type: 'OrganizationCreated', data: { organizationId: 'org_1', name } });
  });
});

describe('creating an API key', () => {
  test('records its name, scopes and hint', () => given(created).when(createKey()).thenEvents(keyCreatedEvent()));
  test('again changes nothing', () => given(created, stamp(keyCreatedEvent(), at)).when(createKey()).thenNothing());
  test('counts a scope once', () =>
    given(created)
      .when(createKey('ci', ['events:read', 'licenses:read', 'events:read']))
      .thenEvents(keyCreatedEvent(['events:read', 'licenses:read'])));
  test('is refused without an organization', () => given().when(createKey()).thenRejected('ORGANIZATION_NOT_FOUND'));
  test('is refused without a scope', () => given(created).when(createKey('ci', [])).thenRejected('INVALID_REQUEST'));
  test('is refused without a name', () => given(created).when(createKey('')).thenRejected('INVALID_REQUEST'));
});

describe('folding an organization', () => {
  test('ignores a key before the organization exists', () => {
    expect(fold(organizationDecider, [stamp(keyCreatedEvent(), at)])).toEqual({ kind: 'missing' });
  });
  test('forks into independent copies', () => {
    const origin = fold(organizationDecider, [created]);
    const copy = organizationDecider.fork(origin);
    organizationDecider.evolve(copy, keyCreatedEvent(), stamp(keyCreatedEvent(), at).at);
    expect(origin).toEqual(fold(organizationDecider, [created]));
    expect(organizationDecider.fork(organizationDecider.initial())).toEqual({ kind: 'missing' });
  });
});
