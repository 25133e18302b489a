import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { effectiveStatus } from '../../../src/domain/license/status.ts';
import type { SuspensionReason } from '../../../src/domain/license/suspension/suspension-events.ts';
import { viewOfFacts } from '../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../src/domain/license/validation/validity.ts';
import { fromMs, toMs } from '../../../src/domain/time.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { sized } from '../../support/size.ts';
import { canonical } from '../properties/check.ts';
import { activate, deactivate, expire, issue, issuedAt, pro, reinstate, renew, revoke, suspend } from './examples.ts';

const limit = 3;
const { decide, evolve, fork, initial } = licenseDecider;

type Step = { readonly afterMs: number; readonly command: (at: string) => LicenseCommand };

const daysMs = 86_400_000;
const device = fc.integer({ min: 0, max: 5 }).map((number) => `d${number}`);
const reason = fc.constantFrom<SuspensionReason>('PAYMENT', 'FRAUD', 'ADMIN');
const commands = fc.oneof(
  { weight: 8, arbitrary: device.map((name) => (at: string) => activate(name, at)) },
  {
    weight: 4,
    arbitrary: fc.tuple(device, fc.constantFrom('USER' as const, 'ADMIN' as const)).map(
      ([name, by]) =>
        (at: string) =>
          deactivate(name, at, by),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(reason, fc.boolean()).map(
      ([code, ends]) =>
        (at: string) =>
          suspend(code, ends ? fromMs(toMs(at) + 20 * daysMs) : null, at),
    ),
  },
  { weight: 2, arbitrary: fc.constant((at: string) => reinstate(at)) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        duration: fc.constantFrom('P1M', 'P40D', 'PT1H'),
        basis: fc.constantFrom('FROM_EXPIRY' as const, 'FROM_NOW' as const, 'FROM_NOW_IF_EXPIRED' as const),
        reasonCode: fc.constantFrom(null, 'PAYMENT'),
      })
      .map((data) => (at: string) => renew(data, at)),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }).map((term) => (at: string) => expire(at, term)) },
  { weight: 1, arbitrary: fc.constant((at: string) => revoke(at)) },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: 15 * daysMs }), command: commands }),
  { minLength: 1, maxLength: 60 },
);

const first = issue({
  policy: { ...pro, expiryGraceSeconds: 3600, deactivation: { allowed: true, cooldownSeconds: 60, maxPerTerm: 3 } },
  term: { kind: 'duration', duration: 'P1M', startsAt: null },
  limits: { activations: limit, seats: 0, users: 0, meters: {} },
});

const run = (script: readonly Step[]) => {
  const history: Stamped<LicenseEvent>[] = [];
  let license = initial();
  let ms = toMs(issuedAt);
  for (const { afterMs, command } of [{ afterMs: 0, command: () => first }, ...script]) {
    ms += afterMs;
    const decision = decide(command(fromMs(ms)), license, testEventIds);
    if (isRejection(decision)) continue;
    for (const event of decision) {
      const stamped = stamp(event, fromMs(ms));
      history.push(stamped);
      license = evolve(license, event, stamped.at);
    }
  }
  return { history, license, events: history.map(({ event }) => event), end: fromMs(ms) };
};

const always = (check: (script: readonly Step[]) => void) =>
  fc.assert(fc.property(steps, check), { numRuns: sized(4000) });

describe('after any commands of a license', () => {
  test('its open activations never exceed the limit, and the facts count them', () =>
    always((script) => {
      const { history } = run(script);
      let license = initial();
      for (const { event, at } of history) {
        license = evolve(license, event, at);
        if (license.kind === 'unissued') continue;
        expect(license.activations.size).toBeLessThanOrEqual(limit);
        expect(license.facts.usage.activations).toBe(license.activations.size);
        expect(license.byFingerprint.size).toBe(license.activations.size);
      }
    }));

  test('every deactivation closes exactly one open activation', () =>
    always((script) => {
      const open = new Set<string>();
      for (const event of run(script).events) {
        if (event.type === 'ActivationRecorded') {
          expect(open.has(event.data.fingerprintHash)).toBe(false);
          open.add(event.data.fingerprintHash);
        }
        if (event.type === 'ActivationDeactivated') {
          expect(open.delete(event.data.activationId.replace('act_', 'hash-'))).toBe(true);
        }
      }
    }));

  test('its terms are numbered one after the other, each ends later, and each is announced at most once', () =>
    always((script) => {
      const { events } = run(script);
      const renewals = events.flatMap((event) => (event.type === 'LicenseRenewed' ? [event.data] : []));
      expect(renewals.map(({ termNumber }) => termNumber)).toEqual(renewals.map((_, index) => index + 2));
      for (const { previousExpiresAt, startsAt, expiresAt } of renewals) {
        expect(expiresAt > previousExpiresAt && expiresAt > startsAt).toBe(true);
      }
      const announced = events.flatMap((event) => (event.type === 'LicenseExpired' ? [event.data.termNumber] : []));
      expect(announced).toEqual([...new Set(announced)].sort((a, b) => a - b));
    }));

  test('only announcements follow its revocation, and no activation stays open', () =>
    always((script) => {
      const { events, license } = run(script);
      const revokedAt = events.findIndex(({ type }) => type === 'LicenseRevoked');
      if (revokedAt === -1) return;
      for (const { type, data } of events.slice(revokedAt + 1)) {
        expect([type, 'cause' in data && data.cause]).toEqual(['ActivationDeactivated', 'LICENSE_REVOKED']);
      }
      expect(license).toMatchObject({ facts: { usage: { activations: 0 } } });
    }));

  test('its history folds to the same state again, and any prefix of it folds', () =>
    always((script) => {
      const { history, license } = run(script);
      expect(canonical(fold(licenseDecider, history))).toBe(canonical(license));
      expect(canonical(fold(licenseDecider, structuredClone(history)))).toBe(canonical(license));
      for (let length = 0; length < history.length; length++) fold(licenseDecider, history.slice(0, length));
    }));

  test('a fork of its state is independent', () =>
    always((script) => {
      const { history } = run(script);
      const middle = Math.floor(history.length / 2);
      const origin = fold(licenseDecider, history.slice(0, middle));
      let copy = fork(origin);
      for (const { event, at } of history.slice(middle)) copy = evolve(copy, event, at);
      expect(origin).toEqual(fold(licenseDecider, history.slice(0, middle)));
      expect(copy).toEqual(fold(licenseDecider, history));
    }));

  test('deciding changes nothing', () =>
    always((script) => {
      const { license, end } = run(script);
      const before = canonical(license);
      for (const { command } of script) decide(command(end), license, testEventIds);
      expect(canonical(license)).toBe(before);
    }));

  test('a repeated command changes nothing', () =>
    always((script) => {
      const { license, end } = run(script);
      if (license.kind === 'unissued') return;
      // Each renewal adds a term. Only its command id makes a retry safe.
      for (const { command } of script.filter((step) => step.command(end).type !== 'Renew')) {
        const copy = fork(license);
        const decision = decide(command(end), copy, testEventIds);
        if (isRejection(decision)) continue;
        let after = copy;
        for (const event of decision) after = evolve(after, event, stamp(event, end).at);
        expect(decide(command(end), after, testEventIds)).toEqual([]);
      }
    }));

  test('validation agrees with its status at any time', () =>
    always((script) => {
      const { license, end } = run(script);
      if (license.kind === 'unissued') return;
      const status = effectiveStatus(license.facts, end);
      const { valid } = validate(viewOfFacts(license.facts), { product: null, fingerprint: null }, end);
      expect(valid).toBe(status === 'ACTIVE' || status === 'IN_GRACE');
    }));
});
