import { describe, expect, test } from 'vitest';
import { dueCommands, nextDueAt } from '../../../src/domain/license/due.ts';
import type { Due } from '../../../src/domain/license/due-command.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { command, enterprise, followedBy, free, policyWith, to, trial } from './commands.ts';
import {
  activate,
  activated,
  expire,
  expiresAt,
  graceEndsAt,
  issued,
  justBeforeExpiry,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  oneYear,
  perpetual,
  renew,
  revoke,
  suspend,
  tomorrow,
} from './examples.ts';

type History = Parameters<typeof followedBy>[0];

const factsOf = (history: History) => licenseAfter(...history).facts;
const dueIn = (history: History, at: string) => dueCommands(factsOf(history), at);
const nextIn = (history: History) => nextDueAt(factsOf(history));
const under = (overrides: Partial<PinnedPolicy>) => issued({ policy: policyWith({ remindBefore: [], ...overrides }) });
const expiry: Due = { type: 'Expire', data: { termNumber: 1 } };
const reminder = (offset: string): Due => ({ type: 'Remind', data: { termNumber: 1, offset } });

describe('the end of a term', () => {
  test('is due from its instant on, until it is announced', () => {
    const license = [under({})];
    expect(nextIn(license)).toBe(expiresAt);
    expect(dueIn(license, justBeforeExpiry)).toEqual([]);
    expect(dueIn(license, expiresAt)).toEqual([expiry]);
    expect(dueIn(license, '2036-01-01T00:00:00.000Z')).toEqual([expiry]);
    const announced = followedBy(license, expire());
    expect(dueIn(announced, expiresAt)).toEqual([]);
    expect(nextIn(announced)).toBeNull();
  });
  test('is the end of the new term for a renewed license', () => {
    const renewed = followedBy([under({})], expire(), renew({ basis: 'FROM_NOW' }, '2027-02-01T00:00:00.000Z'));
    expect(nextIn(renewed)).toBe('2028-02-01T00:00:00.000Z');
    expect(dueIn(renewed, '2028-02-01T00:00:00.000Z')).toEqual([{ type: 'Expire', data: { termNumber: 2 } }]);
  });
  test('is never due for a perpetual license, or one that waits for its first use', () => {
    expect(nextIn([issued({ term: perpetual })])).toBeNull();
    expect(
      nextIn([issued({ term: { ...oneYear, basis: 'FIRST_ACTIVATION', startsAt: null, expiresAt: null } })]),
    ).toBeNull();
  });
  test('is also due for a suspended license', () => {
    expect(dueIn(followedBy([under({})], suspend()), expiresAt)).toEqual([expiry]);
  });
});

describe('the end of a grace', () => {
  const license = [under({ expiryGraceSeconds: 86_400 })];
  const graceEnd: Due = { type: 'EndGrace', data: { termNumber: 1 } };

  test('is due after the expiry, or together with a missed one, until it is announced', () => {
    expect(dueIn(license, expiresAt)).toEqual([expiry]);
    expect(dueIn(license, graceEndsAt)).toEqual([expiry, graceEnd]);
    const announced = followedBy(license, expire());
    expect(nextIn(announced)).toBe(graceEndsAt);
    expect(dueIn(announced, '2027-01-01T23:59:59.999Z')).toEqual([]);
    expect(dueIn(announced, graceEndsAt)).toEqual([graceEnd]);
    const ended = followedBy(announced, command('EndGrace', { termNumber: 1 }, graceEndsAt));
    expect(dueIn(ended, graceEndsAt)).toEqual([]);
    expect(nextIn(ended)).toBeNull();
  });
});

describe('reminders', () => {
  const license = [under({ remindBefore: ['P30D', 'P7D', 'P2Y'] })];
  const [monthBefore, weekBefore] = ['2026-12-02T00:00:00.000Z', '2026-12-25T00:00:00.000Z'];

  test('are due from their offset on until the expiry, each once, and not when longer than the term', () => {
    expect(nextIn(license)).toBe(monthBefore);
    expect(dueIn(license, '2026-12-01T23:59:59.999Z')).toEqual([]);
    expect(dueIn(license, monthBefore)).toEqual([reminder('P30D')]);
    expect(dueIn(license, justBeforeExpiry)).toEqual([reminder('P30D'), reminder('P7D')]);
    expect(dueIn(license, expiresAt)).toEqual([expiry]);
    const reminded = followedBy(license, command('Remind', { termNumber: 1, offset: 'P30D' }, monthBefore));
    expect(nextIn(reminded)).toBe(weekBefore);
    expect(dueIn(reminded, justBeforeExpiry)).toEqual([reminder('P7D')]);
    const twice = followedBy(reminded, command('Remind', { termNumber: 1, offset: 'P7D' }, weekBefore));
    expect(dueIn(twice, justBeforeExpiry)).toEqual([]);
    expect(nextIn(twice)).toBe(expiresAt);
  });
  test('are not sent late after the expiry was announced', () => {
    const announced = followedBy(license, expire());
    expect(dueIn(announced, expiresAt)).toEqual([]);
    expect(nextIn(announced)).toBeNull();
  });
});

describe('a trial that ends', () => {
  const trialEnd: Due = { type: 'EndTrial', data: { termNumber: 1 } };
  const onTrial = (overrides: Partial<PinnedPolicy> = {}) => [
    issued({ policy: { ...trial, remindBefore: [], expiryGraceSeconds: 60, ...overrides }, afterTrial: to(free) }),
  ];

  test('becomes FREE by one command, instead of an expiry and a grace', () => {
    expect(dueIn(onTrial(), justBeforeExpiry)).toEqual([]);
    expect(dueIn(onTrial(), graceEndsAt)).toEqual([trialEnd]);
    expect(nextIn(onTrial())).toBe(expiresAt);
    expect(dueIn(followedBy(onTrial(), expire()), expiresAt)).toEqual([trialEnd]);
    const ended = followedBy(onTrial(), command('EndTrial', { termNumber: 1 }, expiresAt));
    expect(dueIn(ended, graceEndsAt)).toEqual([]);
    expect(nextIn(ended)).toBeNull();
  });
  test('without downgrade expires like any other license', () => {
    expect(dueIn(onTrial({ trialEnd: 'EXPIRE', expiryGraceSeconds: 0 }), expiresAt)).toEqual([expiry]);
    expect(dueIn([under({ trialEnd: 'DOWNGRADE' })], expiresAt)).toEqual([expiry]);
  });
  test('sends reminders before', () => {
    const [license] = [onTrial({ remindBefore: ['P1D'] })];
    expect(dueIn(license, justBeforeExpiry)).toEqual([reminder('P1D')]);
  });
});

describe('an announced tier change', () => {
  const planned = (effectiveAt: string, history: History = [under({})]) =>
    followedBy(history, command('ChangeTier', { target: to(enterprise), scheduled: { effectiveAt } }));
  const change: Due = { type: 'CarryOutScheduled', data: { eventId: 'evt_1' } };

  test('is due from its instant on, until it is carried out or withdrawn', () => {
    expect(nextIn(planned(tomorrow))).toBe(tomorrow);
    expect(dueIn(planned(tomorrow), '2026-06-02T11:59:59.999Z')).toEqual([]);
    expect(dueIn(planned(tomorrow), tomorrow)).toEqual([change]);
    const done = followedBy(planned(tomorrow), command('CarryOutScheduled', { eventId: 'evt_1' }, tomorrow));
    expect(dueIn(done, tomorrow)).toEqual([]);
    expect(nextIn(followedBy(planned(tomorrow), command('CancelScheduled', { eventId: 'evt_1' })))).toBe(expiresAt);
  });
  test('comes before later commands, and before the end of the trial at the same instant', () => {
    expect(dueIn(planned(tomorrow), expiresAt)).toEqual([change, expiry]);
    const trialOf = [issued({ policy: { ...trial, remindBefore: [] }, afterTrial: to(free) })];
    const onTrial = followedBy(
      trialOf,
      command('ChangeTier', { target: to(free), scheduled: { effectiveAt: expiresAt } }),
    );
    expect(dueIn(onTrial, expiresAt)).toEqual([change, { type: 'EndTrial', data: { termNumber: 1 } }]);
    expect(dueIn(planned('2027-01-01T00:00:00.001Z'), '2027-02-01T00:00:00.000Z')).toEqual([expiry, change]);
  });
  test('is the only announced change that is carried out by a command', () => {
    const scheduled = { effectiveAt: tomorrow };
    const others = followedBy(
      [under({})],
      command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled }),
      command('SetRenewal', { to: 'auto', scheduled }),
    );
    expect(dueIn(others, tomorrow)).toEqual([]);
    expect(nextIn(others)).toBe(expiresAt);
  });
  test('is carried out also when its limit strategy would refuse an immediate change', () => {
    const strict = to(policyWith({ policyId: 'pol_2', limitStrategy: 'REJECT' }), {
      limits: { activations: 0, seats: 0, users: 0, meters: {} },
    });
    const history = followedBy(
      [under({}), activated('a', 1)],
      activate('b'),
      command('ChangeTier', { target: strict, scheduled: { effectiveAt: tomorrow } }),
    );
    expect(dueIn(followedBy(history, command('CarryOutScheduled', { eventId: 'evt_1' }, tomorrow)), tomorrow)).toEqual(
      [],
    );
    expect(dueIn(history, '2026-07-01T00:00:00.000Z')).toEqual([change]);
    expect(nextIn(history)).toBe(tomorrow);
    const facts = factsOf(history);
    expect([noon, tomorrow, expiresAt].map((after) => nextDueAt(facts, after))).toEqual([tomorrow, expiresAt, null]);
  });
});

describe('a rotated key', () => {
  const rotated = followedBy(
    [under({}), on(noon, keyIssuedEvent)],
    command('RotateKey', { keyHash: 'cd', secretId: 's1', hint: 'ZV3MP', overlapSeconds: 60, cause: 'ROUTINE' }),
  );
  const overlapEnd = '2026-06-01T12:01:00.000Z';
  const retirement: Due = { type: 'RetireKey', data: { keyVersion: 1 } };

  test('is retired once when its overlap ends', () => {
    expect(nextIn(rotated)).toBe(overlapEnd);
    expect(dueIn(rotated, '2026-06-01T12:00:59.999Z')).toEqual([]);
    expect(dueIn(rotated, overlapEnd)).toEqual([retirement]);
    expect(dueIn(rotated, expiresAt)).toEqual([retirement, expiry]);
    expect(nextIn(followedBy(rotated, command('RetireKey', { keyVersion: 1 }, overlapEnd)))).toBe(expiresAt);
  });
});

test('nothing is due for a revoked license', () => {
  const revoked = followedBy([under({ expiryGraceSeconds: 60 })], revoke());
  expect(dueIn(revoked, graceEndsAt)).toEqual([]);
  expect(nextIn(revoked)).toBeNull();
});

describe('an end by the clock', () => {
  const grant = (code: string, until: string) =>
    command('GrantEntitlement', { code, value: null, limit: null, until, source: 'grant' });
  const endOf = (type: 'EndSuspension' | 'EndEntitlements'): Due => ({ type, data: { until: tomorrow } });

  test('of a suspension is due once, unless another suspension covers it', () => {
    const until = command('Suspend', { reasonCode: 'ADMIN', until: tomorrow });
    const suspended = followedBy([under({})], until);
    expect(nextIn(suspended)).toBe(tomorrow);
    expect(dueIn(suspended, noon)).toEqual([]);
    expect(dueIn(suspended, tomorrow)).toEqual([endOf('EndSuspension')]);
    const end = command('EndSuspension', { until: tomorrow }, tomorrow);
    expect(nextIn(followedBy(suspended, end))).toBe(expiresAt);
    expect(nextIn(followedBy(suspended, command('EndSuspension', { until: tomorrow })))).toBe(tomorrow);
    expect(followedBy(suspended, end, end)).toEqual(followedBy(suspended, end));
    expect(nextIn(followedBy([under({})], until, suspend('FRAUD', null, noon)))).toBe(expiresAt);
  });
  test('of an entitlement is due once, together with those that end at the same instant', () => {
    const granted = followedBy([under({})], grant('sso', tomorrow), grant('export', tomorrow));
    expect(nextIn(granted)).toBe(tomorrow);
    expect(dueIn(granted, tomorrow)).toEqual([endOf('EndEntitlements')]);
    const end = command('EndEntitlements', { until: tomorrow }, tomorrow);
    expect(nextIn(followedBy(granted, end))).toBe(expiresAt);
    expect(nextIn(followedBy(granted, command('EndEntitlements', { until: tomorrow })))).toBe(tomorrow);
  });
  test('comes before a tier change at the same instant', () => {
    const change = command('ChangeTier', { target: to(enterprise), scheduled: { effectiveAt: tomorrow } });
    expect(dueIn(followedBy([under({})], change, grant('sso', tomorrow)), tomorrow).map(({ type }) => type)).toEqual([
      'EndEntitlements',
      'CarryOutScheduled',
    ]);
  });
});
