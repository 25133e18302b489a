import { describe, expect, test } from 'vitest';
import type { Stamped } from '../../../src/domain/decider.ts';
import type { OrganizationCommand, OrganizationRejection } from '../../../src/domain/organization/commands.ts';
import type { OrganizationEvent } from '../../../src/domain/organization/events.ts';
import { noLimits } from '../../../src/domain/organization/organization-limits.ts';
import {
  accept,
  archivedEvent,
  changeProject,
  changeRole,
  close,
  closedEvent,
  createKey,
  createProject,
  given,
  invite,
  invitedEvent,
  keyCreatedEvent,
  noon,
  on,
  oneOfEach,
  organization,
  projectEvent,
  remove,
  rename,
  restoreProject,
  user,
} from './examples.ts';

type Case = readonly [history: readonly Stamped<OrganizationEvent>[], commands: readonly OrganizationCommand[]];

const repeated = (count: number, event: (id: number) => OrganizationEvent) =>
  Array.from({ length: count }, (_, id) => on(event(id)));

/** One entry per rejection, in the order of the union. A rejection without an entry does not compile. */
const cases: Record<OrganizationRejection, Case> = {
  ORGANIZATION_NOT_FOUND: [[], oneOfEach()],
  ORGANIZATION_CLOSED: [
    [...organization(), on(closedEvent)],
    [rename('x'), rename(''), changeRole('ada', 'GUEST')],
  ],
  FORBIDDEN: [organization({ grace: 'GUEST' }), [rename('', { by: user('grace') }), close({ by: user('grace') })]],
  INVALID_REQUEST: [organization(), [rename(''), createKey({ scopes: [] }), createProject({ name: '' })]],
  TERM_INVALID: [organization(), [invite({ expiresAt: noon }), createKey({ expiresAt: noon })]],
  NOT_FOUND: [organization(), [remove('grace'), accept('grace'), changeProject(), restoreProject()]],
  ALREADY_MEMBER: [
    [...organization(), on(invitedEvent('inv_1'))],
    [accept('ada'), invite({ invitationId: 'inv_2', userId: 'ada' })],
  ],
  LAST_OWNER: [organization(), [remove('ada'), changeRole('ada', 'ADMIN')]],
  USER_LIMIT_EXCEEDED: [organization(), [invite({ limits: { ...noLimits, members: 1 } })]],
  PROJECT_LIMIT_EXCEEDED: [organization(), [createProject({ limits: { ...noLimits, projects: 0 } })]],
  QUOTA_EXCEEDED: [
    [
      ...organization(),
      ...repeated(1_000, (id) => invitedEvent(`inv_of_${id}`)),
      ...repeated(1_000, (id) => keyCreatedEvent(['licenses:read'], `key_of_${id}`)),
    ],
    [invite(), createKey()],
  ],
  ARCHIVED: [
    [...organization(), on(projectEvent('prj_1')), on(archivedEvent('prj_1'))],
    [changeProject({ name: 'x' })],
  ],
};

describe.each(Object.entries(cases))('%s', (code, [history, commands]) => {
  test('has a command that it refuses', () => expect(commands).not.toEqual([]));
  test.each(commands)('refuses $type with $data', (command) =>
    given(...history)
      .when(command)
      .thenRejected(code as OrganizationRejection),
  );
});
