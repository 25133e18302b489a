import { describe, expect, test } from 'vitest';
import { fold, type Stamped } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { Origination } from '../../src/domain/license/issue/issue-commands.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { settle, settledAt } from '../../src/domain/license/settle.ts';
import { lossesOf, previewChange } from '../../src/domain/license/tiers/change-preview.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { command, enterprise, followedBy, free, policyWith, to, trial } from '../domain/license/commands.ts';
import { given, issue, issuedAt, licenseAfter, pro, renew } from '../domain/license/examples.ts';
import { named } from '../domain/license/validation/validation-examples.ts';

// People complained that customers got no new releases after they bought a trial or moved to another plan. The maintenance
// of the old policy stayed, and the new policy never renewed it.

const [june, july, late] = ['2026-06-01T12:00:00.000Z', '2026-07-01T00:00:00.000Z', '2029-01-01T00:00:00.000Z'];
const [endOfTrial, year] = ['2026-06-15T00:00:00.000Z', '2027-01-01T00:00:00.000Z'];
const [bought, sold] = ['2026-12-01T12:00:00.000Z', '2028-05-05T00:00:00.000Z'];
type History = readonly Stamped<LicenseEvent>[];
type Term = { readonly kind: 'perpetual' } | { readonly kind: 'duration'; readonly duration: string };

const halfYear: Term = { kind: 'duration', duration: 'P6M' };
const paid = policyWith({ policyId: 'pol_paid' });
const paidWith = (maintenance: string): PinnedPolicy => ({ ...paid, maintenance });
const trialOf = (changes: Partial<Origination> = {}, maintenance = 'TERM') =>
  followedBy(
    [],
    issue({
      policy: { ...trial, maintenance },
      term: { kind: 'fixed', expiresAt: endOfTrial, startsAt: null },
      afterTrial: to(free),
      ...changes,
    }),
  );
const licenseOf = (maintenance: string, changes: Partial<Origination> = {}) =>
  followedBy([], issue({ policy: { ...pro, maintenance }, ...changes }));
const until = (history: History, ...commands: readonly LicenseCommand[]) =>
  licenseAfter(...followedBy(history, ...commands)).facts.maintenanceUntil;

const convert = (policy: PinnedPolicy, term: Term = halfYear, at = june) =>
  command('ConvertTrial', { target: to(policy), term, billingRef: null }, at);
const changeTier = (policy: PinnedPolicy, more: object = {}) =>
  command('ChangeTier', { target: to(policy), ...more }, june);
const changePolicy = (policy: PinnedPolicy, more: object = {}) =>
  command('ChangePolicy', { target: to(policy), ...more }, june);
const sell = (end: string | null, at = june) => command('ChangeMaintenance', { to: end, reasonCode: 'SOLD' }, at);
const extend = (end: string) => command('ChangeExpiry', { to: end, reasonCode: 'GOODWILL' }, june);
const announced = { scheduled: { effectiveAt: july } };
const carriedOut = (at = july) => command('CarryOutScheduled', { eventId: 'evt_1' }, at);

describe('The maintenance that a policy gave ends', () => {
  test.each<readonly [string, History, readonly LicenseCommand[]]>([
    ['with the purchase of a trial', trialOf(), [convert(paid)]],
    ['with the purchase of a trial that has maintenance for a year', trialOf({}, 'P1Y'), [convert(paid)]],
    ['with the purchase of a license for ever', trialOf(), [convert(paid, { kind: 'perpetual' })]],
    ['at the end of a trial that becomes FREE', trialOf(), [command('EndTrial', { termNumber: 1 }, july)]],
    ['when a trial becomes FREE before its end', trialOf(), [changeTier(free)]],
    ['when a trial moves to a paid tier with a term', trialOf(), [changeTier(paid, { term: halfYear })]],
    ['with a change of the tier', licenseOf('TERM'), [changeTier(enterprise)]],
    ['with a change of the tier that starts a term', licenseOf('P2Y'), [changeTier(enterprise, { term: halfYear })]],
    ['with a change of the policy', licenseOf('TERM'), [changePolicy(paid)]],
    ['with a change of the policy that starts a term', licenseOf('P2Y'), [changePolicy(paid, { term: halfYear })]],
    ['with an announced change of the tier', licenseOf('TERM'), [changeTier(enterprise, announced), carriedOut()]],
    ['with an announced change of the policy', licenseOf('P2Y'), [changePolicy(paid, announced), carriedOut()]],
    ['after a renewal in advance', licenseOf('P2Y'), [renew({ duration: 'P1Y' }, june), changePolicy(paid)]],
    ['after the end of the term has moved', licenseOf('TERM'), [extend(sold), changePolicy(paid)]],
    ['after the end of the term has moved away from it', licenseOf('P2Y'), [extend(late), changePolicy(paid)]],
    [
      'when the term waited for its first use',
      licenseOf('TERM', { term: { kind: 'firstValidation', duration: 'P1Y' } }),
      [command('StartTerm', { trigger: 'FIRST_VALIDATION' }, june), changePolicy(paid)],
    ],
    [
      'when a policy with maintenance came between the two',
      licenseOf('P2Y'),
      [changePolicy(paidWith('P1M')), changeTier(enterprise)],
    ],
    [
      'when it had replaced the shorter one that the vendor sold',
      licenseOf('TERM', { maintenanceUntil: june }),
      [renew({ duration: 'P1Y' }, june), changePolicy(paid)],
    ],
  ])('%s without maintenance in the new policy', (_, history, commands) => {
    expect(until(history, ...commands.slice(0, -1))).not.toBeNull();
    expect(until(history, ...commands)).toBeNull();
  });

  test('and no later term under the new policy sets another one', () => {
    expect(until(trialOf(), convert(paid), renew({ duration: 'P1Y' }, june))).toBeNull();
    const ended = command('EndTrial', { termNumber: 1 }, july);
    const buysLater = command('ChangeTier', { target: to(paid), term: halfYear }, july);
    expect(until(trialOf(), ended, buysLater)).toBeNull();
  });
  test('and the vendor may sell another one afterwards', () => {
    expect(until(trialOf(), convert(paid), sell(sold), changeTier(enterprise))).toBe(sold);
  });
});

describe('The maintenance of a license stays as it is', () => {
  test.each<readonly [string, History, readonly LicenseCommand[], string | null]>([
    ['when the vendor named it at issue', trialOf({ maintenanceUntil: sold }), [convert(paid)], sold],
    [
      'when the vendor named the end of the trial',
      trialOf({ maintenanceUntil: endOfTrial }),
      [convert(paid)],
      endOfTrial,
    ],
    ['when it was sold', trialOf(), [sell(sold), convert(paid)], sold],
    ['when it was sold up to where the policy gave it', trialOf(), [sell(endOfTrial), convert(paid)], endOfTrial],
    [
      'when it was sold, at the end of a trial',
      trialOf(),
      [sell(sold), command('EndTrial', { termNumber: 1 }, july)],
      sold,
    ],
    [
      'when it was sold, with an announced change',
      licenseOf('TERM'),
      [changeTier(enterprise, announced), sell(sold), carriedOut()],
      sold,
    ],
    [
      'when it was sold for longer than the renewed term',
      licenseOf('TERM'),
      [sell(late), renew({ duration: 'P1Y' }, june), changePolicy(paid)],
      late,
    ],
    ['when it was sold for ever', licenseOf('TERM'), [sell(null), changePolicy(paid)], null],
    [
      'when it was sold until the end of the term, and that end moved',
      licenseOf('TERM'),
      [sell(year), extend(sold), changePolicy(paid)],
      sold,
    ],
    [
      'when the issue named the end of the term, and that end moved',
      licenseOf('TERM', { maintenanceUntil: year }),
      [extend(sold), changePolicy(paid)],
      sold,
    ],
    ['until an announced change takes effect', licenseOf('TERM'), [changeTier(enterprise, announced)], year],
    [
      'when the new policy has maintenance too',
      licenseOf('P2Y'),
      [changePolicy(paidWith('TERM'))],
      '2028-01-01T00:00:00.000Z',
    ],
    ['when the license gets no other policy', licenseOf('TERM'), [changePolicy({ ...pro, maintenance: 'TERM' })], year],
  ])('%s', (_, history, commands, right) => expect(until(history, ...commands)).toBe(right));

  test('and sold for ever after a change of the policy, also when a later policy has maintenance', () => {
    expect(
      until(
        licenseOf('TERM'),
        sell(null),
        changePolicy(paid),
        changeTier({ ...enterprise, maintenance: 'TERM' }, { term: halfYear }),
      ),
    ).toBeNull();
  });
  test('no longer, after a change to a policy without maintenance and back: the next term sets it again', () => {
    const backAgain = followedBy(licenseOf('TERM'), changePolicy(paid), changePolicy({ ...pro, maintenance: 'TERM' }));
    expect(until(backAgain)).toBeNull();
    expect(until(backAgain, renew({ duration: 'P1Y' }, june))).toBe('2028-01-01T00:00:00.000Z');
  });
  test('in a license that an earlier build moved to the policy, until the next change of the policy', () => {
    const changed = followedBy(licenseOf('TERM', {}), renew({ duration: 'P1Y' }, june), changePolicy(paid));
    const before = changed.map((stamped) => {
      if (stamped.event.type !== 'LicenseTierChanged') return stamped;
      const { maintenanceUntil: _, ...data } = stamped.event.data;
      return { ...stamped, event: { ...stamped.event, data } };
    });
    expect(until(before)).toBe('2028-01-01T00:00:00.000Z');
    expect(until(before, changeTier(enterprise))).toBeNull();
  });
});

describe('A new policy with maintenance', () => {
  test.each<readonly [string, History, LicenseCommand, string | null]>([
    ['brings its own with a purchase', trialOf(), convert(paidWith('TERM')), bought],
    ['brings its own for its duration', trialOf(), convert(paidWith('P2Y')), '2028-06-01T12:00:00.000Z'],
    ['has no end with a license for ever', trialOf(), convert(paidWith('TERM'), { kind: 'perpetual' }), null],
    [
      'brings its own with the term of a change',
      licenseOf('TERM'),
      changePolicy(paidWith('P2Y'), { term: halfYear }),
      '2028-06-01T12:00:00.000Z',
    ],
  ])('%s, as before', (_, history, change, right) => expect(until(history, change)).toBe(right));
});

describe('The event', () => {
  const dataOf = (history: History, type: LicenseEvent['type']) =>
    history.find(({ event }) => event.type === type)?.event.data;
  test('of a change of the policy says that the maintenance ends', () => {
    expect(dataOf(followedBy(trialOf(), convert(paid)), 'TrialConverted')).toHaveProperty('maintenanceUntil', null);
    const changed = followedBy(licenseOf('TERM'), changePolicy(paid));
    expect(dataOf(changed, 'LicenseTierChanged')).toHaveProperty('maintenanceUntil', null);
  });
  test('of a change of the policy says nothing about a maintenance that stays, or that the license never had', () => {
    const history = followedBy(trialOf(), sell(sold), convert(paid));
    expect(dataOf(history, 'TrialConverted')).not.toHaveProperty('maintenanceUntil');
    const plain = followedBy([], issue({}), changePolicy(paid));
    expect(dataOf(plain, 'LicenseTierChanged')).not.toHaveProperty('maintenanceUntil');
  });
  test('of an issue says whether the policy gave the maintenance', () => {
    expect(dataOf(trialOf(), 'LicenseIssued')).toHaveProperty('maintenanceFromPolicy', true);
    for (const history of [trialOf({ maintenanceUntil: endOfTrial }), followedBy([], issue({}))])
      expect(dataOf(history, 'LicenseIssued')).not.toHaveProperty('maintenanceFromPolicy');
  });
  test('of a sale is recorded once where the policy gave the same end', () => {
    const history = followedBy(trialOf(), sell(endOfTrial));
    expect(history.at(-1)?.event).toMatchObject({ data: { from: endOfTrial, to: endOfTrial } });
    given(...history)
      .when(sell(endOfTrial))
      .thenNothing();
  });
});

describe('A customer gets the new releases', () => {
  const release = { version: { number: '3.0.0', releasedAt: '2026-08-01T00:00:00.000Z' } };
  /** What validation and GET say at `at`, or asOf `at`, after what had been recorded or had taken effect. */
  const seenAt = (history: History, at: string) => {
    const past = history.filter(({ at: { recordedAt, effectiveAt } }) => recordedAt <= at || effectiveAt <= at);
    const license = settledAt(fold(licenseDecider, past), at);
    if (license.kind === 'unissued') throw new Error('The history issues no license.');
    const { code } = validate(validationView(license, named(release)), named(release), at);
    return [license.facts.maintenanceUntil, code];
  };
  const late = '2026-09-01T00:00:00.000Z';
  const endTrial = (at: string) => command('EndTrial', { termNumber: 1 }, at);
  test.each<readonly [string, History, (at: string) => LicenseCommand, string, string]>([
    ['of a trial that became FREE', trialOf(), endTrial, endOfTrial, endOfTrial],
    ['of an announced tier', followedBy(licenseOf('P6M'), changeTier(enterprise, announced)), carriedOut, july, july],
  ])('%s whether the worker came at the instant, weeks later or never', (_, history, work, instant, end) => {
    const before = new Date(Date.parse(instant) - 1).toISOString();
    for (const life of [history, followedBy(history, work(instant)), followedBy(history, work(late))]) {
      expect(seenAt(life, before)).toEqual([end, 'VERSION_NOT_ENTITLED']);
      for (const at of [instant, july, late]) expect(seenAt(life, at)).toEqual([null, 'VALID']);
    }
  });
  test('of a trial that was bought, and of one that was bought for ever', () => {
    for (const term of [halfYear, { kind: 'perpetual' } as const]) {
      expect(seenAt(trialOf(), june)).toEqual([endOfTrial, 'VERSION_NOT_ENTITLED']);
      expect(seenAt(followedBy(trialOf(), convert(paid, term)), '2026-09-01T00:00:00.000Z')).toEqual([null, 'VALID']);
    }
  });
  test('under perpetual fallback until the end of the paid term, as that policy says', () => {
    const fallback = followedBy(trialOf(), convert({ ...paid, expiryStrategy: 'MAINTAIN' }));
    expect(seenAt(fallback, late)).toEqual([null, 'VALID']);
    const short = followedBy(
      trialOf(),
      convert({ ...paid, expiryStrategy: 'MAINTAIN' }, { kind: 'duration', duration: 'P1M' }),
    );
    expect(seenAt(short, late)).toEqual([null, 'VERSION_NOT_ENTITLED']);
  });
});

describe('The preview of a change', () => {
  test.each<readonly [string, History, LicenseCommand, string]>([
    ['of a purchase', trialOf(), convert(paid), endOfTrial],
    ['of the tier', licenseOf('TERM'), changeTier(enterprise), year],
    ['of the policy that is announced', licenseOf('TERM'), changePolicy(paid, announced), year],
  ])('%s shows that the maintenance of the old policy ends', (_, history, change, before) => {
    const preview = previewChange([change], licenseAfter(...history), june);
    if ('rejected' in preview) throw new Error(preview.detail);
    expect([preview.before, preview.after].map(({ facts }) => facts.maintenanceUntil)).toEqual([before, null]);
  });
  test('that is announced for later than the end of a trial shows the license as it will be then', () => {
    const change = changeTier({ ...free, policyId: 'pol_other', maintenance: 'P1Y' }, announced);
    const preview = previewChange([change], licenseAfter(...trialOf()), june);
    if ('rejected' in preview) throw new Error(preview.detail);
    const { facts } = settle(licenseAfter(...followedBy(trialOf(), change)), july).license;
    expect(preview.after.facts).toMatchObject({ policy: facts.policy, term: facts.term, maintenanceUntil: null });
    expect([facts.term.number, lossesOf(preview).products]).toEqual([2, []]);
  });
  test('shows that a sold maintenance stays', () => {
    const preview = previewChange([convert(paid)], licenseAfter(...followedBy(trialOf(), sell(sold))), june);
    expect('rejected' in preview ? preview : preview.after.facts.maintenanceUntil).toBe(sold);
  });
});

test('An imported license keeps the maintenance that the import names, and loses the one that its policy gave', () => {
  const imported = (changes: Partial<Origination>): LicenseCommand => {
    const { data } = issue({ policy: { ...pro, maintenance: 'TERM' }, ...changes }) as { data: Origination };
    return command('ImportLicense', { ...data, source: 's', sourceRef: 'r', historyFrom: issuedAt }, issuedAt);
  };
  expect(until([], imported({}))).toBe(year);
  expect(until([], imported({}), changePolicy(paid))).toBeNull();
  expect(until([], imported({ maintenanceUntil: year }), changePolicy(paid))).toBe(year);
});
