import { describe, test } from 'vitest';
import type { OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import type { OrganizationEvent } from '../../../src/domain/organization/events.ts';
import { noLimits } from '../../../src/domain/organization/organization-limits.ts';
import {
  archivedEvent,
  createKey,
  createProject,
  given,
  invite,
  invitedEvent,
  keyCreatedEvent,
  nextWeek,
  on,
  organization,
  projectEvent,
  restoreProject,
  withdrawnEvent,
} from './examples.ts';

const many = (count: number, event: (id: number) => OrganizationEvent) =>
  Array.from({ length: count }, (_, id) => on(event(id)));
const keyEvent = (id: number) => keyCreatedEvent(['licenses:read'], `key_of_${id}`);
const keyEnded: OrganizationEvent = { type: 'ApiKeyRevoked', data: { apiKeyId: 'key_of_7' } };
const invitationEvent = (id: number) => invitedEvent(`inv_of_${id}`);
const inAYear = '2027-01-01T00:00:00.000Z';

describe('however large its license, an organization has at most', () => {
  test.each<[string, (id: number) => OrganizationEvent, OrganizationCommand, OrganizationEvent, OrganizationEvent]>([
    ['1,000 API keys in force', keyEvent, createKey(), keyCreatedEvent(), keyEnded],
    ['1,000 open invitations', invitationEvent, invite(), invitedEvent('inv_1'), withdrawnEvent('inv_of_7')],
  ])('%s, until one has ended', (_, event, command, happens, ended) => {
    given(...organization(), ...many(999, event))
      .when(command)
      .thenEvents(happens);
    given(...organization(), ...many(1_000, event))
      .when(command)
      .thenRejected('QUOTA_EXCEEDED');
    given(...organization(), ...many(1_000, event), on(ended))
      .when(command)
      .thenEvents(happens);
  });
  test('expired keys and invitations no longer count', () => {
    const expiring = many(1_000, (id) => ({
      type: 'ApiKeyCreated',
      data: { apiKeyId: `key_of_${id}`, name: 'ci', scopes: ['licenses:read'], hint: 'h', expiresAt: nextWeek },
    }));
    given(...organization(), ...expiring)
      .when(createKey({}, { at: nextWeek }))
      .thenEvents(keyCreatedEvent());
    given(...organization(), ...many(1_000, invitationEvent))
      .when(invite({ expiresAt: inAYear }, { at: nextWeek }))
      .thenEvents(invitedEvent('inv_1', 'MEMBER', inAYear));
  });
  test('1,000 projects in use, restored ones included, unless its license has another limit', () => {
    const full = [...organization(), ...many(1_000, (id) => projectEvent(`prj_of_${id}`))];
    given(...full)
      .when(createProject())
      .thenRejected('PROJECT_LIMIT_EXCEEDED');
    given(...organization(), on(projectEvent('prj_1')), on(archivedEvent('prj_1')), ...full.slice(2))
      .when(restoreProject())
      .thenRejected('PROJECT_LIMIT_EXCEEDED');
    given(...full, on(archivedEvent('prj_of_7')))
      .when(createProject())
      .thenEvents(projectEvent('prj_1'));
    given(...full)
      .when(createProject({ limits: { ...noLimits, projects: 1_001 } }))
      .thenEvents(projectEvent('prj_1'));
  });
});
