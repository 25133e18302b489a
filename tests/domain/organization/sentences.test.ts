import { expect, test } from 'vitest';
import { fold, isRejection } from '../../../src/domain/decider.ts';
import type { OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import { testEventIds } from '../../support/event-ids.ts';
import {
  changeKey,
  changeZone,
  close,
  create,
  createKey,
  createProject,
  invite,
  key,
  keyCreatedEvent,
  noon,
  on,
  organization,
  rename,
  user,
} from './examples.ts';

const state = fold(organizationDecider, [
  ...organization({ grace: 'GUEST', bob: 'ADMIN' }),
  on(keyCreatedEvent(['members:write'])),
]);
const named = (what: string) => `The name of ${what} must have 1 to 200 characters.`;

// A refusal tells the caller what is wrong and what is required.
test.each<[OrganizationCommand, string]>([
  [create(''), named('an organization')],
  [rename(''), named('an organization')],
  [createKey({ apiKeyId: 'key_2', name: '' }), named('an API key')],
  [changeKey({ name: '' }), named('an API key')],
  [changeZone('Berlin'), '"Berlin" is not a time zone; give an IANA name like Europe/Berlin.'],
  [createProject({ name: '' }), named('a project')],
  [rename('x', { by: user('grace') }), 'This takes the role OWNER or ADMIN.'],
  [close({ by: user('bob') }), 'This takes the role OWNER.'],
  [
    invite({}, { by: user('grace') }),
    'This takes the role OWNER or ADMIN, or an API key with the scope members:write.',
  ],
  [
    createProject({}, { by: key('key_1') }),
    'This takes the role OWNER or ADMIN or MEMBER, or an API key with the scope projects:write.',
  ],
  [
    createKey({ apiKeyId: 'key_2', scopes: ['events:read', 'members:write', 'licenses:read'] }, { by: key('key_1') }),
    'An API key can hand on only scopes of its own, not events:read, licenses:read.',
  ],
  [invite({ expiresAt: noon }), `An invitation must end in the future; ${noon} does not.`],
])('the refusal of %j reads: %s', (command, sentence) => {
  const decision = organizationDecider.decide(
    command,
    command.type === 'CreateOrganization' ? organizationDecider.initial() : state,
    testEventIds,
  );
  expect(isRejection(decision) && decision.detail).toBe(sentence);
});
