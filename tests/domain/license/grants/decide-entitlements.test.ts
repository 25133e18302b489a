import { describe, expect, test } from 'vitest';
import { capacity } from '../../../../src/domain/license/usage/usage-limits.ts';
import { command, device, event, followedBy, policyWith } from '../commands.ts';
import {
  activate,
  activated,
  activatedEvent,
  ends,
  expiresAt,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  twoDevices,
} from '../examples.ts';

const ratio = (percent: number) => ({ kind: 'RATIO', percent }) as const;

describe('overage', () => {
  test.each([
    [0, { kind: 'NONE' }, 0],
    [5, { kind: 'NONE' }, 5],
    [5, ratio(100), 5],
    [5, ratio(125), 7],
    [4, ratio(125), 5],
    [5, ratio(150), 8],
    [1, ratio(101), 2],
    [0, ratio(200), 0],
    [Number.MAX_SAFE_INTEGER, ratio(100), Number.MAX_SAFE_INTEGER],
    [5, ratio(50), 5],
    [0, { kind: 'ALWAYS' }, Number.POSITIVE_INFINITY],
  ] as const)('of %i with %j lets %i be in use: rounded up, in whole numbers', (limit, overage, expected) => {
    expect(capacity(limit, overage)).toBe(expected);
  });
  test('lets devices in beyond the limit and says so in the event', () => {
    const full = [issued({ policy: policyWith({ overage: ratio(150) }) }), activated('a', 1), activated('b', 2)];
    const third = { ...activatedEvent('c', 3).data, overage: true };
    given(...full)
      .when(activate('c'))
      .thenEvents(event('ActivationRecorded', third));
    given(...followedBy(full, activate('c')))
      .when(activate('d'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
  test('without end refuses nobody', () => {
    const policy = policyWith({ overage: { kind: 'ALWAYS' } });
    const history = followedBy(
      [issued({ policy, limits: { ...twoDevices, activations: 0 } })],
      activate('a'),
      activate('b'),
    );
    expect(licenseAfter(...history).facts.usage.activations).toBe(2);
  });
});

describe('a device that has changed is known by its parts', () => {
  const parts = (disk: string, board: string, network: string) => ({ disk, board, network });
  const known = device('a', { components: parts('d1', 'b1', 'n1') });
  const asks = (components?: Readonly<Record<string, string>>) =>
    command('Activate', device('z', components === undefined ? {} : { components }));
  const given1 = (fingerprintMatching: 'EXACT' | 'ANY' | 'MOST' | 'ALL') =>
    given(...followedBy([issued({ policy: policyWith({ fingerprintMatching }) })], command('Activate', known)));

  test('ANY: one of them is the same', () => {
    given1('ANY')
      .when(asks(parts('d1', 'x', 'y')))
      .thenNothing();
    given1('ANY')
      .when(asks(parts('x', 'y', 'z')))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: parts('x', 'y', 'z') }));
  });
  test('MOST: more than half are the same', () => {
    given1('MOST')
      .when(asks(parts('d1', 'b1', 'y')))
      .thenNothing();
    expect(
      licenseAfter(
        ...followedBy(
          [issued({ policy: policyWith({ fingerprintMatching: 'MOST' }) })],
          command('Activate', known),
          asks(parts('d1', 'x', 'y')),
        ),
      ).activations.size,
    ).toBe(2);
    const even = device('b', { components: { disk: 'd', board: 'b' } });
    const history = followedBy(
      [issued({ policy: policyWith({ fingerprintMatching: 'MOST' }) })],
      command('Activate', even),
    );
    given(...history)
      .when(asks({ disk: 'd', board: 'other' }))
      .thenEvents(
        event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: { disk: 'd', board: 'other' } }),
      );
  });
  test('ALL: every one that was recorded is the same', () => {
    given1('ALL')
      .when(asks({ ...parts('d1', 'b1', 'n1'), more: 'm' }))
      .thenNothing();
    expect(
      licenseAfter(
        ...followedBy(
          [issued({ policy: policyWith({ fingerprintMatching: 'ALL' }) })],
          command('Activate', known),
          asks(parts('d1', 'b1', 'y')),
        ),
      ).activations.size,
    ).toBe(2);
  });
  test('EXACT: by its fingerprint alone', () => {
    given1('EXACT')
      .when(asks(parts('d1', 'b1', 'n1')))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: parts('d1', 'b1', 'n1') }));
  });
  test('by its fingerprint, whatever its parts, and not without parts', () => {
    given1('ALL')
      .when(command('Activate', device('a', { components: parts('x', 'y', 'z') })))
      .thenNothing();
    given1('ANY').when(asks()).thenEvents(activatedEvent('z', 2));
    given(issued({ policy: policyWith({ fingerprintMatching: 'ALL' }) }), activated('a', 1))
      .when(asks({}))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: {} }));
  });
});

describe('what a device tells', () => {
  test('is recorded, and what it does not tell is left out', () => {
    const told = { components: { disk: 'd' }, environment: 'live' };
    given(issued())
      .when(command('Activate', device('a', told)))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('a', 1).data, ...told }));
    expect(
      licenseAfter(...followedBy([issued()], command('Activate', device('a', told)))).activations.get('act_a'),
    ).toMatchObject(told);
    expect(followedBy([issued()], activate('a')).at(-1)?.event).toStrictEqual(activatedEvent('a', 1));
  });
});

describe('a named user', () => {
  const assign = (userRef: string) => command('AssignUser', { userRef });
  const unassign = (userRef: string) => command('UnassignUser', { userRef, cause: 'ADMIN' });
  const forTwo = issued({ limits: { ...twoDevices, users: 2 } });

  test('is assigned once, up to the limit', () => {
    given(forTwo)
      .when(assign('usr_a'))
      .thenEvents(event('UserAssigned', { userRef: 'usr_a', countAfter: 1, limit: 2, overage: false }));
    const full = followedBy([forTwo], assign('usr_a'), assign('usr_b'));
    given(...full)
      .when(assign('usr_a'))
      .thenNothing();
    given(...full)
      .when(assign('usr_c'))
      .thenRejected('USER_LIMIT_EXCEEDED');
    expect(licenseAfter(...full).facts.usage.users).toBe(2);
  });
  test('beyond the limit is an overage, where the policy allows it', () => {
    const policy = policyWith({ overage: ratio(200) });
    given(...followedBy([issued({ policy, limits: { ...twoDevices, users: 1 } })], assign('usr_a')))
      .when(assign('usr_b'))
      .thenEvents(event('UserAssigned', { userRef: 'usr_b', countAfter: 2, limit: 1, overage: true }));
  });
  test('is taken off, and again that changes nothing', () => {
    const one = followedBy([forTwo], assign('usr_a'));
    given(...one)
      .when(unassign('usr_a'))
      .thenEvents(event('UserUnassigned', { userRef: 'usr_a', cause: 'ADMIN', countAfter: 0 }));
    given(...followedBy(one, unassign('usr_a')))
      .when(unassign('usr_a'))
      .thenNothing();
  });
  test('must be assigned where an activation names one', () => {
    const asks = command('Activate', device('a', { userRef: 'usr_a' }));
    given(forTwo).when(asks).thenRejected('USER_NOT_ASSIGNED');
    given(...followedBy([forTwo], assign('usr_a')))
      .when(asks)
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('a', 1).data, userRef: 'usr_a' }));
  });
});

describe('an entitlement', () => {
  const sso = { code: 'sso', value: 'saml', limit: 5, until: expiresAt, source: 'grant' } as const;
  const grant = (overrides: object = {}) => command('GrantEntitlement', { ...sso, ...overrides });

  test('is granted with value, limit, own end and source', () => {
    given(issued()).when(grant()).thenEvents(event('EntitlementGranted', sso));
    expect(licenseAfter(...followedBy([issued()], grant())).facts.entitlements).toEqual([sso]);
  });
  test('as it is changes nothing, otherwise it is replaced', () => {
    const granted = followedBy([issued()], grant());
    given(...granted)
      .when(grant())
      .thenNothing();
    expect(licenseAfter(...followedBy(granted, grant({ limit: 9 }))).facts.entitlements).toEqual([
      { ...sso, limit: 9 },
    ]);
  });
  test('of several sources is held by each of them', () => {
    const history = followedBy([issued()], grant(), grant({ source: 'tier', value: null }));
    expect(licenseAfter(...history).facts.entitlements).toHaveLength(2);
    const revoked = followedBy(history, command('RevokeEntitlement', { code: 'sso', source: 'grant' }));
    expect(licenseAfter(...revoked).facts.entitlements).toEqual([{ ...sso, source: 'tier', value: null }]);
  });
  test('is taken back, and again that changes nothing', () => {
    const revoke = command('RevokeEntitlement', { code: 'sso', source: 'grant' });
    given(...followedBy([issued()], grant()))
      .when(revoke)
      .thenEvents(event('EntitlementRevoked', { code: 'sso', source: 'grant' }));
    given(issued()).when(revoke).thenNothing();
  });
  test('must have a code, a limit that is a count, and an end to come', () => {
    given(issued())
      .when(grant({ code: 'No Code' }))
      .thenRejected('INVALID_REQUEST');
    given(issued())
      .when(grant({ limit: -1 }))
      .thenRejected('LIMIT_INVALID');
    given(issued())
      .when(grant({ limit: 1.5 }))
      .thenRejected('LIMIT_INVALID');
    given(issued())
      .when(grant({ until: noon }))
      .thenRejected('TERM_INVALID');
  });
});

describe('a product', () => {
  const remove = command('RemoveProduct', { product: 'local_cli' });

  test('is added once', () => {
    given(issued())
      .when(command('AddProduct', { product: 'workflow_app' }))
      .thenEvents(event('ProductAdded', { product: 'workflow_app' }));
    given(issued())
      .when(command('AddProduct', { product: 'local_cli' }))
      .thenNothing();
  });
  test('is removed with the devices that were activated for it', () => {
    const history = followedBy([issued()], activate('a'), activate('b', noon, 'cloud_ide'));
    given(...history)
      .when(remove)
      .thenEvents(
        event('ProductRemoved', {
          product: 'local_cli',
          ...ends('PRODUCT', 1, { usageAfter: { activations: 1, seats: 0, users: 0 } }),
        }),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'PRODUCT_REMOVED', countAfter: 1 }),
      );
    given(...followedBy(history, remove))
      .when(remove)
      .thenNothing();
    given(...followedBy(history, remove))
      .when(activate('c'))
      .thenRejected('PRODUCT_NOT_LICENSED');
  });
  test('removing it costs the holder no release', () => {
    const policy = policyWith({ deactivation: { allowed: true, cooldownSeconds: 3600, maxPerTerm: 1 } });
    const history = followedBy([issued({ policy }), on(noon, activatedEvent('a', 1))], remove);
    expect(licenseAfter(...history)).toMatchObject({ deactivationsInTerm: 0, lastDeactivatedAt: null });
  });
});
