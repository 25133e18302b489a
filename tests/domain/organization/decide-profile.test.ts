import { describe, expect, test } from 'vitest';
import { fold } from '../../../src/domain/decider.ts';
import { ForkableMap } from '../../../src/domain/forkable-map.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import {
  changeLogAccess,
  changeZone,
  close,
  closedEvent,
  create,
  createdEvent,
  emailRef,
  given,
  invitedEvent,
  joinedEvent,
  keyCreatedEvent,
  later,
  nextWeek,
  noon,
  on,
  oneOfEach,
  organization,
  projectEvent,
  rename,
  system,
  user,
  withKey,
} from './examples.ts';

describe('creating an organization', () => {
  test('names it', () => given().when(create()).thenEvents(createdEvent));
  test('makes its founder an OWNER', () =>
    given().when(create('Demo Vendor', 'ada')).thenEvents(createdEvent, joinedEvent('ada', 'OWNER')));
  test('changes nothing when it is repeated', () => given(on(createdEvent)).when(create('Other', 'eve')).thenNothing());
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

describe('renaming an organization', () => {
  const renamed = { type: 'OrganizationRenamed', data: { from: 'Demo Vendor', to: 'Other' } } as const;

  test('records both names', () =>
    given(...organization())
      .when(rename('Other'))
      .thenEvents(renamed));
  test('to the name it has changes nothing', () => {
    given(...organization())
      .when(rename('Demo Vendor'))
      .thenNothing();
    given(...organization(), on(renamed))
      .when(rename('Other'))
      .thenNothing();
  });
  test.each(['', ' ', 'x'.repeat(201)])('is refused with the name %j', (name) =>
    given(...organization())
      .when(rename(name))
      .thenRejected('INVALID_REQUEST'),
  );
});

describe('the access to the log of an organization', () => {
  const closed = { logIsPublic: false, holdersGetProofs: false };
  const open = { logIsPublic: true, holdersGetProofs: false };
  const changed = { type: 'LogAccessChanged', data: { from: closed, to: open } } as const;

  test('is the issuer’s alone until it changes, and absent members stay as they are', () => {
    given(...organization())
      .when(changeLogAccess({ logIsPublic: true }))
      .thenEvents(changed);
    given(...organization(), on(changed))
      .when(changeLogAccess({ holdersGetProofs: true }))
      .thenEvents({
        type: 'LogAccessChanged',
        data: { from: open, to: { logIsPublic: true, holdersGetProofs: true } },
      });
  });
  test('changes nothing when it is so already', () => {
    given(...organization())
      .when(changeLogAccess(closed))
      .thenNothing();
  });
});

describe('the time zone of an organization', () => {
  const changed = (from: string, to: string) => ({ type: 'OrganizationTimeZoneChanged', data: { from, to } }) as const;
  const inBerlin = {
    type: 'OrganizationCreated',
    data: { organizationId: 'org_1', name: 'Demo Vendor', timeZone: 'Europe/Berlin' },
  } as const;

  test('is UTC, unless it is created with another', () => {
    given()
      .when(create('Demo Vendor', null, 'Europe/Berlin'))
      .thenEvents(inBerlin);
    expect(fold(organizationDecider, organization())).toMatchObject({ timeZone: 'UTC' });
    expect(fold(organizationDecider, [on(inBerlin)])).toMatchObject({ timeZone: 'Europe/Berlin' });
  });
  test('is changed by OWNER and ADMIN, as the name is, and records both', () => {
    given(...organization({ grace: 'ADMIN' }))
      .when(changeZone('Europe/Berlin', { by: user('grace') }))
      .thenEvents(changed('UTC', 'Europe/Berlin'));
    given(...organization({ grace: 'MEMBER' }))
      .when(changeZone('Europe/Berlin', { by: user('grace') }))
      .thenRejected('FORBIDDEN');
    expect(fold(organizationDecider, [...organization(), on(changed('UTC', 'Asia/Tokyo'))])).toMatchObject({
      timeZone: 'Asia/Tokyo',
    });
  });
  test('changes nothing when it is the same', () => {
    given(...organization())
      .when(changeZone('UTC'))
      .thenNothing();
    given(...organization(), on(changed('UTC', 'Asia/Tokyo')))
      .when(changeZone('Asia/Tokyo'))
      .thenNothing();
  });
  test.each(['', 'Berlin', 'Europe/Atlantis'])('cannot be %j', (name) => {
    given()
      .when(create('Demo Vendor', null, name))
      .thenRejected('INVALID_REQUEST');
    given(...organization())
      .when(changeZone(name))
      .thenRejected('INVALID_REQUEST');
  });
});

describe('closing an organization', () => {
  test('is recorded', () =>
    given(...organization())
      .when(close())
      .thenEvents(closedEvent));
  test('changes nothing when it is repeated', () =>
    given(...organization(), on(closedEvent))
      .when(close({ at: later }))
      .thenNothing());
  test('is refused to a person who is not a member as if it did not exist, closed or not', () => {
    const asEve = close({ by: user('eve') });
    given(...organization())
      .when(asEve)
      .thenRejected('ORGANIZATION_NOT_FOUND');
    given(...organization(), on(closedEvent))
      .when(asEve)
      .thenRejected('ORGANIZATION_NOT_FOUND');
  });

  const full = [...organization(), on(invitedEvent('inv_1')), on(keyCreatedEvent()), on(projectEvent('prj_1'))];
  test.each(oneOfEach().filter(({ type }) => type !== 'CloseOrganization'))('makes it refuse $type', (command) =>
    given(...full, on(closedEvent))
      .when(command)
      .thenRejected('ORGANIZATION_CLOSED'),
  );
  test.each(oneOfEach({ by: system }).filter(({ type }) => type !== 'CloseOrganization'))(
    'makes it refuse $type even from the system',
    (command) =>
      given(...full, on(closedEvent))
        .when(command)
        .thenRejected('ORGANIZATION_CLOSED'),
  );
});

describe('without an organization', () => {
  test.each(oneOfEach())('$type is refused', (command) => given().when(command).thenRejected('ORGANIZATION_NOT_FOUND'));
});

describe('folding an organization', () => {
  const everything = [
    ...organization({ grace: 'MEMBER' }),
    on({ type: 'MemberRemoved', data: { userId: 'grace', role: 'MEMBER' } }),
    on(invitedEvent('inv_1')),
    on(keyCreatedEvent()),
    on(projectEvent('prj_1')),
  ];

  test.each(everything.slice(1))('ignores $event.type before the organization exists', (stamped) =>
    expect(fold(organizationDecider, [stamped])).toEqual({ kind: 'missing' }),
  );
  test('ignores changes of unknown objects', () => {
    const strange = [
      on({ type: 'InvitationWithdrawn', data: { invitationId: 'inv_x' } }),
      on({ type: 'MemberRoleChanged', data: { userId: 'x', from: 'GUEST', to: 'OWNER' } }),
      on({ type: 'ApiKeyRevoked', data: { apiKeyId: 'key_x' } }),
      on({ type: 'ProjectArchived', data: { projectId: 'prj_x' } }),
    ];
    expect(fold(organizationDecider, [...everything, ...strange])).toEqual(fold(organizationDecider, everything));
  });
  test('keeps only the data that decisions and queries read', () => {
    expect(fold(organizationDecider, [...everything, on(closedEvent, later)])).toEqual({
      kind: 'created',
      organizationId: 'org_1',
      name: 'Demo Vendor',
      timeZone: 'UTC',
      createdAt: noon,
      closedAt: later,
      logAccess: { logIsPublic: false, holdersGetProofs: false },
      members: new ForkableMap([['ada', { role: 'OWNER', invitationId: null, joinedAt: noon }]]),
      formerMembers: new ForkableMap([['grace', noon]]),
      invitations: new ForkableMap([
        [
          'inv_1',
          { emailRef, role: 'MEMBER', invitedAt: noon, expiresAt: nextWeek, state: 'pending', invitedBy: 'ada' },
        ],
      ]),
      issuers: new ForkableMap(),
      apiKeys: new ForkableMap([
        [
          'key_1',
          {
            name: 'ci',
            scopes: ['licenses:read'],
            products: null,
            hint: 'lgr_live_ab',
            createdAt: noon,
            expiresAt: null,
            revokedAt: null,
            createdBy: 'ada',
            secret: null,
            previous: null,
          },
        ],
      ]),
      projects: new ForkableMap([['prj_1', { name: 'Atlas', metadataRef: null, createdAt: noon, archivedAt: null }]]),
    });
  });
  test('forks into independent copies', () => {
    const origin = fold(organizationDecider, organization());
    let copy = organizationDecider.fork(origin);
    expect(copy).toEqual(origin);
    for (const { event, at } of [...everything.slice(2), on(closedEvent), ...withKey().slice(1)])
      copy = organizationDecider.evolve(copy, event, at);
    expect(origin).toEqual(fold(organizationDecider, organization()));
    expect(organizationDecider.fork(organizationDecider.initial())).toEqual({ kind: 'missing' });
  });
});
