import { describe, expect, test } from 'vitest';
import { licenseBody, licenseTag } from '../../src/api/licenses/license-shape.ts';
import { usageAt } from '../../src/domain/license/usage/term-counters.ts';
import { viewOfFacts } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { plusSeconds } from '../../src/domain/time.ts';
import { command, followedBy, policyWith } from '../domain/license/commands.ts';
import { activate, deactivate, given, issued, licenseAfter, oneYear, renew } from '../domain/license/examples.ts';
import { oneUse } from '../support/one-use.ts';

// A license by the month from 1 January, with a quota of 100 builds a month.
const february = '2026-02-01T00:00:00.000Z';
const march = '2026-03-01T00:00:00.000Z';
const monthly = (overrides: object = {}) =>
  issued({
    term: { ...oneYear, duration: 'P1M', expiresAt: february },
    limits: { activations: 2, seats: 0, users: 0, meters: { builds: 100 } },
    ...overrides,
  });
const use = (quantity: number, at: string, occurredAt = at) =>
  command(
    'RecordUsage',
    oneUse({ meter: 'builds', quantity, usageId: `${at} ${quantity} ${occurredAt}`, occurredAt }),
    at,
  );
const renewed = (at: string, basis: 'FROM_EXPIRY' | 'FROM_NOW' = 'FROM_EXPIRY') =>
  renew({ duration: 'P1M', basis }, at);
const justBefore = (instant: string) => plusSeconds(instant, -0.001);
const usedAt = (history: ReturnType<typeof followedBy>, at: string) =>
  usageAt(licenseAfter(...history).facts, at).meters.builds ?? 0;
const on = (day: number) => `2026-01-${day}T12:00:00.000Z`;

describe('A customer who used 90 of 100 builds and renews for the next month ten days early', () => {
  const early = followedBy([monthly()], use(90, on(20)), renewed(on(21)));

  test.each([
    ['has used 90 right after the renewal', on(21), 90],
    ['has used 90 a millisecond before the next month', justBefore(february), 90],
    ['has used none when the next month starts', february, 0],
  ])('%s', (_, at, used) => {
    expect(usedAt(early, at)).toBe(used);
  });
  test('gets ten more builds in this month and not a hundred', () => {
    given(...early)
      .when(use(11, on(22)))
      .thenRejected('QUOTA_EXCEEDED');
    given(...early)
      .when(use(11, justBefore(february)))
      .thenRejected('QUOTA_EXCEEDED');
    expect(usedAt(followedBy(early, use(10, on(22))), on(22))).toBe(100);
  });
  test('gets a hundred builds in the next month, whatever this month used', () => {
    const full = followedBy(early, use(10, on(22)));
    expect(usedAt(followedBy(full, use(100, february)), february)).toBe(100);
    given(...full)
      .when(use(101, february))
      .thenRejected('QUOTA_EXCEEDED');
  });
  test('is asked by a validation for the month that runs', () => {
    const { facts } = licenseAfter(...followedBy(early, use(10, on(22))));
    const scope = { product: null, fingerprint: null, meters: ['builds'] };
    expect(validate(viewOfFacts(facts), scope, justBefore(february)).code).toBe('QUOTA_EXCEEDED');
    expect(validate(viewOfFacts(facts), scope, february).code).toBe('VALID');
  });
  test('counts a late report for the month in which it arrives', () => {
    const late = followedBy(early, use(5, february, on(22)), use(7, '2026-02-02T00:00:00.000Z', on(1)));
    expect(usedAt(late, '2026-02-02T00:00:00.000Z')).toBe(12);
  });
});

describe('A license shows when its counters begin anew', () => {
  const monthAhead = followedBy([monthly()], use(90, on(20)), renewed(on(21)), renewed(on(22)));
  const read = (history: ReturnType<typeof followedBy>, at: string) => {
    const state = { revision: 3n, metadata: {}, at };
    const { facts } = licenseAfter(...history);
    return { ...licenseBody(facts, state), tag: licenseTag(facts, state) };
  };
  test.each([
    [
      'not before a renewal: the end of the term resets nothing',
      followedBy([monthly()], use(90, on(20))),
      on(20),
      null,
    ],
    ['at the start of the next month after an early renewal', monthAhead, on(22), february],
    ['until that month starts', monthAhead, justBefore(february), february],
    ['then at the start of the month after it', monthAhead, february, march],
    ['and not in the last month', monthAhead, march, null],
  ])('%s', (_, history, at, resetsAt) => {
    expect(read(history, at).usage.resetsAt).toBe(resetsAt);
  });
  test('and a client that keeps the answer learns of each start by its ETag', () => {
    const tags = [on(22), justBefore(february), february, march].map((at) => read(monthAhead, at).tag);
    expect(tags[0]).toBe(tags[1]);
    expect(new Set(tags).size).toBe(3);
  });
});

describe('Counters of a license with several renewed months', () => {
  test('begin anew at each start, also when months pass without an event', () => {
    const history = followedBy([monthly()], use(50, on(20)), renewed(on(21)), renewed(on(22)), renewed(on(23)));
    const seen = [on(23), february, march].map((at) => usedAt(history, at));
    expect(seen).toEqual([50, 0, 0]);
    const inFebruary = followedBy(history, use(30, february));
    expect([justBefore(march), march].map((at) => usedAt(inFebruary, at))).toEqual([30, 0]);
    expect(usedAt(followedBy(inFebruary, use(1, march)), march)).toBe(1);
  });
  test('begin at once when the renewal starts at once', () => {
    const history = followedBy([monthly()], use(90, on(20)), renew({ duration: 'P2M', basis: 'FROM_NOW' }, on(21)));
    expect(usedAt(history, on(21))).toBe(0);
  });
  test('go on when the end is moved before the renewed month', () => {
    const moved = command('ChangeExpiry', { to: '2026-01-31T00:00:00.000Z', reasonCode: 'GOODWILL' }, on(22));
    const graced = monthly({ policy: policyWith({ expiryGraceSeconds: 30 * 86_400 }) });
    const history = followedBy([graced], use(90, on(20)), renewed(on(21)), moved);
    expect(usedAt(history, february)).toBe(90);
  });
});

describe('A policy that allows one release of a device per term', () => {
  const policy = policyWith({ deactivation: { allowed: true, cooldownSeconds: 0, maxPerTerm: 1 } });
  const released = followedBy(
    [monthly({ policy })],
    activate('a', on(10)),
    activate('b', on(10)),
    deactivate('a', on(11)),
  );

  test('allows no second one after an early renewal', () => {
    given(...followedBy(released, renewed(on(12))))
      .when(deactivate('b', on(13)))
      .thenRejected('DEACTIVATION_LIMIT');
  });
  test('allows the next one when the next term starts, and only one then', () => {
    const next = followedBy(released, renewed(on(12)), deactivate('b', february), activate('a', february));
    given(...next)
      .when(deactivate('a', '2026-02-02T00:00:00.000Z'))
      .thenRejected('DEACTIVATION_LIMIT');
  });
  test('allows the next one at once when the new term begins with its renewal', () => {
    const atOnce = renew({ duration: 'P2M', basis: 'FROM_NOW' }, on(12));
    expect(licenseAfter(...followedBy(released, atOnce, deactivate('b', on(13)))).activations.size).toBe(0);
  });
});

describe('A customer who goes on in the grace after the month and then pays for the next one', () => {
  const graced = policyWith({ expiryGraceSeconds: 20 * 86_400 });
  const inFebruary = (day: string) => `2026-02-${day}T12:00:00.000Z`;
  const used = followedBy(
    [monthly({ policy: graced })],
    use(60, on(20)),
    use(30, inFebruary('03')),
    use(5, inFebruary('04')),
  );

  test('has one quota until the payment, because no new month has begun', () => {
    expect(usedAt(used, inFebruary('04'))).toBe(95);
    given(...used)
      .when(use(6, inFebruary('05')))
      .thenRejected('QUOTA_EXCEEDED');
  });
  test('has used in the new month what was used since its start', () => {
    const paid = followedBy(used, renewed(inFebruary('05')));
    expect(usedAt(paid, inFebruary('05'))).toBe(35);
    given(...paid)
      .when(use(66, inFebruary('06')))
      .thenRejected('QUOTA_EXCEEDED');
    expect(usedAt(followedBy(paid, renewed(inFebruary('06'))), march)).toBe(0);
  });
  test('has used in the new month what was used at the instant of its start, and not what was used before', () => {
    const atStart = followedBy([monthly({ policy: graced })], use(60, justBefore(february)), use(40, february));
    const paid = followedBy(atStart, renewed(inFebruary('05')));
    expect(usedAt(paid, inFebruary('05'))).toBe(40);
  });
  test('begins at 0 when the new month begins with the payment', () => {
    expect(usedAt(followedBy(used, renewed(inFebruary('05'), 'FROM_NOW')), inFebruary('05'))).toBe(0);
  });
  test('has released in the new month the device that was released since its start', () => {
    const policy = { ...graced, deactivation: { allowed: true, cooldownSeconds: 0, maxPerTerm: 2 } };
    const released = followedBy(
      [monthly({ policy })],
      ...[activate('a', on(10)), activate('b', on(10)), deactivate('a', on(11)), activate('a', on(12))],
      deactivate('a', inFebruary('03')),
      renewed(inFebruary('05')),
      activate('a', inFebruary('06')),
      deactivate('a', inFebruary('07')),
    );
    given(...released)
      .when(deactivate('b', inFebruary('08')))
      .thenRejected('DEACTIVATION_LIMIT');
  });
});
