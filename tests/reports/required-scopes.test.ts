import { describe, expect, test } from 'vitest';
import type { PolicyVersion } from '../../src/domain/catalog/events.ts';
import { contentAfter, contentOfTier, type PolicyChange } from '../../src/domain/catalog/policy-changes.ts';
import type { LicenseRejection } from '../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { ValidationCode } from '../../src/domain/license/validation/validation-codes.ts';
import type { ValidationScope } from '../../src/domain/license/validation/validation-view.ts';
import { command, device, followedBy, policyWith, to } from '../domain/license/commands.ts';
import { given } from '../domain/license/examples.ts';
import { answer, assign, of, seats } from '../domain/license/validation/validation-examples.ts';

const live = { environment: 'live', environmentRequired: true };
const recent = { versions: { from: '2.0', below: null }, versionRequired: true };
const version = (number: string, releasedAt: string | null = null) => ({ version: { number, releasedAt } });
const released = '2026-03-01T00:00:00.000Z';

describe('a restriction cannot be evaded by silence', () => {
  test.each<readonly [string, Partial<PinnedPolicy>, Partial<ValidationScope>, readonly ValidationCode[]]>([
    ['without a version', recent, {}, ['VERSION_SCOPE_REQUIRED']],
    ['with a covered version', recent, version('2.0'), []],
    ['with another version', recent, version('1.9'), ['VERSION_NOT_ENTITLED']],
    ['without an environment', live, {}, ['ENVIRONMENT_SCOPE_REQUIRED']],
    ['with the environment', live, { environment: 'live' }, []],
    ['with another environment', live, { environment: 'test' }, ['ENVIRONMENT_MISMATCH']],
    ['without a user', { userRequired: true }, {}, ['USER_SCOPE_REQUIRED']],
    ['with an assigned user', { userRequired: true }, { user: 'usr_a' }, []],
    ['without the version that was released', { releasedAtRequired: true }, {}, ['VERSION_SCOPE_REQUIRED']],
    ['without the release of the version', { releasedAtRequired: true }, version('2.0'), ['VERSION_SCOPE_REQUIRED']],
    ['with the release of the version', { releasedAtRequired: true }, version('2.0', released), []],
    [
      'without the release of a version that is not covered',
      { ...recent, releasedAtRequired: true },
      version('1.9'),
      ['VERSION_SCOPE_REQUIRED', 'VERSION_NOT_ENTITLED'],
    ],
    [
      'without anything that the policy requires',
      { ...live, ...recent, productRequired: true, userRequired: true },
      {},
      ['ENVIRONMENT_SCOPE_REQUIRED', 'PRODUCT_SCOPE_REQUIRED', 'VERSION_SCOPE_REQUIRED', 'USER_SCOPE_REQUIRED'],
    ],
  ])('a validation %s', (_, policy, scope, reasons) => {
    const said = answer(followedBy(of(policy, seats), assign), scope);
    expect(said.reasons).toEqual(reasons);
    expect(said).toMatchObject({ valid: reasons.length === 0, code: reasons[0] ?? 'VALID' });
  });

  test('a license with a policy from before these rules is valid in silence, as before', () => {
    const { environmentRequired: _one, ...anyEnvironment } = live;
    const { versionRequired: _other, ...anyVersion } = recent;
    const policy = { ...anyEnvironment, ...anyVersion, expiryStrategy: 'MAINTAIN' } as const;
    expect(answer(of(policy, seats)).code).toBe('VALID');
  });
});

describe('an activation and a seat name what the policy requires', () => {
  const seat = { leaseId: 'l1', holderHash: 'm1', product: null, userRef: null, borrowSeconds: null, dead: [] };
  type Named = { readonly environment?: string; readonly userRef?: string };
  const placeOf = (refusal: LicenseRejection): readonly string[] => {
    if (refusal === 'ENVIRONMENT_SCOPE_REQUIRED') return ['environment'];
    return refusal === 'USER_SCOPE_REQUIRED' ? ['user'] : [];
  };

  test.each<readonly [string, Partial<PinnedPolicy>, Named, LicenseRejection | null]>([
    ['without an environment is refused', live, {}, 'ENVIRONMENT_SCOPE_REQUIRED'],
    ['with the environment is accepted', live, { environment: 'live' }, null],
    ['with another environment is refused', live, { environment: 'test' }, 'ENVIRONMENT_MISMATCH'],
    ['without a user is refused', { userRequired: true }, {}, 'USER_SCOPE_REQUIRED'],
    ['with an assigned user is accepted', { userRequired: true }, { userRef: 'usr_a' }, null],
    ['with another user is refused', { userRequired: true }, { userRef: 'usr_b' }, 'USER_NOT_ASSIGNED'],
    ['in silence is accepted by a policy from before these rules', { environment: 'live' }, {}, null],
  ])('%s', (_, policy, named, refusal) => {
    const history = followedBy(of(policy, seats), assign);
    for (const use of [command('Activate', device('a', named)), command('AcquireLease', { ...seat, ...named })]) {
      if (refusal === null) expect(followedBy(history, use).length).toBe(history.length + 1);
      else
        given(...history)
          .when(use)
          .thenRejected(refusal, ...placeOf(refusal));
    }
  });

  test('and a known device that is activated again names it, too', () => {
    const before = followedBy(of({}, seats), assign, command('Activate', device('a')));
    const moved = followedBy(
      before,
      command('ChangePolicy', { target: to(policyWith({ userRequired: true, version: 2 })) }),
    );
    given(...moved)
      .when(command('Activate', device('a')))
      .thenRejected('USER_SCOPE_REQUIRED');
  });
});

type Requirements = Pick<
  PinnedPolicy,
  'versionRequired' | 'environmentRequired' | 'userRequired' | 'releasedAtRequired'
>;
const requirementsIn = ({ versionRequired, environmentRequired, userRequired, releasedAtRequired }: Requirements) =>
  Object.entries({ versionRequired, environmentRequired, userRequired, releasedAtRequired }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );

describe('a new policy', () => {
  test.each<readonly [string, PolicyChange, Requirements]>([
    ['that restricts nothing requires nothing', {}, {}],
    ['for some versions requires the version', { versions: { below: '3.0' } }, { versionRequired: true }],
    ['for one environment requires the environment', { environment: 'live' }, { environmentRequired: true }],
    ['for named users requires the user', { limits: { users: 5 } }, { userRequired: true }],
    ['without named users requires no user', { limits: { users: 0 } }, {}],
    [
      'that covers releases until its end requires the release date',
      { expiryStrategy: 'MAINTAIN' },
      { releasedAtRequired: true },
    ],
    ['that says false requires nothing', { environment: 'live', environmentRequired: false }, {}],
    ['that says true requires it without a restriction', { versionRequired: true }, { versionRequired: true }],
    ['whose bounds are both null requires no version', { versions: { from: null, below: null } }, {}],
  ])('%s', (_, change, requirements) =>
    expect(requirementsIn(contentOfTier('PRO', 'Team', change).rules)).toEqual(Object.entries(requirements)),
  );
});

describe('the next version of a policy', () => {
  const before: PolicyVersion = {
    name: 'Team',
    policy: { ...builtInPolicy('PRO', 'pol_1'), environment: 'live' },
    products: ['local_cli'],
    term: { basis: 'PERPETUAL' },
    limits: { activations: 5, seats: 0, users: 0, meters: {} },
    entitlements: [],
  };
  const required: PolicyVersion = { ...before, policy: { ...before.policy, environmentRequired: true } };

  test.each<readonly [string, PolicyVersion, PolicyChange, Requirements]>([
    ['requires nothing new when it restricts as before', before, { name: 'Crew' }, {}],
    ['requires nothing new when it moves a restriction', before, { environment: 'test' }, {}],
    ['requires what it starts to restrict', before, { versions: { from: '2' } }, { versionRequired: true }],
    ['keeps what the policy requires', required, { environment: 'test' }, { environmentRequired: true }],
    ['drops a requirement with its restriction', required, { environment: null }, {}],
    ['drops a requirement when it says so', required, { environmentRequired: false }, {}],
  ])('%s', (_, last, change, requirements) =>
    expect(requirementsIn(contentAfter(last, change).rules)).toEqual(Object.entries(requirements)),
  );
});
