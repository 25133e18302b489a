import { describe, expect, test } from 'vitest';
import { isRejection, type Stamped, stamp } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { dueCommands } from '../../src/domain/license/due.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import { entitlementStates } from '../../src/domain/license/grants/effective-entitlements.ts';
import type { Entitlement } from '../../src/domain/license/grants/entitlement.ts';
import { featuresOf } from '../../src/domain/license/grants/granted-entitlements.ts';
import type { LicenseFacts } from '../../src/domain/license/license.ts';
import { viewOfFacts } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { command, enterprise, followedBy, to } from '../domain/license/commands.ts';
import {
  expiresAt,
  given,
  issue,
  issued,
  licenseAfter,
  noon,
  perpetual,
  tomorrow,
} from '../domain/license/examples.ts';

// People complained that one feature was listed twice with two limits, that revoking a feature of the plan changed
// nothing and said so nowhere, and that a single customer could not be refused a feature of the plan.

const says = (source: Entitlement['source'], overrides: Partial<Entitlement> = {}): Entitlement => ({
  ...{ code: 'export', value: null, limit: null, until: null, source },
  ...overrides,
});
const withheld = (overrides: Partial<Entitlement> = {}) => says('grant', { withheld: true, ...overrides });
const having = (...entitlements: readonly Entitlement[]): LicenseFacts =>
  licenseAfter(issued({ term: perpetual, entitlements })).facts;
const day = (date: number) => `2026-06-${String(date).padStart(2, '0')}T00:00:00.000Z`;

describe('A license grants a feature once, and says who grants it', () => {
  test.each<
    readonly [what: string, all: readonly Entitlement[], granted: Partial<Entitlement> | null, sources: string[]]
  >([
    ['the plan alone', [says('tier', { limit: 10 })], { limit: 10, source: 'tier' }, ['tier']],
    [
      'a grant on top of the plan, also a smaller one',
      [says('tier', { limit: 10 }), says('grant', { limit: 5, value: 'csv' })],
      { limit: 5, value: 'csv', source: 'grant' },
      ['grant', 'tier'],
    ],
    [
      'a grant that was given before the plan had it',
      [says('grant', { limit: 100 }), says('tier', { limit: 10 })],
      { limit: 100, source: 'grant' },
      ['grant', 'tier'],
    ],
    [
      'the plan before the product',
      [says('product', { limit: 1 }), says('tier', { limit: 2 })],
      { limit: 2, source: 'tier' },
      ['tier', 'product'],
    ],
    [
      'the trial before the product',
      [says('product', { limit: 1 }), says('trial', { limit: 2 })],
      { limit: 2, source: 'trial' },
      ['trial', 'product'],
    ],
    [
      'a grant for a week, with its own end',
      [says('tier'), says('grant', { until: day(8) })],
      { source: 'grant', until: day(8) },
      ['grant', 'tier'],
    ],
    [
      'the plan again after a grant has ended',
      [says('tier', { limit: 10 }), says('grant', { limit: 100, until: noon })],
      { limit: 10, source: 'tier', until: null },
      ['tier'],
    ],
    ['nothing after all have ended', [says('tier', { until: noon }), says('grant', { until: noon })], null, []],
    ['nothing while it is withheld', [says('tier'), says('product'), withheld()], null, []],
    ['nothing while it is withheld for a week', [says('tier'), withheld({ until: day(8) })], null, []],
    [
      'the plan again after the week for which it was withheld',
      [says('tier', { limit: 10 }), withheld({ until: noon })],
      { limit: 10, source: 'tier' },
      ['tier'],
    ],
  ])('%s', (_, all, granted, sources) => {
    const license = having(...all);
    const features = featuresOf(license, null, noon);
    if (isRejection(features)) throw new Error(features.detail);
    const expected = granted === null ? [] : [{ ...says('tier'), ...granted }];
    expect(features.map(({ sources: _sources, ...feature }) => feature)).toEqual(expected);
    expect(features.flatMap((feature) => feature.sources.map(({ source }) => source))).toEqual(sources);
    const answer = validate(viewOfFacts(license), { product: null, fingerprint: null, entitlements: ['export'] }, noon);
    expect(answer.code).toBe(granted === null ? 'ENTITLEMENT_MISSING' : 'VALID');
    const [state] = entitlementStates(license, noon);
    expect(state !== undefined && !state.ended && !state.withheld).toBe(granted !== null);
    expect(state?.sources).toHaveLength(all.length);
  });

  test('and shows support people what has ended and what is withheld, with what the plan would grant', () => {
    const ended = says('grant', { code: 'beta', until: noon });
    const shown = entitlementStates(having(says('tier', { limit: 10 }), withheld({ until: day(8) }), ended), noon);
    const no = { value: null, limit: null };
    expect(shown).toEqual([
      {
        ...{ code: 'export', ...no, until: day(8), source: 'grant', ended: false, withheld: true },
        sources: [
          { ...no, until: day(8), source: 'grant', ended: false, withheld: true },
          { ...no, limit: 10, until: null, source: 'tier', ended: false, withheld: false },
        ],
      },
      {
        ...{ code: 'beta', ...no, until: noon, source: 'grant', ended: true, withheld: false },
        sources: [{ ...no, until: noon, source: 'grant', ended: true, withheld: false }],
      },
    ]);
  });
});

describe('A client that trusts the answer for a while validates again when the feature changes', () => {
  test.each<readonly [what: string, all: readonly Entitlement[], seconds: number]>([
    ['when the grant ends and the plan takes over', [says('tier'), says('grant', { until: tomorrow })], 86_400],
    ['when it is no longer withheld', [says('tier'), withheld({ until: tomorrow })], 86_400],
    ['not when nothing takes over what was withheld', [withheld({ until: tomorrow })], 172_800],
    [
      'not when the plan ends with what withholds it',
      [says('tier', { until: tomorrow }), withheld({ until: tomorrow })],
      172_800,
    ],
    ['not when the plan ends while it is withheld', [says('tier', { until: tomorrow }), withheld()], 172_800],
  ])('%s', (_, all, seconds) => {
    const license = having(...all);
    const policy = { ...license.policy, validationTtlSeconds: 172_800, offlineGraceSeconds: 172_800 };
    const view = viewOfFacts({ ...license, policy });
    expect(validate(view, { product: null, fingerprint: null }, noon).ttlSeconds).toBe(seconds);
  });
});

const grant = (overrides: Partial<Entitlement> = {}, at = noon) =>
  command('GrantEntitlement', says('grant', overrides), at);
const withhold = (until: string | null = null, at = noon) => grant({ withheld: true, until }, at);
const revoke = (at = noon) => command('RevokeEntitlement', { code: 'export', source: 'grant' }, at);
const ofPlan = [issued({ term: perpetual, entitlements: [says('tier')] })];
const revoked: LicenseEvent = { type: 'EntitlementRevoked', data: { code: 'export', source: 'grant' } };
const grantsExport = (facts: LicenseFacts, at = noon) =>
  entitlementStates(facts, at).some(
    ({ code, ended, withheld: isWithheld }) => code === 'export' && !ended && !isWithheld,
  );

describe('Revoking a feature', () => {
  test('of the plan is refused, and the answer says how to withhold it', () => {
    for (const source of ['tier', 'trial', 'product'] as const) {
      const license = licenseAfter(issued({ entitlements: [says(source)] }));
      const decision = licenseDecider.decide(revoke(), license, () => 'evt_1');
      expect(decision).toMatchObject({ rejected: 'ENTITLEMENT_FROM_POLICY' });
      expect(decision).toHaveProperty('detail', expect.stringContaining('{"grant":{"code":"export","withheld":true}}'));
    }
  });
  test('that was granted on top leaves what the plan grants, and then there is nothing to revoke', () => {
    const history = followedBy(ofPlan, grant({ limit: 5 }));
    given(...history)
      .when(revoke())
      .thenEvents(revoked);
    const after = followedBy(history, revoke());
    expect(grantsExport(licenseAfter(...after).facts)).toBe(true);
    given(...after)
      .when(revoke())
      .thenRejected('ENTITLEMENT_FROM_POLICY');
  });
  test('that was withheld grants what the plan grants again', () => {
    const history = followedBy(ofPlan, withhold());
    expect(grantsExport(licenseAfter(...history).facts)).toBe(false);
    expect(grantsExport(licenseAfter(...followedBy(history, revoke())).facts)).toBe(true);
  });
  test('that nothing grants, or that has ended in the plan, changes nothing', () => {
    given(issued()).when(revoke()).thenNothing();
    given(issued({ entitlements: [says('tier', { until: noon })] }))
      .when(revoke())
      .thenNothing();
  });
});

describe('Withholding a feature', () => {
  test('is recorded once, and a later grant replaces it', () => {
    given(...ofPlan)
      .when(withhold())
      .thenEvents({ type: 'EntitlementGranted', data: withheld() });
    const history = followedBy(ofPlan, withhold());
    given(...history)
      .when(withhold())
      .thenNothing();
    const granted = licenseAfter(...followedBy(history, grant({ limit: 3 })));
    expect(granted.facts.entitlements).toEqual([says('tier'), says('grant', { limit: 3 })]);
  });
  test('has no value and no limit, and only the license itself withholds', () => {
    for (const wrong of [{ limit: 1 }, { value: 'csv' }, { source: 'tier' as const }])
      given(...ofPlan)
        .when(grant({ withheld: true, ...wrong }))
        .thenRejected('INVALID_REQUEST');
  });
  test('outlasts a change of the plan, as a grant does', () => {
    const plan = to(enterprise, { entitlements: [says('tier', { limit: 9 }), says('tier', { code: 'sso' })] });
    const history = followedBy(
      ofPlan,
      withhold(),
      grant({ code: 'sso', limit: 1 }),
      command('ChangeTier', { target: plan }),
    );
    const features = featuresOf(licenseAfter(...history).facts, null, noon);
    expect(features).toMatchObject([{ code: 'sso', limit: 1, source: 'grant' }]);
  });
  test('until an instant ends then, and the history says what ended', () => {
    const worked = work(followedBy(ofPlan, withhold(day(8)), grant({ code: 'sso', until: day(8) })), day(9));
    expect(worked.map(({ event }) => event)).toEqual([
      {
        type: 'EntitlementEnded',
        data: { code: 'export', source: 'grant', until: day(8), withheld: true },
        effectiveAt: day(8),
      },
      { type: 'EntitlementEnded', data: { code: 'sso', source: 'grant', until: day(8) }, effectiveAt: day(8) },
    ]);
    expect(grantsExport(licenseAfter(...followedBy(ofPlan, withhold(day(8)))).facts, day(8))).toBe(true);
  });
});

/** Returns the events of a worker that comes at an instant, and does one piece of work after another. */
const work = (history: readonly Stamped<LicenseEvent>[], at: string) => {
  const events: Stamped<LicenseEvent>[] = [];
  const license = licenseAfter(...history);
  for (let [due] = dueCommands(license.facts, at); due !== undefined; [due] = dueCommands(license.facts, at)) {
    const decision = licenseDecider.decide({ ...due, at } as LicenseCommand, license, () => 'evt_due');
    if (isRejection(decision)) throw new Error(decision.detail);
    expect(decision.length).toBeGreaterThan(0);
    expect(decision.length).toBeLessThanOrEqual(50);
    for (const event of decision) {
      const stamped = stamp(event, at);
      events.push(stamped);
      licenseDecider.evolve(license, event, stamped.at);
    }
  }
  return events;
};

describe('A license has a bounded number of features', () => {
  const many = (count: number, until: string | null = null) =>
    Array.from({ length: count }, (_, index) => says('grant', { code: `f${index}`, until }));
  test('of its own: another one is refused until one is revoked, and those it has can be changed', () => {
    const full = [issued({ term: perpetual, entitlements: [...many(499), says('tier')] })];
    const last = followedBy(full, grant({ code: 'last' }));
    given(...last)
      .when(grant())
      .thenRejected('QUOTA_EXCEEDED');
    given(...last)
      .when(grant({ code: 'f7', limit: 5 }))
      .thenEvents({ type: 'EntitlementGranted', data: says('grant', { code: 'f7', limit: 5 }) });
    const other = command('RevokeEntitlement', { code: 'f7', source: 'grant' });
    expect(followedBy(last, other, grant()).at(-1)?.event.type).toBe('EntitlementGranted');
  });
  test('when it is issued', () => {
    given()
      .when(issue({ entitlements: many(501) }))
      .thenRejected('INVALID_REQUEST');
    expect(followedBy([], issue({ entitlements: many(500) }))).not.toEqual([]);
  });

  test('and 3,000 of an earlier build that end together are announced once each, some with each command', () => {
    const earlier = [issued({ term: perpetual, entitlements: many(3_000, day(8)) })];
    const commanded = followedBy(earlier, ...[1, 2].map((limit) => grant({ code: 'f0', limit }, day(9))));
    const types = commanded.map(({ event }) => event.type);
    expect(types.slice(1)).toEqual([
      ...Array.from({ length: 50 }, () => 'EntitlementEnded'),
      'EntitlementGranted',
      ...Array.from({ length: 50 }, () => 'EntitlementEnded'),
      'EntitlementGranted',
    ]);
    const rest = work(commanded, day(9));
    const announced = [...commanded, ...rest].flatMap(({ event }) =>
      event.type === 'EntitlementEnded' ? [event.data.code] : [],
    );
    expect([announced.length, new Set(announced).size]).toEqual([3_000, 3_000]);
    expect(dueCommands(licenseAfter(...commanded, ...rest).facts, expiresAt)).toEqual([]);
  });
});
