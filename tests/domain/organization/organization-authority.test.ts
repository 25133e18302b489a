import { describe, expect, test } from 'vitest';
import { fold, isRejection } from '../../../src/domain/decider.ts';
import type { Acting, OrganizationCommand, OrganizationRejection } from '../../../src/domain/organization/commands.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import type { Role, Scope } from '../../../src/domain/organization/events.ts';
import { mayManageUsers } from '../../../src/domain/organization/organization-authority.ts';
import { testEventIds } from '../../support/event-ids.ts';
import {
  archivedEvent,
  archiveProject,
  blockIssuer,
  changeKey,
  changeProject,
  changeRole,
  close,
  createKey,
  createProject,
  forgetIssuer,
  invite,
  invitedEvent,
  key,
  keyCreatedEvent,
  on,
  organization,
  projectEvent,
  remove,
  rename,
  restoreProject,
  revokeKey,
  system,
  trustIssuer,
  user,
  withdraw,
} from './examples.ts';

const roles: readonly Role[] = [
  'OWNER',
  'ADMIN',
  'MEMBER',
  'GUEST',
  'BILLING',
  'AUDITOR',
  'SUPPORT',
  'SALES',
  'DEVELOPER',
];
const scopes: readonly Scope[] = [
  'licenses:read',
  'licenses:write',
  'licenses:activate',
  'catalog:write',
  'events:read',
  'webhooks:write',
  'members:write',
  'projects:write',
];

// A member of every role, a key of every scope, and one object of each kind.
const history = [
  ...organization(Object.fromEntries(roles.map((role) => [role.toLowerCase(), role]))),
  ...roles.map((role) => on(invitedEvent(`inv_${role}`, role))),
  ...scopes.map((scope) => on(keyCreatedEvent([scope], scope))),
  on(keyCreatedEvent(scopes, 'every scope')),
  on(keyCreatedEvent()),
  on(projectEvent('prj_1')),
  on(projectEvent('prj_2')),
  on(archivedEvent('prj_2')),
];
const state = fold(organizationDecider, history);

const actors: readonly (readonly [string, Acting])[] = [
  ...roles.map((role) => [role, user(role.toLowerCase())] as const),
  ...scopes.map((scope) => [scope, key(scope)] as const),
  ['the system', system] as const,
  ['a stranger', user('eve')] as const,
  ['an unknown key', key('key_x')] as const,
];

const outcome = (command: OrganizationCommand): OrganizationRejection | 'done' => {
  const decision = organizationDecider.decide(command, state, testEventIds);
  return isRejection(decision) ? decision.rejected : 'done';
};
const strangers = ['a stranger', 'an unknown key'];
const expected = (actor: string, may: readonly string[]) =>
  strangers.includes(actor) ? 'ORGANIZATION_NOT_FOUND' : may.includes(actor) ? 'done' : 'FORBIDDEN';

const profile = ['OWNER', 'ADMIN', 'the system'];
const access = [...profile, 'members:write'];
const keys = [...profile, 'DEVELOPER'];
const issuers = [...profile, 'licenses:write'];
const projects = ['OWNER', 'ADMIN', 'MEMBER', 'projects:write', 'the system'];

// The table of permissions: the command, and who may send it.
const commands: readonly (readonly [string, (by: Acting) => OrganizationCommand, readonly string[]])[] = [
  ['rename', (by) => rename('Other', { by }), profile],
  ['close', (by) => close({ by }), ['OWNER', 'the system']],
  ['invite', (by) => invite({}, { by }), profile],
  ['withdraw an invitation', (by) => withdraw('inv_GUEST', { by }), profile],
  ['change a role', (by) => changeRole('guest', 'AUDITOR', { by }), profile],
  ['remove a member', (by) => remove('guest', { by }), profile],
  ['create an API key', (by) => createKey({ apiKeyId: 'key_n', scopes: ['members:write'] }, { by }), access],
  ['create an API key to read', (by) => createKey({ apiKeyId: 'key_n' }, { by }), keys],
  ['change an API key', (by) => changeKey({ name: 'other' }, { by }), keys],
  ['revoke an API key', (by) => revokeKey('key_1', { by }), keys],
  ['create a project', (by) => createProject({ projectId: 'prj_n' }, { by }), projects],
  ['change a project', (by) => changeProject({ name: 'other' }, { by }), projects],
  ['trust an issuer', (by) => trustIssuer('org_n', { by }), issuers],
  ['block an issuer', (by) => blockIssuer('org_n', { by }), issuers],
  ['forget an issuer', (by) => forgetIssuer('org_n', { by }), issuers],
  ['archive a project', (by) => archiveProject('prj_1', { by }), projects],
  ['restore a project', (by) => restoreProject('prj_2', { by }), projects],
];

describe.each(commands)('%s', (_, command, may) => {
  test.each(actors)(`as %s: only ${may.join(', ')}`, (actor, by) =>
    expect(outcome(command(by))).toBe(expected(actor, may)),
  );
});

// Nobody decides about a role with rights that they do not have. Each role has a right that members:write alone lacks.
const ladder: readonly (readonly [actor: string, by: Acting, role: Role, 'done' | 'FORBIDDEN'])[] = [
  ['OWNER', user('ada'), 'OWNER', 'done'],
  ['OWNER', user('ada'), 'ADMIN', 'done'],
  ['OWNER', user('ada'), 'MEMBER', 'done'],
  ['OWNER', user('ada'), 'GUEST', 'done'],
  ['OWNER', user('ada'), 'BILLING', 'done'],
  ['OWNER', user('ada'), 'AUDITOR', 'done'],
  ['ADMIN', user('admin'), 'OWNER', 'FORBIDDEN'],
  ['ADMIN', user('admin'), 'ADMIN', 'done'],
  ['ADMIN', user('admin'), 'MEMBER', 'done'],
  ['ADMIN', user('admin'), 'GUEST', 'done'],
  ['ADMIN', user('admin'), 'BILLING', 'done'],
  ['ADMIN', user('admin'), 'AUDITOR', 'done'],
  ['ADMIN', user('admin'), 'SUPPORT', 'done'],
  ['ADMIN', user('admin'), 'SALES', 'done'],
  ['ADMIN', user('admin'), 'DEVELOPER', 'done'],
  ...roles.map((role) => ['DEVELOPER', user('developer'), role, 'FORBIDDEN'] as const),
  ...roles.map((role) => ['an API key with members:write', key('members:write'), role, 'FORBIDDEN'] as const),
  ['an API key with every scope', key('every scope'), 'OWNER', 'FORBIDDEN'],
  ['an API key with every scope', key('every scope'), 'ADMIN', 'FORBIDDEN'],
  ['an API key with every scope', key('every scope'), 'MEMBER', 'done'],
  ['an API key with every scope', key('every scope'), 'GUEST', 'done'],
  ['an API key with every scope', key('every scope'), 'BILLING', 'done'],
  ['an API key with every scope', key('every scope'), 'AUDITOR', 'done'],
  ['an API key with every scope', key('every scope'), 'SUPPORT', 'done'],
  ['an API key with every scope', key('every scope'), 'SALES', 'done'],
  ['an API key with every scope', key('every scope'), 'DEVELOPER', 'done'],
  ['the system', system, 'OWNER', 'done'],
  ['the system', system, 'GUEST', 'done'],
];
describe.each(ladder)('the role ladder: %s (%o) and the role %s: %s', (_, by, role, result) => {
  test('giving it by an invitation', () => expect(outcome(invite({ role }, { by }))).toBe(result));
  test('taking an invitation to it back', () => expect(outcome(withdraw(`inv_${role}`, { by }))).toBe(result));
  test('giving it to a member', () => expect(outcome(changeRole('guest', role, { by }))).toBe(result));
  test('taking it from a member', () => expect(outcome(changeRole(role.toLowerCase(), 'GUEST', { by }))).toBe(result));
  test('removing one who has it', () => expect(outcome(remove(role.toLowerCase(), { by }))).toBe(result));
});

describe('a DEVELOPER', () => {
  const by = user('developer');
  const within: readonly Scope[] = ['licenses:read', 'catalog:write'];
  test.each(scopes)('creates a key with %s only when the own role covers it', (scope) => {
    const created = outcome(createKey({ apiKeyId: 'key_n', scopes: [scope] }, { by }));
    expect(created).toBe(within.includes(scope) ? 'done' : 'FORBIDDEN');
  });
  test.each(scopes)('renames, widens and revokes a key with %s only when the own role covers it', (scope) => {
    const result = within.includes(scope) ? 'done' : 'FORBIDDEN';
    expect(outcome(changeKey({ apiKeyId: scope, name: 'other' }, { by }))).toBe(result);
    expect(outcome(changeKey({ apiKeyId: scope, scopes: within }, { by }))).toBe(result);
    expect(outcome(revokeKey(scope, { by }))).toBe(result);
    expect(outcome(changeKey({ apiKeyId: 'key_1', scopes: [scope] }, { by }))).toBe(result);
  });
});

test('an OWNER and an ADMIN see the users of their organization, and nobody else does', () => {
  expect(roles.filter(mayManageUsers)).toEqual(['OWNER', 'ADMIN']);
});
