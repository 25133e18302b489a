import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { Ends } from '../../src/domain/license/endings/ending-events.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { ValidationCode } from '../../src/domain/license/validation/validation-codes.ts';
import type { ValidationScope } from '../../src/domain/license/validation/validation-view.ts';
import { command, event, followedBy, policyWith, typesOf } from '../domain/license/commands.ts';
import { activate, activatedEvent, given, issued, licenseAfter, noon, on } from '../domain/license/examples.ts';
import { answer, seats } from '../domain/license/validation/validation-examples.ts';

type Bound = { readonly userRef?: string; readonly environment?: string };

const many = { ...seats, activations: 5, seats: 5, users: 2 };
const lease = { scope: 'INSTANCE', ttlSeconds: 360, resurrectSeconds: 0, borrowMaxSeconds: 3600 } as const;
const license = (policy: Partial<PinnedPolicy> = {}) => [issued({ policy: policyWith(policy), limits: many })];
const assign = (userRef: string) => command('AssignUser', { userRef });
const unassign = (userRef: string) => command('UnassignUser', { userRef, cause: 'ADMIN' });
const activateFor = (name: string, bound: Bound) => {
  const { activationId, fingerprintHash, product, nameRef, platform, appVersion } = activatedEvent(name, 1).data;
  return command('Activate', { activationId, fingerprintHash, product, nameRef, platform, appVersion, ...bound });
};
const seatOf = (holder: string, userRef: string | null, borrowSeconds: number | null = null) =>
  command('AcquireLease', {
    leaseId: `lea_${holder}`,
    holderHash: holder,
    product: null,
    userRef,
    borrowSeconds,
    dead: [],
  });

describe('an activation', () => {
  test.each<readonly [string, Partial<PinnedPolicy>, Bound, 'ENVIRONMENT_MISMATCH' | 'USER_NOT_ASSIGNED' | null]>([
    ['for another environment is refused', { environment: 'live' }, { environment: 'test' }, 'ENVIRONMENT_MISMATCH'],
    ['for the environment is accepted', { environment: 'live' }, { environment: 'live' }, null],
    ['for any environment is accepted when the policy names none', {}, { environment: 'test' }, null],
    ['for no environment is accepted', { environment: 'live' }, {}, null],
    ['for an assigned user is accepted', {}, { userRef: 'usr_a' }, null],
    ['for another user is refused', {}, { userRef: 'usr_b' }, 'USER_NOT_ASSIGNED'],
  ])('%s', (_, policy, bound, refusal) => {
    const history = followedBy(license(policy), assign('usr_a'));
    const scenario = given(...history).when(activateFor('a', bound));
    if (refusal !== null) scenario.thenRejected(refusal);
    else scenario.thenEvents(event('ActivationRecorded', { ...activatedEvent('a', 1).data, limit: 5, ...bound }));
  });
});

describe('a validation of a device that was activated', () => {
  const bound = { userRef: 'usr_a', environment: 'live' };
  const device = { fingerprint: 'hash-a' };

  test.each<readonly [string, Bound, Partial<ValidationScope>, ValidationCode]>([
    ['for an environment is valid in it', bound, { ...device, environment: 'live' }, 'VALID'],
    ['for an environment is refused in another', bound, { ...device, environment: 'test' }, 'ENVIRONMENT_MISMATCH'],
    ['for an environment is valid when none is named', bound, device, 'VALID'],
    ['for a user is valid for the user', bound, { ...device, user: 'usr_a' }, 'VALID'],
    ['for a user is refused for another', bound, { ...device, user: 'usr_b' }, 'USER_NOT_ASSIGNED'],
    ['for a user is refused by its id, too', bound, { activationId: 'act_a', user: 'usr_b' }, 'USER_NOT_ASSIGNED'],
    ['for nobody is valid for every assigned user', {}, { ...device, user: 'usr_b' }, 'VALID'],
    ['for no environment is valid in every one', {}, { ...device, environment: 'test' }, 'VALID'],
  ])('%s', (_, activated, scope, code) => {
    const history = followedBy(license(), assign('usr_a'), assign('usr_b'), activateFor('a', activated));
    expect(answer(history, scope).code).toBe(code);
  });
});

describe('a seat that was taken for a user', () => {
  const users = [assign('usr_a'), assign('usr_b')] as const;
  const taken = (userRef: string | null, borrowSeconds: number | null = null) =>
    followedBy(license({ lease }), ...users, seatOf('h1', userRef, borrowSeconds));
  const again = (userRef: string | null) => {
    const { data, ...rest } = seatOf('h1', userRef) as Extract<LicenseCommand, { type: 'AcquireLease' }>;
    return { ...rest, data: { ...data, leaseId: 'lea_2' } };
  };

  test.each<readonly [string, string | null, string, ValidationCode]>([
    ['is valid for the user', 'usr_a', 'usr_a', 'VALID'],
    ['is refused for another user', 'usr_a', 'usr_b', 'USER_NOT_ASSIGNED'],
    ['for nobody is valid for every assigned user', null, 'usr_b', 'VALID'],
  ])('%s', (_, userRef, user, code) => {
    expect(answer(taken(userRef), { lease: 'h1', user }).code).toBe(code);
  });

  test('stays with its holder when the user or nobody takes it again', () => {
    for (const userRef of ['usr_a', null])
      given(...taken('usr_a'))
        .when(again(userRef))
        .thenNothing();
  });

  test('is handed over when another user takes it, also when no other seat is free', () => {
    const single = [issued({ policy: policyWith({ lease }), limits: { ...many, seats: 1 } })];
    const after = followedBy(single, ...users, seatOf('h1', 'usr_a'), again('usr_b'));
    expect(typesOf(after).slice(-2)).toEqual(['LeaseReleased', 'LeaseAcquired']);
    expect([...licenseAfter(...after).leases.values()].map(({ leaseId, userRef }) => [leaseId, userRef])).toEqual([
      ['lea_2', 'usr_b'],
    ]);
    expect(answer(after, { lease: 'h1', user: 'usr_b' }).code).toBe('VALID');
    expect(answer(after, { lease: 'h1', user: 'usr_a' }).code).toBe('USER_NOT_ASSIGNED');
  });

  test('is handed over with its borrow, which may still work', () => {
    const after = followedBy(taken('usr_a', 3600), again('usr_b'));
    expect([...licenseAfter(...after).leases.values()]).toMatchObject([
      { userRef: 'usr_b', borrow: true, expiresAt: '2026-06-01T13:00:00.000Z' },
    ]);
  });
});

describe('a limit that evicts the oldest user', () => {
  const evicting = (policy: Partial<PinnedPolicy>) =>
    followedBy(
      license({ lease, limitStrategy: 'EVICT_OLDEST', ...policy }),
      assign('usr_a'),
      assign('usr_b'),
      ...(['usr_a', 'usr_b'] as const).map((userRef) => seatOf(`h-${userRef}`, userRef)),
      ...(['usr_a', 'usr_b'] as const).map((userRef) => activateFor(userRef, { userRef })),
      command('ChangeLimits', { limits: { ...many, users: 1 } }),
    );

  test('ends the seats of this user and no others, and keeps the devices', () => {
    const { users, leases, activations, facts } = licenseAfter(...evicting({}));
    expect([[...users.keys()], [...leases.keys()], activations.size]).toEqual([['usr_b'], ['lea_h-usr_b'], 2]);
    expect(facts.usage).toMatchObject({ users: 1, seats: 1, activations: 2 });
  });

  test('ends the devices of this user, too, where the policy says so', () => {
    const { activations, facts } = licenseAfter(...evicting({ deactivateOnUnassign: true }));
    expect([[...activations.keys()], facts.usage.activations]).toEqual([['act_usr_b'], 1]);
  });
});

describe('unassigning a user', () => {
  const users = [assign('usr_a'), assign('usr_b')] as const;
  const instances = { lease };
  const unassigned = (ends: object = {}, countAfter = 1) =>
    event('UserUnassigned', { userRef: 'usr_a', cause: 'ADMIN', countAfter, ...ends });
  const ending = (named: Ends['named'], usage: Partial<Ends['usageAfter']>, others: Partial<Ends> = {}) => {
    const [activations, leases] = [named?.activations.length ?? 0, named?.leases.length ?? 0];
    const usageAfter = { activations: 0, seats: 0, users: 1, ...usage };
    return { ends: { which: 'NAMED', activations, leases, users: 0, named, usageAfter, ...others } };
  };
  const released = (holder: string, inUseAfter: number, seatFreeAt: string | null = null) =>
    event('LeaseReleased', { leaseId: `lea_${holder}`, cause: 'USER_UNASSIGNED', inUseAfter, seatFreeAt });

  test('ends every seat of the user, and no seat of others', () => {
    const taken = [seatOf('h1', 'usr_a'), seatOf('h2', 'usr_b'), seatOf('h3', 'usr_a'), seatOf('h4', null)] as const;
    const history = followedBy(license(instances), ...users, ...taken);
    given(...history)
      .when(unassign('usr_a'))
      .thenEvents(
        unassigned(ending({ activations: [], leases: ['lea_h1', 'lea_h3'] }, { seats: 2 })),
        released('h1', 2),
        released('h3', 2),
      );
    expect([...licenseAfter(...followedBy(history, unassign('usr_a'))).leases.keys()]).toEqual(['lea_h2', 'lea_h4']);
  });

  test('returns a borrowed seat when the borrow ends, because the borrowed license works until then', () => {
    const history = followedBy(license(instances), ...users, seatOf('h1', 'usr_a', 3600));
    given(...history)
      .when(unassign('usr_a'))
      .thenEvents(
        unassigned(
          ending(
            { activations: [], leases: ['lea_h1'] },
            { seats: 1 },
            { keepsBorrowed: true, seatsFreeAt: { lea_h1: '2026-06-01T13:00:00.000Z' } },
          ),
        ),
        released('h1', 1, '2026-06-01T13:00:00.000Z'),
      );
  });

  test.each([true, false])('ends the devices of the user only where the policy says so: %s', (ends) => {
    const policy = { ...instances, ...(ends ? { deactivateOnUnassign: true } : {}) };
    const devices = [activateFor('a', { userRef: 'usr_a' }), activateFor('b', { userRef: 'usr_b' }), activate('c')];
    const history = followedBy(license(policy), ...users, ...devices);
    const ended = event('ActivationDeactivated', { activationId: 'act_a', cause: 'USER_UNASSIGNED', countAfter: 2 });
    const hers = ending({ activations: ['act_a'], leases: [] }, { activations: 2 });
    given(...history)
      .when(unassign('usr_a'))
      .thenEvents(unassigned(ends ? hers : {}), ...(ends ? [ended] : []));
    const { deactivationsInTerm } = licenseAfter(...followedBy(history, unassign('usr_a')));
    expect(deactivationsInTerm).toBe(0);
  });

  test('ends the seat of a machine once, with the seats of the user', () => {
    const policy = { deactivateOnUnassign: true };
    const history = followedBy(
      license(policy),
      ...users,
      activateFor('a', { userRef: 'usr_a' }),
      seatOf('hash-a', 'usr_a'),
    );
    given(...history)
      .when(unassign('usr_a'))
      .thenEvents(
        unassigned(ending({ activations: ['act_a'], leases: ['lea_hash-a'] }, {})),
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'USER_UNASSIGNED', countAfter: 0 }),
        released('hash-a', 0),
      );
  });

  test('again changes nothing, and ends the seats that an earlier release left', () => {
    const history = followedBy(license(instances), ...users, seatOf('h1', 'usr_a'));
    given(...followedBy(history, unassign('usr_a')))
      .when(unassign('usr_a'))
      .thenEvents();
    const left = [...history, on(noon, unassigned())];
    given(...left)
      .when(unassign('usr_a'))
      .thenEvents(unassigned(ending({ activations: [], leases: ['lea_h1'] }, {})), released('h1', 0));
  });
});
