import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeLicense } from '../../src/aggregates/codec-license.ts';
import { settle } from '../../src/domain/license/settle.ts';
import { command, enterprise, event, followedBy, policyWith, to, trial } from '../domain/license/commands.ts';
import { given, issued, licenseAfter, on, pro, renew } from '../domain/license/examples.ts';

// People complained that buying early cost them the rest of their trial, and that converting a paid license looked like
// a success.

const trialEnd = '2026-01-31T00:00:00.000Z';
const policyOf = (trialDays: 'KEEP' | 'DROP' | undefined) =>
  trialDays === undefined ? trial : { ...trial, trialDays };
const onTrial = (trialDays: 'KEEP' | 'DROP' | undefined, expiresAt: string | null = trialEnd) =>
  issued({
    policy: policyOf(trialDays),
    term: {
      basis: expiresAt === null ? 'FIRST_VALIDATION' : 'ISSUE',
      duration: 'P30D',
      startsAt: expiresAt === null ? null : '2026-01-01T00:00:00.000Z',
      expiresAt,
      timeZone: 'UTC',
    },
  });
const convert = (at: string, term: object = { kind: 'duration', duration: 'P1M' }) =>
  command('ConvertTrial', { target: to(pro), billingRef: null, term: term as { kind: 'perpetual' } }, at);
const factsAfter = (...history: readonly ReturnType<typeof on>[]) => licenseAfter(...history).facts;

const early = '2026-01-20T12:00:00.000Z';
const late = '2026-02-03T12:00:00.000Z';

describe('a trial that is bought before its end', () => {
  test.each([
    ['keeps the days that were left, when its policy keeps them', 'KEEP', early, '2026-02-28T00:00:00.000Z'],
    ['has no days left after its end', 'KEEP', late, '2026-03-03T12:00:00.000Z'],
    ['drops the days that were left, when its policy drops them', 'DROP', early, '2026-02-20T12:00:00.000Z'],
    ['drops them under a policy from before this rule', undefined, early, '2026-02-20T12:00:00.000Z'],
  ] as const)('%s', (_, trialDays, at, expiresAt) => {
    const { term, policy } = factsAfter(...followedBy([onTrial(trialDays)], convert(at)));
    expect([policy.tier, term.expiresAt]).toEqual(['PRO', expiresAt]);
    // The paid license works at once.
    expect(term.startsAt).toBe(at);
  });
  test('ends when the conversion says so, whatever its policy keeps', () => {
    const expiresAt = '2026-03-05T00:00:00.000Z';
    const fixed = followedBy([onTrial('KEEP')], convert(early, { kind: 'fixed', expiresAt }));
    expect(factsAfter(...fixed).term.expiresAt).toBe(expiresAt);
    const endless = followedBy([onTrial('KEEP')], convert(early, { kind: 'perpetual' }));
    expect(factsAfter(...endless).term.expiresAt).toBeNull();
  });
  test.each([
    ['keeps all of its days while it waits for its first use', 'KEEP', '2026-03-19T12:00:00.000Z'],
    ['drops all of its days while it waits for its first use', 'DROP', '2026-02-20T12:00:00.000Z'],
  ] as const)('%s', (_, trialDays, expiresAt) => {
    expect(factsAfter(...followedBy([onTrial(trialDays, null)], convert(early))).term.expiresAt).toBe(expiresAt);
  });
  test('is renewed on the day of the month on which the trial ended', () => {
    const monthly = renew({ duration: 'P1M', basis: 'FROM_EXPIRY' }, late);
    const renewed = followedBy([onTrial('KEEP')], convert(early), monthly, monthly);
    expect(factsAfter(...renewed).term.expiresAt).toBe('2026-04-30T00:00:00.000Z');
  });
});

describe('converting a license that is no trial is refused', () => {
  const paid = (policy = pro) => [issued({ policy })];
  const converted = followedBy([onTrial('DROP')], convert(early));
  test.each([
    ['for a paid license', paid(), to(enterprise)],
    ['for a paid license and its own policy', paid(), to(pro)],
    ['for a paid license and a later version of its policy', paid(), to(policyWith({ version: 2 }))],
    ['for a perpetual license', paid(policyWith({ type: 'PERPETUAL' })), to(enterprise)],
    ['for a trial that was converted before, also to the same policy', converted, to(pro)],
    [
      'for a trial that became FREE',
      [
        onTrial('DROP'),
        on(
          trialEnd,
          event('LicenseTierChanged', {
            ...{ from: 'TRIAL', to: 'FREE', policyId: 'pol_free', policyVersion: 1, direction: 'DOWNGRADE' },
            ...{ policy: policyWith({ policyId: 'pol_free', tier: 'FREE', type: 'PERPETUAL' }) },
            ...{ cause: 'TRIAL_ENDED', scheduledBy: null },
          }),
        ),
      ],
      to(pro),
    ],
  ] as const)('%s', (_, history, target) =>
    given(...history)
      .when(command('ConvertTrial', { target, term: { kind: 'perpetual' }, billingRef: 'in_1' }, late))
      .thenRejected('INVALID_REQUEST'),
  );
});

describe('a license that an earlier build moved to a trial', () => {
  const stored = JSON.parse(
    readFileSync(new URL('../eventstore/corpus/LicenseTierChanged.v1.json', import.meta.url), 'utf8'),
  );
  const moved = (type: 'TRIAL' | 'SUBSCRIPTION') => {
    const policy = { ...trial, type, trialEnd: 'DOWNGRADE' };
    return decodeLicense({ ...stored, data: { ...stored.data, to: 'TRIAL', policy } }).event;
  };
  const monthly = onTrial(undefined);
  const paid = {
    ...monthly,
    event: { ...monthly.event, data: { ...monthly.event.data, policy: pro } },
  } as typeof monthly;

  test.each([
    ['becomes FREE at its end', 'TRIAL', 'FREE', null],
    ['stays as it is when the policy is not for trials', 'SUBSCRIPTION', 'TRIAL', trialEnd],
  ] as const)('%s', (_, type, tier, expiresAt) => {
    const event = moved(type);
    if (event.type !== 'LicenseTierChanged') throw new Error('The example is another event.');
    const { license } = settle(licenseAfter(paid, on(early, event)), late);
    expect([license.facts.policy.tier, license.facts.term.expiresAt]).toEqual([tier, expiresAt]);
  });
});
