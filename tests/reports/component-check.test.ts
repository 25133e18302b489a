import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/domain/license/devices/device-commands.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { ValidationScope } from '../../src/domain/license/validation/validation-view.ts';
import { command, device, event, followedBy, policyWith } from '../domain/license/commands.ts';
import { given, issued, licenseAfter, tomorrow } from '../domain/license/examples.ts';
import { answer } from '../domain/license/validation/validation-examples.ts';

type Check = NonNullable<PinnedPolicy['componentCheck']>;
type Matching = PinnedPolicy['fingerprintMatching'];
type Parts = Readonly<Record<string, string>>;

/** The names of components that are as recorded, and in capitals those that have another value. */
const parts = (letters: string): Parts =>
  Object.fromEntries([...letters].map((letter) => [letter.toLowerCase(), letter]));
const licensed = (recorded: Parts | undefined, policy: Partial<PinnedPolicy>) =>
  followedBy(
    [issued({ policy: policyWith(policy) })],
    command('Activate', device('a', recorded === undefined ? {} : { components: recorded })),
  );
const codeOf = (recorded: Parts | undefined, policy: Partial<PinnedPolicy>, scope: Partial<ValidationScope>) =>
  answer(licensed(recorded, policy), { fingerprint: 'hash-a', ...scope }).code;

describe('A validation with the right fingerprint', () => {
  test.each<readonly [Check, recorded: string, sent: string, code: string]>([
    ['NONE', 'abcd', 'ABCD', 'VALID'],
    ['ANY', 'abcd', 'aBCD', 'VALID'],
    ['ANY', 'abcd', 'ABCD', 'COMPONENTS_MISMATCH'],
    ['TWO', 'abcd', 'abCD', 'VALID'],
    ['TWO', 'abcd', 'aBCD', 'COMPONENTS_MISMATCH'],
    ['TWO', 'a', 'a', 'VALID'],
    ['TWO', 'a', 'A', 'COMPONENTS_MISMATCH'],
    ['MOST', 'abcd', 'abcD', 'VALID'],
    ['MOST', 'abcd', 'abCD', 'COMPONENTS_MISMATCH'],
    ['MOST', 'abc', 'abC', 'VALID'],
    ['MOST', 'abc', 'aBC', 'COMPONENTS_MISMATCH'],
    ['MOST', 'ab', 'aB', 'COMPONENTS_MISMATCH'],
    ['MOST', 'a', 'a', 'VALID'],
    ['ALL', 'abc', 'abc', 'VALID'],
    ['ALL', 'abc', 'abcxyz', 'VALID'],
    ['ALL', 'abc', 'abC', 'COMPONENTS_MISMATCH'],
    ['ALL', 'abc', 'ab', 'COMPONENTS_MISMATCH'],
    ['MOST', 'abc', 'a', 'COMPONENTS_MISMATCH'],
    ['ANY', 'abc', 'xyz', 'COMPONENTS_MISMATCH'],
  ])('under componentCheck %s, of a device with %s that sends %s, is %s', (componentCheck, recorded, sent, code) => {
    expect(codeOf(parts(recorded), { componentCheck }, { components: parts(sent) })).toBe(code);
  });

  test.each<readonly [string, Parts | undefined, Partial<PinnedPolicy>, Partial<ValidationScope>, string]>([
    ['without components is refused', parts('ab'), { componentCheck: 'ANY' }, {}, 'COMPONENTS_REQUIRED'],
    [
      'with an empty list is refused',
      parts('ab'),
      { componentCheck: 'ANY' },
      { components: {} },
      'COMPONENTS_REQUIRED',
    ],
    ['without components is valid without a check', parts('ab'), { componentCheck: 'NONE' }, {}, 'VALID'],
    ['is valid under a policy from before the check', parts('ab'), {}, { components: parts('AB') }, 'VALID'],
    ['of a device without components is valid', undefined, { componentCheck: 'ALL' }, {}, 'VALID'],
    [
      'of such a device is valid with components',
      undefined,
      { componentCheck: 'ALL' },
      { components: parts('a') },
      'VALID',
    ],
    [
      'is not replaced by the id of the activation alone',
      parts('ab'),
      { componentCheck: 'ANY' },
      { fingerprint: null, activationId: 'act_a' },
      'COMPONENTS_REQUIRED',
    ],
    [
      'and the id of the activation compares the components',
      parts('ab'),
      { componentCheck: 'ALL' },
      { activationId: 'act_a', components: parts('ab') },
      'VALID',
    ],
  ])('%s', (_, recorded, policy, scope, code) => {
    expect(codeOf(recorded, policy, scope)).toBe(code);
  });

  test('needs no components when it names no device', () => {
    expect(answer(licensed(parts('ab'), { componentCheck: 'ALL' })).code).toBe('VALID');
  });
});

describe('A wrong fingerprint is no way around the check', () => {
  test.each<readonly [Matching, Check, sent: string, code: string]>([
    ['ANY', 'NONE', 'aBC', 'VALID'],
    ['ANY', 'MOST', 'aBC', 'NOT_ACTIVATED'],
    ['ANY', 'MOST', 'abC', 'VALID'],
    ['MOST', 'ALL', 'abC', 'NOT_ACTIVATED'],
    ['ALL', 'ANY', 'abC', 'NOT_ACTIVATED'],
    ['EXACT', 'ANY', 'abc', 'NOT_ACTIVATED'],
    ['MOST', 'NONE', 'aBC', 'NOT_ACTIVATED'],
    ['MOST', 'NONE', 'abC', 'VALID'],
  ])('found by %s and checked by %s, with %s it is %s', (fingerprintMatching, componentCheck, sent, code) => {
    const policy = { fingerprintMatching, componentCheck };
    expect(codeOf(parts('abc'), policy, { fingerprint: 'hash-z', components: parts(sent) })).toBe(code);
  });

  test('under MOST, half of the components do not find a device', () => {
    const scope = { fingerprint: 'hash-z', components: parts('abCD') };
    expect(codeOf(parts('abcd'), { fingerprintMatching: 'MOST' }, scope)).toBe('NOT_ACTIVATED');
  });
});

describe('Activating a new device under a check', () => {
  const bare = [issued({ policy: policyWith({ componentCheck: 'ALL' }) })];
  const silent = device('z', { byKey: true });

  test.each<readonly [string, Device]>([
    ['without components', silent],
    ['with an empty list', { ...silent, components: {} }],
  ])('with the key and %s is refused, because another device could name the first ones', (_, sent) => {
    given(...bare)
      .when(command('Activate', sent))
      .thenRejected('COMPONENTS_REQUIRED');
  });

  test('with the key and no components is refused by a swap, too', () => {
    const swap = { release: { fingerprintHash: 'hash-a' }, activate: device('z'), byKey: true };
    given(...licensed(parts('ab'), { componentCheck: 'ALL' }))
      .when(command('SwapActivation', swap))
      .thenRejected('COMPONENTS_REQUIRED');
  });

  test('needs no components from an organization, and none without a check', () => {
    for (const [policy, byKey] of [
      ['ALL', false],
      ['NONE', true],
    ] as const) {
      const history = [issued({ policy: policyWith({ componentCheck: policy }) })];
      expect(followedBy(history, command('Activate', { ...silent, byKey }))).toHaveLength(2);
    }
  });

  test('leaves a device that was activated before without components as it is', () => {
    given(...licensed(undefined, { componentCheck: 'ALL' }))
      .when(command('Activate', device('a', { byKey: true }), tomorrow))
      .thenNothing();
  });
});

describe('Activating a known device under a check', () => {
  const again = (changes: Partial<Device>) =>
    command('Activate', device('a', { activationId: 'act_z', ...changes }), tomorrow);
  const most = licensed(parts('abc'), { componentCheck: 'MOST' });

  test.each<readonly [string, Partial<Device>, string | Parts | null]>([
    ['with the key and most components records the others', { byKey: true, components: parts('abC') }, parts('abC')],
    ['with the key and other components is refused', { byKey: true, components: parts('aBC') }, 'COMPONENTS_MISMATCH'],
    ['with the key and no components is refused', { byKey: true, appVersion: '9.0.0' }, 'COMPONENTS_REQUIRED'],
    ['with the key and the same components changes nothing', { byKey: true, components: parts('abc') }, null],
    ['by an organization records any components', { byKey: false, components: parts('ABC') }, parts('ABC')],
  ])('%s', (_, changes, outcome) => {
    const scenario = given(...most).when(again(changes));
    if (outcome === null) scenario.thenNothing();
    else if (outcome === 'COMPONENTS_MISMATCH' || outcome === 'COMPONENTS_REQUIRED') scenario.thenRejected(outcome);
    else scenario.thenEvents(event('ActivationUpdated', { activationId: 'act_a', components: outcome as Parts }));
  });

  test.each<readonly [string, Check, recorded: string, sent: string, Parts | null]>([
    ['fewer components keeps the others', 'MOST', 'abcde', 'abc', null],
    ['fewer and one other component keeps the rest', 'MOST', 'abcde', 'abcD', parts('abcDe')],
    ['more components records these, too', 'ALL', 'ab', 'abc', parts('abc')],
    ['one of many components without a check keeps the others', 'NONE', 'abc', 'A', parts('Abc')],
  ])('with the key and %s', (_, componentCheck, recorded, sent, components) => {
    const scenario = given(...licensed(parts(recorded), { componentCheck })).when(
      again({ byKey: true, components: parts(sent) }),
    );
    if (components === null) scenario.thenNothing();
    else scenario.thenEvents(event('ActivationUpdated', { activationId: 'act_a', components }));
  });

  test('with the key and ever other names records no more components than a request can name', () => {
    const named = (letter: string) => Object.fromEntries([...Array(20).keys()].map((n) => [`${letter}${n}`, 'x']));
    const history = followedBy(licensed(named('a'), {}), again({ byKey: true, components: named('b') }));
    const { components = {} } = licenseAfter(...history).activations.get('act_a') ?? {};
    expect(Object.keys(components)).toHaveLength(32);
    expect(components).toMatchObject(named('a'));
  });

  test('step by step does not exchange all components in a day', () => {
    const once = followedBy(most, again({ byKey: true, components: parts('abC') }));
    const next = again({ byKey: true, components: parts('aBC') });
    given(...once)
      .when(next)
      .thenNothing();
    const third = again({ byKey: true, components: parts('ABC') });
    given(...followedBy(once, next))
      .when(third)
      .thenRejected('COMPONENTS_MISMATCH');
  });

  test('without recorded components records the first ones, which bind it from then on', () => {
    const bare = licensed(undefined, { componentCheck: 'ALL' });
    const bound = followedBy(bare, again({ byKey: true, components: parts('ab') }));
    expect(answer(bound, { fingerprint: 'hash-a', components: parts('aB') }).code).toBe('COMPONENTS_MISMATCH');
    given(...bound)
      .when(again({ byKey: true, components: parts('aB') }))
      .thenRejected('COMPONENTS_MISMATCH');
  });

  test('is refused by a swap for itself, too', () => {
    const swap = { release: { fingerprintHash: 'hash-a' }, activate: device('a', { components: parts('ABC') }) };
    given(...most)
      .when(command('SwapActivation', { ...swap, byKey: true }))
      .thenRejected('COMPONENTS_MISMATCH');
  });

  test('is not needed for a swap by the organization, which may not know the components', () => {
    const swap = { release: { fingerprintHash: 'hash-a' }, activate: device('b') };
    given(...most)
      .when(command('SwapActivation', { ...swap, byKey: true }))
      .thenRejected('COMPONENTS_REQUIRED');
    expect(followedBy(most, command('SwapActivation', swap)).at(-1)?.event.type).toBe('ActivationRecorded');
  });

  test('a changed device can still be released and swapped, within the limits of releases', () => {
    const changed = { fingerprintHash: 'hash-a', components: parts('ABC') };
    given(...most)
      .when(command('Deactivate', { device: changed, by: 'USER', byKey: true }))
      .thenEvents(event('ActivationDeactivated', { activationId: 'act_a', cause: 'USER', countAfter: 0 }));
  });
});
