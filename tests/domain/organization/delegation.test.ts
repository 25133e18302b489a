import { describe, expect, test } from 'vitest';
import { fold, isRejection, stamp } from '../../../src/domain/decider.ts';
import type { Acting, OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import {
  type OrganizationEvent,
  type Role,
  roles,
  type Scope,
  scopes,
} from '../../../src/domain/organization/events.ts';
import type { ApiKey, CreatedOrganization, Organization } from '../../../src/domain/organization/organization.ts';
import { type Right, rightsBeyond, rightsOfRole, rightsOfScopes } from '../../../src/domain/organization/rights.ts';
import { testEventIds } from '../../support/event-ids.ts';
import {
  accept,
  changeKey,
  changeRole,
  createKey,
  endOverlap,
  invite,
  key,
  keyCreatedEvent,
  noon,
  on,
  organization,
  remove,
  revokeKey,
  rotateKey,
  user,
} from './examples.ts';

// Tries every sequence of up to three operations on members, invitations, API keys and roles. The attacker starts with
// one credential, and gets each API key that it creates or rotates. Everybody whom it invites is an accomplice, with the token.

const accomplice = 'eve';
const scopeSets: readonly (readonly Scope[])[] = [...scopes.map((scope) => [scope]), scopes];

const limitedKey = (apiKeyId: string, granted: readonly Scope[], products: readonly string[]): OrganizationEvent => ({
  type: 'ApiKeyCreated',
  data: { apiKeyId, name: 'ci', scopes: granted, hint: 'lgr_live_ab', createdBy: 'ada', products },
});

const both: readonly Scope[] = ['members:write', 'licenses:read'];
const reaches: readonly (readonly string[] | null)[] = [null, ['app'], ['app', 'ide'], ['ide']];

const start = fold(organizationDecider, [
  ...organization(Object.fromEntries(roles.map((role) => [role.toLowerCase(), role]))),
  on(keyCreatedEvent(['licenses:read'], 'weak')),
  on(keyCreatedEvent(scopes, 'strong')),
  on(limitedKey('limited', both, ['app', 'ide'])),
]);

// A role of each kind: the search tries an invitation to every role.
const promotions: readonly Role[] = ['OWNER', 'ADMIN', 'SUPPORT', 'DEVELOPER'];

const commandsOf = (by: Acting, depth: number): readonly OrganizationCommand[] => [
  ...roles.map((role) => invite({ invitationId: `inv_${depth}_${role}`, role }, { by })),
  ...promotions.map((role) => changeRole('guest', role, { by })),
  ...promotions.map((role) => changeRole(accomplice, role, { by })),
  ...['admin', 'guest'].map((userId) => remove(userId, { by })),
  ...scopeSets.map((set) => createKey({ apiKeyId: `key_${depth}_${set.join('+')}`, scopes: set }, { by })),
  ...scopeSets.map((set) => changeKey({ apiKeyId: 'weak', scopes: set }, { by })),
  changeKey({ apiKeyId: 'strong', scopes: ['members:write'] }, { by }),
  rotateKey({ apiKeyId: 'weak', secretRef: `ref_weak_${depth}` }, { by }),
  rotateKey({ apiKeyId: 'strong', secretRef: `ref_strong_${depth}` }, { by }),
  endOverlap('strong', { by }),
  revokeKey('strong', { by }),
];

const productCommandsOf = (by: Acting, depth: number): readonly OrganizationCommand[] => [
  ...reaches.map((products) => createKey({ apiKeyId: `key_${depth}_${products}`, scopes: both, products }, { by })),
  ...reaches.map((products) => changeKey({ apiKeyId: 'weak', products }, { by })),
  ...reaches.map((products) => changeKey({ apiKeyId: 'limited', products }, { by })),
  rotateKey({ apiKeyId: 'limited', secretRef: `ref_limited_${depth}` }, { by }),
];

type Commands = typeof commandsOf;

/** A right with what one product is about. `*`: what is about products that are named nowhere. */
type Reach = `${Right} of ${string}`;

const inReach = (rights: readonly Right[], products: readonly string[] | null = null): readonly Reach[] =>
  (products ?? ['app', 'ide', '*']).flatMap((product) => rights.map((right): Reach => `${right} of ${product}`));

const keyInReach = (key: Pick<ApiKey, 'scopes' | 'products'>): readonly Reach[] =>
  inReach(rightsOfScopes(key.scopes, key.products), key.products);

const beyond = (own: ReadonlySet<Reach>, handed: readonly Reach[]) => handed.filter((reach) => !own.has(reach));

/** Returns what an event hands to somebody. */
const handedOut = (event: OrganizationEvent, { apiKeys }: CreatedOrganization): readonly Reach[] => {
  const keyOf = (apiKeyId: string) => apiKeys.get(apiKeyId) ?? { scopes: [], products: null };
  switch (event.type) {
    case 'MemberInvited':
    case 'MemberJoined':
      return inReach(rightsOfRole(event.data.role));
    case 'MemberRoleChanged':
      return inReach(rightsOfRole(event.data.to));
    case 'ApiKeyCreated':
      return keyInReach({ products: null, ...event.data });
    case 'ApiKeyScopesChanged': {
      const added = event.data.to.filter((scope) => !event.data.from.includes(scope));
      return keyInReach({ ...keyOf(event.data.apiKeyId), scopes: added });
    }
    case 'ApiKeyProductsChanged': {
      const { apiKeyId, from, to } = event.data;
      const all = to ?? ['app', 'ide', '*'];
      const { scopes: granted } = keyOf(apiKeyId);
      const added = from === null ? [] : all.filter((product) => !from.includes(product));
      return inReach(rightsOfScopes(granted, to), added);
    }
    case 'ApiKeyRotated':
      return keyInReach(keyOf(event.data.apiKeyId));
    default:
      return [];
  }
};

type Search = {
  readonly own: ReadonlySet<Reach>;
  readonly commands: Commands;
  accepted: number;
  readonly detours: string[];
};

const search = (
  state: Organization,
  controlled: readonly Acting[],
  path: readonly OrganizationCommand[],
  result: Search,
): void => {
  const organizationNow = state as CreatedOrganization;
  const { invitations } = organizationNow;
  const acceptances = [...invitations.keys()].map((invitationId) => accept(accomplice, invitationId));
  const commands = [...controlled.flatMap((by) => result.commands(by, path.length)), ...acceptances];
  for (const command of commands) {
    const decision = organizationDecider.decide(command, state, testEventIds);
    if (isRejection(decision) || decision.length === 0) continue;
    result.accepted += 1;
    const further = [...path, command];
    const reached = decision.flatMap((event) => beyond(result.own, handedOut(event, organizationNow)));
    if (reached.length > 0) result.detours.push(`${JSON.stringify(further)}: ${reached.join(', ')}`);
    if (further.length === 3) continue;
    let next = organizationDecider.fork(state);
    const credentials = [...controlled];
    for (const event of decision) {
      next = organizationDecider.evolve(next, event, stamp(event, noon).at);
      if (event.type === 'ApiKeyCreated' || event.type === 'ApiKeyRotated') credentials.push(key(event.data.apiKeyId));
      if (event.type === 'MemberJoined') credentials.push(user(event.data.userId));
    }
    search(next, credentials, further, result);
  }
};

const searchFrom = (
  state: Organization,
  by: Acting,
  own: readonly Reach[],
  commands: Commands = commandsOf,
): Search => {
  const result: Search = { own: new Set(own), commands, accepted: 0, detours: [] };
  search(organizationDecider.fork(state), [by], [], result);
  return result;
};

describe('No sequence of three operations reaches more rights', { timeout: 120_000 }, () => {
  const sets = [...scopes.map((scope) => [...new Set<Scope>(['members:write', scope])]), scopes];
  test.each(sets.map((set) => [set.join(' and '), set] as const))('than those of an API key with %s', (_, set) => {
    const withOwn = organizationDecider.evolve(
      organizationDecider.fork(start),
      keyCreatedEvent(set, 'own'),
      stamp(keyCreatedEvent(), noon).at,
    );
    const { detours, accepted } = searchFrom(withOwn, key('own'), keyInReach({ scopes: set, products: null }));
    expect(detours).toEqual([]);
    expect(accepted).toBeGreaterThan(0);
  });
  test.each(roles.filter((role) => role !== 'OWNER'))('than those of a member with the role %s', (role) => {
    const { detours, accepted } = searchFrom(start, user(role.toLowerCase()), inReach(rightsOfRole(role)));
    expect(detours).toEqual([]);
    expect(accepted > 0).toBe(role === 'ADMIN' || role === 'DEVELOPER');
  });
  test.each([[both], [scopes]])('than those of an API key with %j that is limited to a product', (set) => {
    const event = limitedKey('own', set, ['app']);
    const withOwn = organizationDecider.evolve(organizationDecider.fork(start), event, stamp(event, noon).at);
    const { detours, accepted } = searchFrom(
      withOwn,
      key('own'),
      keyInReach({ scopes: set, products: ['app'] }),
      (sender, depth) => [...commandsOf(sender, depth), ...productCommandsOf(sender, depth)],
    );
    expect(detours).toEqual([]);
    expect(accepted).toBeGreaterThan(0);
  });
  test('but an OWNER hands out everything', () => {
    const everything = new Set(roles.flatMap((role) => rightsOfRole(role)));
    expect(rightsBeyond(rightsOfRole('OWNER'), [...everything, ...rightsOfScopes(scopes)])).toEqual([]);
  });
});

// docs/api/organizations.md has the same table.
const covering: readonly (readonly [role: Role, scopes: readonly Scope[] | null])[] = [
  ['GUEST', ['projects:write']],
  ['MEMBER', ['projects:write', 'licenses:read']],
  ['AUDITOR', ['projects:write', 'licenses:read', 'events:read']],
  ['BILLING', ['licenses:read', 'licenses:write', 'events:read']],
  ['SUPPORT', ['licenses:read', 'licenses:write', 'licenses:activate', 'events:read']],
  ['SALES', ['licenses:read', 'licenses:write']],
  ['DEVELOPER', ['licenses:read', 'catalog:write']],
  ['ADMIN', null],
  ['OWNER', null],
];
test.each(covering)(
  'An API key covers the role %s with members:write and the scopes %j, and with no fewer',
  (role, needed) => {
    const lacks = (held: readonly Scope[]) =>
      rightsBeyond(rightsOfScopes(['members:write', ...held]), rightsOfRole(role));
    if (needed === null) return expect(lacks(scopes)).not.toEqual([]);
    expect(lacks(needed)).toEqual([]);
    for (const scope of needed) expect(lacks(needed.filter((other) => other !== scope))).not.toEqual([]);
  },
);
