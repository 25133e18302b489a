import { describe, expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { Overrides } from '../../src/domain/license/overrides/overrides.ts';
import { settle } from '../../src/domain/license/settle.ts';
import type { Target } from '../../src/domain/license/tiers/tier-events.ts';
import { moreOf, readMore } from '../../src/projections/tables/license-more.ts';
import { command, enterprise, followedBy, free, policyWith, to, trial, typesOf } from '../domain/license/commands.ts';
import {
  activate,
  issued,
  issuedEvent,
  licenseAfter,
  noon,
  on,
  tomorrow,
  twoDevices,
} from '../domain/license/examples.ts';

// The license is PRO with two devices and the products local_cli and cloud_ide, by its policy. ENTERPRISE has 100
// devices and the three products.

const limit = (activations: number) => ({ ...twoDevices, activations });
const three = ['local_cli', 'cloud_ide', 'workflow_app'];
const big = (more: Partial<Target> = {}) => to(enterprise, { limits: limit(100), products: three, ...more });
const small = (more: Partial<Target> = {}) => to(free, { limits: limit(1), products: ['local_cli'], ...more });
const move = (target: Target, at = noon) => command('ChangeTier', { target }, at);
const reset = { resetsOverrides: true } as const;
const sellDevices = (activations: number) =>
  command('ChangeLimits', { limits: limit(activations), overrides: { activations } });
const sellMeter = command('ChangeLimits', {
  limits: { ...twoDevices, meters: { builds: 9 } },
  overrides: { meters: { builds: 9 } },
});
const add = (product: string) => command('AddProduct', { product });
const remove = (product: string) => command('RemoveProduct', { product });
const soldWith = (overrides: Overrides) => [issued({ limits: limit(30), overrides })];
const plain = [issued()];

const limitRows: readonly (readonly [
  complaint: string,
  history: Parameters<typeof followedBy>[0],
  commands: readonly LicenseCommand[],
  activations: number,
])[] = [
  [
    '25 devices sold with the license stay after an upgrade',
    soldWith({ limits: { activations: 30 } }),
    [move(big())],
    30,
  ],
  [
    '25 devices sold with the license stay after a downgrade',
    soldWith({ limits: { activations: 30 } }),
    [move(small())],
    30,
  ],
  ['Devices sold later stay after a downgrade', plain, [sellDevices(30), move(small())], 30],
  ['Devices that were sold stay after two changes', plain, [sellDevices(30), move(small()), move(big(), tomorrow)], 30],
  ['The last number that was sold counts', plain, [sellDevices(30), sellDevices(12), move(small())], 12],
  ['A number that a limit has already can be sold', plain, [sellDevices(2), move(big())], 2],
  ['A limit that nobody sold follows the policy', plain, [sellMeter, move(big())], 100],
  ['RESET gives the limit of the new policy', plain, [sellDevices(30), move(small(reset))], 1],
  ['A change after RESET follows the policy', plain, [sellDevices(30), move(small(reset)), move(big(), tomorrow)], 100],
  [
    'A limit that the change names wins over the one that was sold',
    plain,
    [
      sellDevices(30),
      move(small({ limits: limit(7), overrides: { limits: { activations: 7 } } })),
      move(big(), tomorrow),
    ],
    7,
  ],
  ['A license from an earlier build follows the policy', [issued({ limits: limit(30) })], [move(small())], 1],
];

describe('Limits that were sold in addition to the policy', () => {
  test.each(limitRows)('%s', (_, history, commands, activations) =>
    expect(licenseAfter(...followedBy(history, ...commands)).facts.limits.activations).toBe(activations),
  );
  test('A meter that was sold stays, and a meter that was taken away does not come back', () => {
    const metered = to(enterprise, { limits: { ...limit(100), meters: { api: 5, builds: 1 } } });
    const without = command('ChangeLimits', {
      limits: { ...twoDevices, meters: { builds: 9 } },
      overrides: { meters: { api: null } },
    });
    const license = licenseAfter(...followedBy(plain, sellMeter, without, move(metered)));
    expect(license.facts.limits.meters).toEqual({ builds: 9 });
    expect(license.facts.overrides).toEqual({ limits: { meters: { api: null, builds: 9 } } });
  });
  test('Use above the new policy stays valid when the devices were sold', () => {
    const evicting = small({ policy: { ...free, limitStrategy: 'EVICT_OLDEST' } });
    const history = followedBy(plain, sellDevices(3), activate('a'), activate('b'), activate('c'), move(evicting));
    expect(licenseAfter(...history).activations.size).toBe(3);
  });
});

const productRows: readonly (readonly [string, readonly LicenseCommand[], readonly string[]])[] = [
  ['A product that was sold later stays after a downgrade', [add('web'), move(small())], ['local_cli', 'web']],
  ['A product of the old policy goes', [move(small())], ['local_cli']],
  ['A product that was removed does not come back', [remove('cloud_ide'), move(big())], ['local_cli', 'workflow_app']],
  ['A product that was sold and removed again is gone', [add('web'), remove('web'), move(small())], ['local_cli']],
  [
    'A product that was sold and removed again comes with a policy that has it',
    [add('workflow_app'), remove('workflow_app'), move(big())],
    three,
  ],
  [
    'A product that was sold stays when a policy that has it is left',
    [add('workflow_app'), move(big()), move(small(), tomorrow)],
    ['local_cli', 'workflow_app'],
  ],
  [
    'A removed product that was added again stays',
    [remove('cloud_ide'), add('cloud_ide'), move(small())],
    ['local_cli', 'cloud_ide'],
  ],
  ['RESET leaves the products of the policy', [add('web'), move(small(reset))], ['local_cli']],
  ['RESET gives a removed product of the policy back', [remove('cloud_ide'), move(big(reset))], three],
  [
    'Products that the change names are all that the license has',
    [
      add('web'),
      move(
        small({ products: ['cloud_ide'], overrides: { products: { added: ['cloud_ide'], removed: ['local_cli'] } } }),
      ),
    ],
    ['cloud_ide'],
  ],
  [
    'RESET under a policy without products leaves those that nobody sold on top',
    [add('web'), remove('local_cli'), move(to(enterprise, reset))],
    ['cloud_ide', 'local_cli'],
  ],
  ['A policy without products changes none', [add('web'), move(to(enterprise))], ['local_cli', 'cloud_ide', 'web']],
];

describe('Products that were sold in addition to the policy', () => {
  test.each(productRows)('%s', (_, commands, products) =>
    expect([...licenseAfter(...followedBy(plain, ...commands)).facts.products].sort()).toEqual([...products].sort()),
  );
});

describe('What a change drops', () => {
  const grant = { code: 'sso', value: null, limit: null, until: null, source: 'grant' } as const;
  const sold = followedBy(plain, sellDevices(30), add('web'), remove('cloud_ide'), command('GrantEntitlement', grant));
  test('A change keeps entitlements that were granted, and its event drops nothing', () => {
    const history = followedBy(sold, move(small()));
    expect(licenseAfter(...history).facts.entitlements).toEqual([grant]);
    const { event } = history.find(({ event: { type } }) => type === 'LicenseTierChanged') ?? {};
    expect(event?.data).not.toHaveProperty('dropped');
    expect(event?.data).not.toHaveProperty('overrides');
  });
  test('RESET drops every limit, product and entitlement, and its event names them', () => {
    const history = followedBy(sold, move(small(reset)));
    const license = licenseAfter(...history);
    expect([license.facts.entitlements, license.facts.overrides]).toEqual([[], null]);
    expect(history.map(({ event }) => event)).toContainEqual(
      expect.objectContaining({
        type: 'LicenseTierChanged',
        data: expect.objectContaining({
          overrides: {},
          dropped: {
            limits: { activations: 30 },
            products: { added: ['web'], removed: ['cloud_ide'] },
            entitlements: ['sso'],
          },
        }),
      }),
    );
  });
  test('RESET to the policy of today drops them too, and repeating it changes nothing', () => {
    const today = to(policyWith({}), { limits: twoDevices, products: ['local_cli', 'cloud_ide'], ...reset });
    const history = followedBy(sold, command('ChangePolicy', { target: today }));
    const { facts } = licenseAfter(...history);
    expect([facts.limits, facts.products, facts.overrides]).toEqual([twoDevices, ['local_cli', 'cloud_ide'], null]);
    expect(followedBy(history, command('ChangePolicy', { target: today }, tomorrow))).toHaveLength(history.length);
  });
});

describe('Changes that take effect later', () => {
  const scheduled = { effectiveAt: tomorrow };
  test('What is sold between the announcement and its instant stays', () => {
    const announced = command('ChangeTier', { target: small(), scheduled });
    const history = followedBy(plain, announced, sellDevices(30), add('web'));
    for (const license of [
      licenseAfter(...followedBy(history, activate('a', '2026-06-03T00:00:00.000Z'))),
      settle(licenseAfter(...history), tomorrow).license,
    ])
      expect([license.facts.limits.activations, license.facts.products]).toEqual([30, ['local_cli', 'web']]);
  });
  test('An announced RESET drops what the license has at its instant', () => {
    const history = followedBy(plain, sellDevices(30), command('ChangeTier', { target: small(reset), scheduled }));
    expect(licenseAfter(...history).facts.limits.activations).toBe(30);
    expect(settle(licenseAfter(...history), tomorrow).license.facts.limits.activations).toBe(1);
    expect(typesOf(history).at(-1)).toBe('TierChangeScheduled');
  });
  test('Announcing the same change with RESET replaces the announcement', () => {
    const keep = command('ChangeTier', { target: small(), scheduled });
    const history = followedBy(plain, keep, command('ChangeTier', { target: small(reset), scheduled }));
    expect(typesOf(history).slice(-2)).toEqual(['TierChangeScheduled', 'ScheduledChangeCancelled']);
    expect(followedBy(history, command('ChangeTier', { target: small(reset), scheduled }))).toHaveLength(
      history.length,
    );
  });
});

describe('Trials', () => {
  const afterTrial = small();
  const began = on(
    '2026-01-01T00:00:00.000Z',
    issuedEvent({ policy: trial, afterTrial, limits: limit(30), overrides: { limits: { activations: 30 } } }),
  );
  const convert = (more: Partial<Target>) =>
    command('ConvertTrial', { target: big(more), term: { kind: 'perpetual' }, billingRef: null });
  test.each([
    ['keeps a limit that was sold in addition to the trial', {}, 30],
    ['drops it with RESET', reset, 100],
  ])('A conversion %s', (_, more, activations) =>
    expect(licenseAfter(...followedBy([began], convert(more))).facts.limits.activations).toBe(activations),
  );
  test('The end of a trial keeps a product that was sold on top', () => {
    const { facts } = settle(licenseAfter(...followedBy([began], add('web'))), '2027-01-01T00:00:00.000Z').license;
    expect([facts.policy.tier, facts.limits.activations, facts.products]).toEqual(['FREE', 30, ['local_cli', 'web']]);
  });
});

test('The row of a license has the same overrides as its stream', () => {
  const { facts } = licenseAfter(...followedBy(plain, sellDevices(30), add('web')));
  expect(facts.overrides).toEqual({ limits: { activations: 30 }, products: { added: ['web'], removed: [] } });
  expect(readMore(JSON.stringify(moreOf(facts))).overrides).toEqual(facts.overrides);
  expect(readMore(JSON.stringify(moreOf(licenseAfter(...plain).facts))).overrides).toBeNull();
});
