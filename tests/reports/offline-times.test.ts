import { describe, expect, test } from 'vitest';
import { effectiveEntitlements } from '../../src/domain/license/grants/effective-entitlements.ts';
import type { LicenseFacts } from '../../src/domain/license/license.ts';
import { seatEndsAt } from '../../src/domain/license/seats/seats-in-use.ts';
import type { ValidationScope, ValidationView } from '../../src/domain/license/validation/validation-view.ts';
import { viewOfFacts } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { earlier, later as laterOf, plusSeconds } from '../../src/domain/time.ts';
import { free, to } from '../domain/license/commands.ts';
import { expiresAt, issued, licenseAfter, noon, pro } from '../domain/license/examples.ts';
import { chanceOf, runSeed } from '../support/chance.ts';
import { sized } from '../support/size.ts';

const { facts } = licenseAfter(issued());
const after = (seconds: number) => plusSeconds(noon, seconds);
const plain: ValidationScope = { product: null, fingerprint: null };
const policy = (overrides: Partial<typeof pro>) => ({
  ...pro,
  validationTtlSeconds: 3_600,
  offlineGraceSeconds: 7_200,
  ...overrides,
});
const withFacts = (overrides: Partial<LicenseFacts>): ValidationView =>
  viewOfFacts({ ...facts, policy: policy({}), ...overrides });
const announced = (change: LicenseFacts['scheduled'][number]['change']): ValidationView =>
  withFacts({ scheduled: [{ eventId: 'evt', effectiveAt: after(60), change }] });
const term = { ...facts.term, expiresAt: after(60) };
const seat = (overrides: object): ValidationView => ({
  ...withFacts({}),
  lease: { aliveUntil: after(60), ...overrides },
});

const rows: readonly {
  readonly what: string;
  readonly view: ValidationView;
  readonly scope?: Partial<ValidationScope>;
  readonly until: string;
}[] = [
  { what: 'nothing changes', view: withFacts({}), until: after(7_200) },
  { what: 'the term ends', view: withFacts({ term }), until: after(60) },
  {
    what: 'the term ends under MAINTAIN',
    view: withFacts({ term, policy: policy({ expiryStrategy: 'MAINTAIN' }) }),
    until: after(60),
  },
  {
    what: 'the grace ends',
    view: withFacts({ term: { ...term, expiresAt: after(-60) }, policy: policy({ expiryGraceSeconds: 120 }) }),
    until: after(60),
  },
  {
    what: 'a check-in is due',
    view: { ...withFacts({ policy: policy({ checkInSeconds: 100 }) }), lastCheckInAt: after(-40) },
    until: after(60),
  },
  { what: 'the seat ends', view: seat({}), scope: { lease: 'l' }, until: after(60) },
  { what: 'a short borrow ends', view: seat({ isBorrowed: true }), scope: { lease: 'l' }, until: after(60) },
  {
    what: 'a borrow ends that is longer than the offline time',
    view: seat({ isBorrowed: true, aliveUntil: after(90_000) }),
    scope: { lease: 'l' },
    until: after(90_000),
  },
  {
    what: 'an entitlement ends',
    view: withFacts({ entitlements: [{ code: 'sso', value: null, limit: null, until: after(60), source: 'grant' }] }),
    until: after(60),
  },
  {
    what: 'an announced suspension begins',
    view: announced({ kind: 'SUSPENSION', reasonCode: 'PAYMENT', until: null }),
    until: after(60),
  },
  {
    what: 'an announced tier change takes effect',
    view: announced({ kind: 'TIER', from: 'PRO', target: to(free) }),
    until: after(60),
  },
  {
    what: 'an announced renewal mode changes no answer',
    view: announced({ kind: 'RENEWAL', to: 'auto' }),
    until: after(7_200),
  },
  {
    what: 'the presented key stops working',
    view: withFacts({ keyVersion: 2, keyOverlaps: [{ keyVersion: 1, until: after(60) }] }),
    scope: { keyVersion: 1 },
    until: after(60),
  },
];

describe('The answer is trusted until the next instant at which it changes', () => {
  test.each(rows)('$what', ({ view, scope, until }) => {
    const answer = validate(view, { ...plain, ...scope }, noon);
    expect(answer.offlineGraceUntil).toBe(until);
    expect(plusSeconds(noon, answer.ttlSeconds) <= until).toBe(true);
  });
});

/** Draws a license with changes at whole seconds around noon. */
const draw = (seed: number): { readonly view: ValidationView; readonly scope: ValidationScope } => {
  const chance = chanceOf(seed);
  const soon = () => after(chance.below(40) - 10);
  const maybe = <Value>(value: Value): Value | null => (chance.percent(40) ? value : null);
  const isBorrowed = chance.percent(50);
  const drawn = policy({
    expiryStrategy: chance.one(['RESTRICT', 'MAINTAIN', 'ALLOW']),
    expiryGraceSeconds: chance.one([0, 5]),
    validationTtlSeconds: chance.one([3, 10, 60]),
    offlineGraceSeconds: chance.one([0, 4, 15, 60]),
    ...(chance.percent(30) && { checkInSeconds: 20 }),
  });
  const suspension = { kind: 'SUSPENSION', reasonCode: 'FRAUD', until: maybe(after(35)) } as const;
  const scheduled = [
    { eventId: 'e1', effectiveAt: soon(), change: suspension },
    { eventId: 'e2', effectiveAt: soon(), change: { kind: 'RENEWAL', to: 'auto' } as const },
  ].filter(() => chance.percent(30));
  const source = () => chance.one(['grant', 'trial', 'tier', 'product'] as const);
  const entitlements = [source(), source(), source(), source()]
    .filter((one, index, all) => chance.percent(40) && all.indexOf(one) === index)
    .map((from) => ({ code: chance.one(['sso', 'sso', 'api']), value: null, limit: null, until: maybe(soon()), from }))
    .map(({ from, ...rest }) => ({
      ...{ ...rest, source: from },
      ...(from === 'grant' && chance.percent(50) && { withheld: true as const }),
    }));
  const license: LicenseFacts = {
    ...facts,
    policy: drawn,
    scheduled,
    entitlements,
    term: { ...facts.term, expiresAt: maybe(soon()) },
    keyVersion: 2,
    keyOverlaps: chance.percent(40) ? [{ keyVersion: 1, until: soon() }] : [],
  };
  const hasSeat = chance.percent(40);
  return {
    view: {
      ...viewOfFacts(license),
      lastCheckInAt: after(chance.below(10) - 10),
      lease: hasSeat ? { aliveUntil: soon(), isBorrowed } : null,
    },
    scope: { ...plain, keyVersion: chance.one([null, 1, 2]), lease: hasSeat ? 'l' : null },
  };
};

const shownAt = ({ view, scope }: ReturnType<typeof draw>, seconds: number): string => {
  const at = after(seconds);
  const { ttlSeconds, offlineGraceUntil, ...answer } = validate(view, scope, at);
  return JSON.stringify([answer, effectiveEntitlements(view.facts, at)]);
};

test('By brute force over the clock, both times end at the first instant at which the answer differs', () => {
  const seed = runSeed();
  let valid = 0;
  for (let index = 0; index < sized(20_000); index++) {
    const drawn = draw(seed + index);
    const start = validate(drawn.view, drawn.scope, noon);
    if (!start.valid) continue;
    valid += 1;
    const now = shownAt(drawn, 0);
    let change = 1;
    while (change < 100 && shownAt(drawn, change) === now) change += 1;
    const { policy: rules } = drawn.view.facts;
    const { lease } = drawn.view;
    const offline = laterOf(after(rules.offlineGraceSeconds), lease?.isBorrowed === true ? lease.aliveUntil : noon);
    const what = `seed ${seed + index}`;
    expect(start.offlineGraceUntil, what).toBe(change === 100 ? offline : earlier(offline, after(change)));
    const ttl = Math.min(rules.validationTtlSeconds, change, (rules.checkInSeconds ?? 1_000) / 2);
    expect(start.ttlSeconds, what).toBe(ttl);
  }
  expect(valid).toBeGreaterThan(100);
});

describe('A seat does not outlast its license', () => {
  const lease = { borrow: false, expiresAt: plusSeconds(expiresAt, 300), ttlSeconds: 360 };
  test.each([
    ['RESTRICT', 0, expiresAt],
    ['RESTRICT', 100, plusSeconds(expiresAt, 100)],
    ['RESTRICT', 900, plusSeconds(expiresAt, 350)],
    ['MAINTAIN', 0, plusSeconds(expiresAt, 350)],
    ['ALLOW', 0, plusSeconds(expiresAt, 350)],
  ] as const)('%s with a grace of %i seconds: the seat ends at %s', (expiryStrategy, expiryGraceSeconds, until) => {
    const license = { ...facts, policy: policy({ expiryStrategy, expiryGraceSeconds }) };
    expect(seatEndsAt(license, lease, plusSeconds(expiresAt, -10))).toBe(until);
  });
});
