import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInPolicyId } from '../../src/aggregates/built-in-policy-ids.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import { sweepDue } from '../../src/workers/sweep-due.ts';
import { testHash, testId } from '../support/license-fixtures.ts';
import {
  caughtUp,
  eventsOf,
  fail,
  inDays,
  isDue,
  issue,
  ledger,
  onTrial,
  planChange,
  send,
  startProduct,
  stopProduct,
  sweep,
  typesOf,
} from './sweeping.ts';

beforeAll(startProduct, 60_000);
afterAll(stopProduct);

describe('A sweep', () => {
  test('announces the end of a grace period with its own instant, after the expiry', async () => {
    const licenseId = await issue(1, { expiryGraceSeconds: 86_400 });
    expect(await sweep(inDays(1.5), [licenseId])).toBe(1);
    await caughtUp(licenseId);
    expect(await isDue(licenseId, inDays(1.9))).toBe(false);
    expect(await sweep(inDays(400), [licenseId])).toBe(1);
    const [expired, ended, ...more] = (await eventsOf(licenseId)).slice(2);
    expect(expired?.type).toBe('LicenseExpired');
    expect(ended).toMatchObject({
      type: 'LicenseGraceEnded',
      data: { termNumber: 1 },
      metadata: { actor: { type: 'SYSTEM', id: 'expiry-sweep' }, effectiveAt: ended?.data.graceUntil },
    });
    expect(more).toEqual([]);
    await caughtUp(licenseId);
    expect(await isDue(licenseId, inDays(4_000))).toBe(false);
  });

  test('announces an expiry and the end of its grace period when both are overdue', async () => {
    const licenseId = await issue(1, { expiryGraceSeconds: 3_600 });
    expect(await sweep(inDays(30), [licenseId])).toBe(2);
    expect(await typesOf(licenseId, 2)).toEqual(['LicenseExpired', 'LicenseGraceEnded']);
  });

  test('sends no further command after the worker is told to stop, not even to the same license', async () => {
    const licenseId = await issue(1, { expiryGraceSeconds: 3_600 });
    const stop = new AbortController();
    const execute: typeof ledger.executor.execute = async (...command) => {
      const executed = await ledger.executor.execute(...command);
      stop.abort();
      return executed;
    };
    const sweepUntil = (signal: AbortSignal) =>
      sweepDue({
        due: async () => [{ licenseId, dueAt: inDays(1).toISOString() }],
        executor: { ...ledger.executor, execute },
        now: () => inDays(30),
        onRefused: fail,
        onError: fail,
        signal,
      });
    expect(await sweepUntil(stop.signal)).toBe(1);
    expect(await typesOf(licenseId, 2)).toEqual(['LicenseExpired']);
    expect(await sweep(inDays(30), [licenseId])).toBe(1);
    expect(await typesOf(licenseId, 2)).toEqual(['LicenseExpired', 'LicenseGraceEnded']);
  });

  test('sends one reminder per offset when several sweeps run at once, and none for an offset longer than the term', async () => {
    const licenseId = await issue(10, { remindBefore: ['P30D', 'P7D', 'P1D'] });
    expect(await isDue(licenseId, inDays(2.9))).toBe(false);
    const counts = await Promise.all([1, 2, 3].map(() => sweep(inDays(3), [licenseId])));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    await caughtUp(licenseId);
    expect(await sweep(inDays(3), [licenseId])).toBe(0);
    expect(await sweep(inDays(9.5), [licenseId])).toBe(1);
    const reminders = (await eventsOf(licenseId)).slice(2);
    expect(reminders.map(({ type, data }) => [type, data.offset])).toEqual([
      ['LicenseExpiringSoon', 'P7D'],
      ['LicenseExpiringSoon', 'P1D'],
    ]);
  });

  test('changes an ended trial to the built-in FREE policy when the issuer has no catalog', async () => {
    const licenseId = await onTrial(ledger.b.organizationId);
    expect(await sweep(inDays(13.9), [licenseId])).toBe(0);
    expect(await sweep(inDays(20), [licenseId])).toBe(1);
    const [expired, changed, limits, started] = (await eventsOf(licenseId)).slice(2);
    expect([expired?.type, limits?.type]).toEqual(['LicenseExpired', 'LicenseLimitsChanged']);
    expect(changed).toMatchObject({
      type: 'LicenseTierChanged',
      data: { to: 'FREE', cause: 'TRIAL_ENDED', policyId: builtInPolicyId(ledger.b.organizationId, 'FREE') },
    });
    expect(started).toMatchObject({ type: 'LicenseTermStarted', data: { expiresAt: null, trigger: 'TRIAL_ENDED' } });
    await caughtUp(licenseId);
    expect(await isDue(licenseId, inDays(4_000))).toBe(false);
  });

  test('carries out an overdue tier change with its consequences', async () => {
    const licenseId = await issue(100);
    const target = { policy: builtInPolicy('FREE', testId('pol', 'free')), products: ['local_cli'] };
    await send(licenseId, {
      type: 'ChangeTier',
      data: {
        target: { ...target, limits: null, entitlements: null },
        scheduled: { effectiveAt: inDays(2).toISOString() },
      },
    });
    expect(await sweep(inDays(1.9), [licenseId])).toBe(0);
    expect(await sweep(inDays(9), [licenseId])).toBe(1);
    expect(await typesOf(licenseId, 3)).toEqual(['LicenseTierChanged', 'ProductRemoved']);
  });

  test('does not carry out a change that was cancelled after the worker read its row', async () => {
    const licenseId = await issue(100);
    const [planned] = await planChange(licenseId, 2);
    const eventId = String(planned?.data.eventId);
    await send(licenseId, { type: 'CancelScheduled', data: { eventId } });
    const stale = { licenseId, dueAt: inDays(2).toISOString() };
    const { executor } = ledger;
    const due = async () => [stale];
    expect(await sweepDue({ due, executor, now: () => inDays(3), onRefused: fail, onError: fail })).toBe(0);
  });

  test('announces the ends of a timed suspension and of an entitlement once, when several sweeps run at once', async () => {
    const licenseId = await issue(100);
    const [until, ends] = [inDays(2).toISOString(), inDays(3).toISOString()];
    await send(licenseId, { type: 'Suspend', data: { reasonCode: 'ADMIN', until } });
    const sso = { code: 'sso', value: null, limit: null, until: ends, source: 'grant' } as const;
    await send(licenseId, { type: 'GrantEntitlement', data: sso });
    expect(await isDue(licenseId, inDays(1.9))).toBe(false);
    const counts = await Promise.all([1, 2, 3].map(() => sweep(inDays(4), [licenseId])));
    expect(counts.reduce((sum, count) => sum + count)).toBe(2);
    await caughtUp(licenseId);
    expect(await sweep(inDays(9), [licenseId])).toBe(0);
    const types = 'types=LicenseReinstated,EntitlementEnded';
    const expected = [
      { effectiveAt: until, actor: { type: 'SYSTEM', id: 'expiry-sweep' } },
      { effectiveAt: ends, data: { code: 'sso', source: 'grant', until: ends } },
    ];
    const history = await ledger.call('GET', `/v1/licenses/${licenseId}/history?${types}`, { key: ledger.a.apiKey });
    expect(history.body.data).toMatchObject(expected);
    const feed = await ledger.call('GET', `/v1/events?${types}`, { key: ledger.a.apiKey });
    const ofLicense = Object.values(feed.body.data ?? {}).filter((entry) => JSON.stringify(entry).includes(licenseId));
    expect(ofLicense.map(({ type }) => type)).toEqual(['ledger.license.reinstated.v1', 'ledger.entitlement.ended.v2']);
  });

  test('announces the end of a rotated key with the instant that its overlap ended', async () => {
    const licenseId = await issue(100);
    const [rotated] = await send(licenseId, {
      type: 'RotateKey',
      data: {
        keyHash: testHash(`second ${licenseId}`),
        secretId: 's',
        hint: 'B',
        overlapSeconds: 60,
        cause: 'ROUTINE',
      },
    });
    expect(await sweep(inDays(1), [licenseId])).toBe(1);
    const [retired, ...more] = (await eventsOf(licenseId)).slice(3);
    expect(more).toEqual([]);
    expect(retired).toMatchObject({ type: 'LicenseKeyRetired', data: { keyVersion: 1 } });
    expect(retired?.metadata.effectiveAt).toBe(rotated?.data.overlapUntil);
  });
});
