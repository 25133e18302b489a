import { describe, expect, test } from 'vitest';
import { effectiveStatus } from '../../../../src/domain/license/status.ts';
import { command, enterprise, event, followedBy, free, to, trial, typesOf } from '../commands.ts';
import { activate, given, issued, licenseAfter, on, pro, tomorrow, twoDevices } from '../examples.ts';

const trialEnd = '2026-01-15T00:00:00.000Z';
const trialTerm = {
  basis: 'ISSUE',
  duration: 'P14D',
  startsAt: '2026-01-01T00:00:00.000Z',
  expiresAt: trialEnd,
  timeZone: 'UTC',
} as const;
const downgrade = to(free, { limits: { ...twoDevices, activations: 1 }, products: ['local_cli'] });
const onTrial = (trialEndPolicy: 'EXPIRE' | 'DOWNGRADE' = 'EXPIRE', afterTrial = downgrade) =>
  issued({ policy: { ...trial, trialEnd: trialEndPolicy }, term: trialTerm, afterTrial });
const trialExpired = event('LicenseExpired', { termNumber: 1, expiresAt: trialEnd, graceUntil: null }, trialEnd);

describe('a trial that converts', () => {
  const at = '2026-01-10T12:00:00.000Z';
  const convert = (overrides: object = {}, when = at) =>
    command(
      'ConvertTrial',
      { target: to(pro), term: { kind: 'duration', duration: 'P1Y' }, billingRef: 'in_1', ...overrides },
      when,
    );
  const converted = (daysUsed: number) =>
    event('TrialConverted', {
      toTier: 'PRO',
      policyId: 'pol_1',
      policyVersion: 1,
      policy: pro,
      daysUsed,
      billingRef: 'in_1',
    });
  const startedTo = (expiresAt: string | null, startsAt = at, duration: string | null = 'P1Y') =>
    event('LicenseTermStarted', {
      ...{ termNumber: 2, startsAt, expiresAt, trigger: 'TRIAL_CONVERTED' },
      ...(duration !== null && { duration }),
    });

  test('keeps id, key and devices, and starts a paid term now', () => {
    given(onTrial()).when(convert()).thenEvents(converted(9), startedTo('2027-01-10T12:00:00.000Z'));
    given(onTrial())
      .when(convert({ term: { kind: 'perpetual' } }))
      .thenEvents(converted(9), startedTo(null, at, null));
    given(onTrial())
      .when(convert({ term: { kind: 'fixed', expiresAt: tomorrow } }))
      .thenEvents(converted(9), startedTo(tomorrow, at, null));
  });
  test('adds the days that were left when its policy keeps them, and says where it counted from', () => {
    const keeping = issued({ policy: { ...trial, trialDays: 'KEEP' }, term: trialTerm });
    const started = startedTo('2027-01-15T00:00:00.000Z');
    if (started.type !== 'LicenseTermStarted') throw new Error('No term started.');
    given(keeping)
      .when(convert())
      .thenEvents(converted(9), { ...started, data: { ...started.data, countedFrom: trialEnd } });
    const late = '2026-01-20T00:00:00.000Z';
    given(keeping, on(trialEnd, trialExpired))
      .when(convert({}, late))
      .thenEvents(converted(19), startedTo('2027-01-20T00:00:00.000Z', late));
  });
  test('gets the grants of the new policy, each by an event', () => {
    const limits = { ...twoDevices, activations: 5 };
    expect(
      typesOf(followedBy([onTrial()], convert({ target: to(pro, { limits, products: ['local_cli'] }) }))).slice(1),
    ).toEqual(['TrialConverted', 'ProductRemoved', 'LicenseLimitsChanged', 'LicenseTermStarted']);
  });
  test('is first announced as expired when its end has passed', () => {
    const late = '2026-01-20T00:00:00.000Z';
    given(onTrial())
      .when(convert({}, late))
      .thenEvents(trialExpired, converted(19), startedTo('2027-01-20T00:00:00.000Z', late));
    given(onTrial(), on(trialEnd, trialExpired))
      .when(convert({}, late))
      .thenEvents(converted(19), startedTo('2027-01-20T00:00:00.000Z', late));
  });
  test('converts once; only a trial converts', () => {
    given(...followedBy([onTrial()], convert()))
      .when(convert({ billingRef: 'in_2' }))
      .thenRejected('INVALID_REQUEST');
    given(issued())
      .when(convert({ target: to(enterprise) }))
      .thenRejected('INVALID_REQUEST');
  });
  test('does not become another trial', () => {
    for (const license of [onTrial(), issued()])
      given(license)
        .when(convert({ target: to({ ...trial, policyId: 'pol_other' }) }))
        .thenRejected('INVALID_REQUEST');
  });
  test('needs a term that ends in the future, and valid limits', () => {
    given(onTrial())
      .when(convert({ term: { kind: 'duration', duration: 'soon' } }))
      .thenRejected('TERM_INVALID');
    given(onTrial())
      .when(convert({ term: { kind: 'fixed', expiresAt: at } }))
      .thenRejected('TERM_INVALID');
    given(onTrial())
      .when(convert({ target: to(pro, { limits: { ...twoDevices, users: -1 } }) }))
      .thenRejected('LIMIT_INVALID');
    const strict = to({ ...pro, limitStrategy: 'REJECT' }, { limits: { ...twoDevices, activations: 0 } });
    given(...followedBy([onTrial()], activate('a', at)))
      .when(convert({ target: strict }))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
});

describe('a trial that ends', () => {
  const end = (at = trialEnd, termNumber = 1) => command('EndTrial', { termNumber }, at);
  const used = followedBy([onTrial('DOWNGRADE')], activate('a', '2026-01-02T00:00:00.000Z'));

  test('EXPIRE: is announced as expired, and stays a trial', () => {
    given(onTrial()).when(end()).thenEvents(trialExpired);
    given(onTrial(), on(trialEnd, trialExpired)).when(end()).thenNothing();
  });
  test('DOWNGRADE: becomes FREE for ever from its end on, with its devices, also when the worker is late', () => {
    const history = followedBy(used, end('2026-01-16T00:00:00.000Z'));
    expect(history.slice(used.length).map(({ event }) => event)).toEqual([
      trialExpired,
      event(
        'LicenseTierChanged',
        {
          from: 'TRIAL',
          to: 'FREE',
          policyId: 'pol_free',
          policyVersion: 1,
          policy: free,
          direction: 'DOWNGRADE',
          cause: 'TRIAL_ENDED',
          scheduledBy: null,
        },
        trialEnd,
      ),
      event('ProductRemoved', { product: 'cloud_ide' }, trialEnd),
      event(
        'LicenseLimitsChanged',
        { before: twoDevices, after: { ...twoDevices, activations: 1 }, strategy: 'ALLOW_OVER' },
        trialEnd,
      ),
      event(
        'LicenseTermStarted',
        { termNumber: 2, startsAt: trialEnd, expiresAt: null, trigger: 'TRIAL_ENDED' },
        trialEnd,
      ),
    ]);
    const { facts, activations } = licenseAfter(...history);
    expect(effectiveStatus(facts, tomorrow)).toBe('ACTIVE');
    expect(activations.size).toBe(1);
    given(...history)
      .when(end('2026-01-16T00:00:00.000Z'))
      .thenNothing();
  });
  test('is downgraded even when the limit strategy of the lower limits is REJECT', () => {
    const strict = {
      ...downgrade,
      policy: { ...free, limitStrategy: 'REJECT' as const },
      limits: { ...twoDevices, activations: 0 },
    };
    const history = followedBy([onTrial('DOWNGRADE', strict), ...used.slice(1)], end());
    expect(licenseAfter(...history).facts.policy.tier).toBe('FREE');
  });
  test('does not end early, for another term, or when the license is not a trial', () => {
    given(onTrial('DOWNGRADE')).when(end('2026-01-14T23:59:59.999Z')).thenNothing();
    given(onTrial('DOWNGRADE')).when(end(trialEnd, 2)).thenNothing();
    given(issued()).when(end('2028-01-01T00:00:00.000Z')).thenNothing();
  });
  test('gains no product at its end, and expires without a pinned target', () => {
    const wider = { ...downgrade, products: ['local_cli', 'cloud_ide', 'workflow_app'] };
    expect(licenseAfter(...followedBy([onTrial('DOWNGRADE', wider)], end())).facts.products).toEqual([
      'local_cli',
      'cloud_ide',
    ]);
    given(issued({ policy: trial, term: trialTerm }))
      .when(end())
      .thenEvents(trialExpired);
  });
  test('keeps its suspension', () => {
    const history = followedBy(
      [onTrial('DOWNGRADE')],
      command('Suspend', { reasonCode: 'FRAUD', until: null }, '2026-01-02T00:00:00.000Z'),
      end(),
    );
    expect(effectiveStatus(licenseAfter(...history).facts, tomorrow)).toBe('SUSPENDED');
  });
});
