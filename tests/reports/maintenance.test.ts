import { describe, expect, test } from 'vitest';
import { contentOfTier, type PolicyChange } from '../../src/domain/catalog/policy-changes.ts';
import { refuseContent } from '../../src/domain/catalog/policy-checks.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import type { Origination } from '../../src/domain/license/issue/issue-commands.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { releasesUntil } from '../../src/domain/license/validation/app-versions.ts';
import { datedBy, entitledReleases, needsRelease } from '../../src/domain/license/validation/named-release.ts';
import { nextChangeAt } from '../../src/domain/license/validation/next-change.ts';
import { moreOf, readMore } from '../../src/projections/tables/license-more.ts';
import { command, device, followedBy, free, policyWith, to, trial } from '../domain/license/commands.ts';
import {
  activate,
  given,
  issue,
  issued,
  issuedAt,
  licenseAfter,
  oneYear,
  perpetual,
  pro,
  renew,
} from '../domain/license/examples.ts';
import { answer, named, viewed } from '../domain/license/validation/validation-examples.ts';

// People complained that renewing a license did not renew its updates, that applications named the date of their own
// release, and that nobody told them which version they still may install.

const year = '2027-01-01T00:00:00.000Z';
const secondYear = '2028-01-01T00:00:00.000Z';
const june = '2026-06-01T12:00:00.000Z';
const late = '2027-03-01T00:00:00.000Z';
type Policy = Pick<Partial<PinnedPolicy>, 'maintenance' | 'type' | 'trialEnd'>;
const lifeOf = (policy: Policy, changes: Partial<Origination>, ...commands: readonly LicenseCommand[]) =>
  followedBy([], issue({ policy: policyWith(policy), ...changes }), ...commands);
const until = (policy: Policy, changes: Partial<Origination>, ...commands: readonly LicenseCommand[]) =>
  licenseAfter(...lifeOf(policy, changes, ...commands)).facts.maintenanceUntil;

const anotherYear = (at = june, basis: 'FROM_EXPIRY' | 'FROM_NOW' = 'FROM_EXPIRY') =>
  renew({ duration: 'P1Y', basis }, at);
const onTrial = { ...trial, maintenance: 'TERM' };
const buy = (policy: Policy, term: object) =>
  command(
    'ConvertTrial',
    { target: to(policyWith(policy)), billingRef: null, term: term as { kind: 'perpetual' } },
    june,
  );
const forEver: Partial<Origination> = { term: { kind: 'perpetual', startsAt: null } };
const firstUse: Partial<Origination> = { term: { kind: 'firstActivation', duration: 'P1M' } };
const sold = (end: string | null) => command('ChangeMaintenance', { to: end, reasonCode: 'SOLD' }, june);
const move = (end: string) => command('ChangeExpiry', { to: end, reasonCode: 'GOODWILL' }, june);
const [TERM, twoYears, none] = [{ maintenance: 'TERM' }, { maintenance: 'P2Y' }, {}];

describe('The maintenance of a license', () => {
  test.each<readonly [string, string | null, string | null]>([
    ['ends with the first term', until(TERM, {}), year],
    ['lasts for its own duration from the first day', until(twoYears, {}), secondYear],
    ['does not exist under a policy without it', until(none, {}), null],
    ['is what the vendor said at issue', until(TERM, { maintenanceUntil: june }), june],
    ['of a license for ever ends after its duration', until(twoYears, forEver), secondYear],
    ['of a license for ever has no end when it goes with the term', until(TERM, forEver), null],
    ['waits for the first use, as the term does', until(TERM, firstUse), null],
    ['begins with the first use', until(TERM, firstUse, activate('a', june)), '2026-07-01T12:00:00.000Z'],
    ['renews with the term', until(TERM, {}, anotherYear()), secondYear],
    ['renews from the start of the next term', until(twoYears, {}, anotherYear()), '2029-01-01T00:00:00.000Z'],
    ['renews after a gap', until(TERM, {}, anotherYear(late, 'FROM_NOW')), '2028-03-01T00:00:00.000Z'],
    ['stays under a policy without the rule', until(none, { maintenanceUntil: june }, anotherYear()), june],
    [
      'that was sold for longer never gets shorter',
      until(TERM, {}, sold('2030-01-01T00:00:00.000Z'), anotherYear()),
      '2030-01-01T00:00:00.000Z',
    ],
    ['can be sold alone', until(none, forEver, sold(secondYear)), secondYear],
    ['can be given for ever', until(TERM, {}, sold(null)), null],
    ['that was sold for ever has no end after a renewal', until(TERM, {}, sold(null), anotherYear()), null],
    ['that was sold for ever outlasts a policy with a duration', until(twoYears, {}, sold(null), anotherYear()), null],
    ['that was sold for ever does not move with the term', until(TERM, {}, sold(null), move(late)), null],
    [
      'that was sold for ever has no end when the license for ever gets one',
      until(TERM, forEver, sold(null), move(late)),
      null,
    ],
    ['can be sold for ever before the first use', until(TERM, firstUse, sold(null), activate('a', june)), null],
    [
      'renews again when an end is sold instead of maintenance for ever',
      until(TERM, {}, sold(null), sold(june), anotherYear()),
      secondYear,
    ],
    ['moves with the end of the term', until(TERM, {}, move('2026-12-01T00:00:00.000Z')), '2026-12-01T00:00:00.000Z'],
    ['that was sold for longer does not move with the term', until(TERM, {}, sold(secondYear), move(late)), secondYear],
    ['with a duration does not move with the term', until(twoYears, {}, move(late)), secondYear],
  ])('%s', (_, end, right) => expect(end).toBe(right));

  test.each<readonly [string, Policy, object, string | null]>([
    ['until the end of the first paid term', TERM, { kind: 'duration', duration: 'P1M' }, '2026-07-01T12:00:00.000Z'],
    [
      'for its duration, of a license that is bought for ever',
      twoYears,
      { kind: 'perpetual' },
      '2028-06-01T12:00:00.000Z',
    ],
    ['without an end when it goes with a license for ever', TERM, { kind: 'perpetual' }, null],
    ['without an end when the paid policy has no maintenance', none, { kind: 'perpetual' }, null],
  ])('comes with the purchase of a trial: %s', (_, paid, term, right) => {
    const started = issue({
      policy: onTrial,
      term: { kind: 'fixed', expiresAt: '2026-06-15T00:00:00.000Z', startsAt: null },
    });
    expect(licenseAfter(...followedBy([], started, buy(paid, term))).facts.maintenanceUntil).toBe(right);
  });

  test('stays without end when a trial with maintenance for ever is bought', () => {
    const bought = buy(TERM, { kind: 'duration', duration: 'P1M' });
    expect(until({ type: 'TRIAL', trialEnd: 'EXPIRE', ...TERM }, {}, sold(null), bought)).toBeNull();
  });
  test('that was sold for ever is kept with the list of licenses', () => {
    const { facts } = licenseAfter(...lifeOf(TERM, {}, sold(null)));
    expect(readMore(JSON.stringify(moreOf(facts))).maintenanceSoldForEver).toBe(true);
    expect(readMore('{"offer":null}').maintenanceSoldForEver).toBe(false);
  });
  test('that an earlier build ended at a renewal after it was sold for ever goes on with the term', () => {
    const renewal = lifeOf(TERM, {}, anotherYear()).filter(({ event: { type } }) => type === 'LicenseRenewed');
    const history = [...lifeOf(TERM, {}, sold(null)), ...renewal];
    expect(licenseAfter(...history).facts.maintenanceUntil).toBe(secondYear);
    expect(licenseAfter(...followedBy(history, anotherYear())).facts.maintenanceUntil).toBe('2029-01-01T00:00:00.000Z');
  });
  test('is sold for ever once, also when the license has none yet', () => {
    for (const policy of [TERM, none]) {
      const history = lifeOf(policy, {}, sold(null));
      expect(history.at(-1)?.event).toMatchObject({ type: 'LicenseMaintenanceChanged', data: { to: null } });
      given(...history)
        .when(sold(null))
        .thenNothing();
    }
  });
  test('has no end after a trial that became free for ever', () => {
    const afterTrial = to({ ...free, maintenance: 'TERM' });
    const begun = issue({ policy: { ...trial, ...TERM }, afterTrial });
    const ended = command('EndTrial', { termNumber: 1 }, late);
    expect(licenseAfter(...followedBy([], begun)).facts.maintenanceUntil).toBe(year);
    expect(licenseAfter(...followedBy([], begun, ended)).facts.maintenanceUntil).toBeNull();
  });
  test('begins anew with a transfer that resets the term', () => {
    const policy = { ...TERM, transferable: true };
    const reset = { toHolderOrgId: 'org_9', accepted: true, expiry: 'RESET', activations: 'KEEP' } as const;
    expect(
      until(policy, { term: { kind: 'duration', duration: 'P1Y', startsAt: null } }, command('Transfer', reset, june)),
    ).toBe('2027-06-01T12:00:00.000Z');
  });
  test('is in the event of each term, and in no event where it does not move', () => {
    const events = (policy: Policy) => lifeOf(policy, {}, anotherYear()).map(({ event: { data } }) => data);
    expect(events(TERM)).toMatchObject([{ maintenanceUntil: year }, {}, { maintenanceUntil: secondYear }]);
    for (const data of events(none)) expect(data).not.toHaveProperty('maintenanceUntil');
  });
  test('is sold once however often the sale is repeated, for a reason, and to an instant', () => {
    const history = lifeOf(none, {}, sold(year));
    given(...history)
      .when(sold(year))
      .thenNothing();
    given(...history)
      .when(command('ChangeMaintenance', { to: year, reasonCode: '' }))
      .thenRejected('INVALID_REQUEST');
    given(...history)
      .when(command('ChangeMaintenance', { to: 'tomorrow', reasonCode: 'SOLD' }))
      .thenRejected('TERM_INVALID');
  });
});

describe('A policy with the maintenance', () => {
  const codeFor = (maintenance: string | null) => {
    const change: PolicyChange = { maintenance };
    return refuseContent(contentOfTier('PRO', 'Team', change))?.rejected ?? 'accepted';
  };
  test.each(['TERM', 'P1Y', 'P18M', 'P30D', null])('%s is accepted', (text) => expect(codeFor(text)).toBe('accepted'));
  test.each(['', 'term', 'P0D', 'a year', 'P200Y'])('%j is refused', (text) =>
    expect(codeFor(text)).toBe('TERM_INVALID'),
  );
  test('null is one without the rule', () =>
    expect(contentOfTier('PRO', 'Team', { maintenance: null }).rules).not.toHaveProperty('maintenance'));
});

describe('A named version', () => {
  const [before, after] = ['2026-12-31T23:59:59.999Z', year];
  const listed = (...dates: readonly string[]) => dates.map((releasedAt) => ({ releasedAt }));
  test.each<readonly [string, string | null, readonly string[], string | null]>([
    ['has the date of the catalog, not an earlier one', before, [after], after],
    ['has the date of the catalog, not a later one', after, [before], before],
    ['has the date that the client names when the catalog does not list it', before, [], before],
    ['has no date when nobody names one', null, [], null],
    ['has the latest date when several products have it', null, [before, after, june], after],
  ])('%s', (_, client, dates, right) =>
    expect(datedBy({ number: '2.0.0', releasedAt: client }, listed(...dates))).toEqual({
      number: '2.0.0',
      releasedAt: right,
    }),
  );

  const factsOf = (policy: object, changes: object = {}) =>
    licenseAfter(issued({ policy: { ...pro, ...policy }, ...changes })).facts;
  test.each<readonly [string, object, object, boolean, string | null]>([
    ['without maintenance needs no date', {}, {}, false, null],
    ['with maintenance needs a date', {}, { maintenanceUntil: june }, true, june],
    ['with perpetual fallback needs a date', { expiryStrategy: 'MAINTAIN' }, {}, true, year],
    [
      'with fallback and a maintenance of its own needs a date',
      { expiryStrategy: 'MAINTAIN' },
      { maintenanceUntil: june },
      true,
      june,
    ],
    ['with fallback for ever needs no date', { expiryStrategy: 'MAINTAIN' }, { term: perpetual }, false, null],
    ['that requires the date needs it', { releasedAtRequired: true }, {}, true, null],
    ['with a maintenance that begins later needs a date', { maintenance: 'P1Y' }, {}, true, null],
  ])('of a license %s', (_, policy, changes, isNeeded, end) => {
    expect([needsRelease(factsOf(policy, changes)), releasesUntil(factsOf(policy, changes))]).toEqual([isNeeded, end]);
  });

  const bounds = (from: string | null, below: string | null) => ({ versions: { from, below } });
  test.each<readonly [string, object, readonly string[], string | null, object | null]>([
    ['all of the only product', {}, ['a'], null, { product: 'a', from: null, below: null, before: null }],
    ['those of the named product', {}, ['a', 'b'], 'b', { product: 'b' }],
    ['none when it is not clear of which product', {}, ['a', 'b'], null, null],
    ['none of a product that is not licensed', {}, ['a'], 'b', null],
    ['those before the end', { expiryStrategy: 'MAINTAIN' }, ['a'], null, { before: year }],
    ['those within the bounds', bounds('1', '2'), ['a'], null, { from: '0011.0010.0010~', below: '0012.0010.0010~' }],
    ['none when the first bound cannot be read', bounds('x', '2'), ['a'], null, null],
    ['none when the last bound cannot be read', bounds('1', 'x'), ['a'], null, null],
  ])('of a license that does not cover it gets a recommendation of %s', (_, policy, products, product, right) => {
    const releases = entitledReleases(factsOf(policy, { products }), product);
    if (right === null) expect(releases).toBeNull();
    else expect(releases).toMatchObject(right);
  });
});

describe('A version that was released after the maintenance', () => {
  const maintained = [issued({ policy: policyWith({ expiryStrategy: 'MAINTAIN' }), term: oneYear })];
  const laptop = (releasedAt: string | undefined, at: string) =>
    command('Activate', device('a', releasedAt === undefined ? {} : { releasedAt }), at);
  test.each<readonly [string, string | undefined, string, 'done' | 'VERSION_NOT_ENTITLED']>([
    ['cannot be activated after the term', year, late, 'VERSION_NOT_ENTITLED'],
    ['cannot be activated within the term', year, june, 'VERSION_NOT_ENTITLED'],
    ['is not the last one of the term, which goes on', '2026-12-31T23:59:59.999Z', late, 'done'],
    ['is not known without a date', undefined, late, 'done'],
  ])('%s', (_, releasedAt, at, right) => {
    const scenario = given(...maintained).when(laptop(releasedAt, at));
    if (right !== 'done') scenario.thenRejected(right);
    else expect(licenseAfter(...followedBy(maintained, laptop(releasedAt, at))).activations.size).toBe(1);
    const swap = command(
      'SwapActivation',
      { release: { activationId: 'act_b' }, activate: device('a', releasedAt === undefined ? {} : { releasedAt }) },
      at,
    );
    const swapped = given(...followedBy(maintained, activate('b', issuedAt))).when(swap);
    if (right !== 'done') swapped.thenRejected(right);
  });
  test('never becomes valid or invalid by the clock, so the maintenance does not shorten how long an answer holds', () => {
    const history = [
      issued({ policy: policyWith({ expiryStrategy: 'ALLOW' }), term: perpetual, maintenanceUntil: late }),
    ];
    const scope = { version: { number: '2.0.0', releasedAt: june } };
    const instants = [june, '2027-02-28T23:59:59.999Z', late, secondYear];
    expect(instants.map((at) => answer(history, scope, at).code)).toEqual(instants.map(() => 'VALID'));
    expect(nextChangeAt(viewed(history, named(scope)), named(scope), june)).toBeNull();
  });
});
