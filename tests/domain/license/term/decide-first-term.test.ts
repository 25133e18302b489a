import { describe, expect, test } from 'vitest';
import { decide } from '../../../../src/domain/license/decide.ts';
import { effectiveStatus } from '../../../../src/domain/license/status.ts';
import { refuseUse } from '../../../../src/domain/license/usage/usage-guard.ts';
import type { Limits } from '../../../../src/domain/license/usage/usage-limits.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import { oneUse } from '../../../support/one-use.ts';
import { command, device, event, followedBy, policyWith, typesOf } from '../commands.ts';
import {
  activate,
  activatedEvent,
  deactivate,
  expire,
  given,
  issue,
  issued,
  issuedAt,
  issuedEvent,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  renew,
  revoke,
  suspendedEvent,
  twoDevices,
} from '../examples.ts';

const waiting = (basis: 'FIRST_ACTIVATION' | 'FIRST_VALIDATION', timeZone = 'UTC', limits: Partial<Limits> = {}) =>
  issued({
    term: { basis, duration: 'P1M', startsAt: null, expiresAt: null, timeZone },
    limits: { ...twoDevices, ...limits },
  });
const started = (trigger: 'FIRST_ACTIVATION' | 'FIRST_VALIDATION', expiresAt = '2026-07-01T12:00:00.000Z') =>
  event('LicenseTermStarted', { termNumber: 1, startsAt: noon, expiresAt, trigger });
const startTerm = (trigger: 'FIRST_ACTIVATION' | 'FIRST_VALIDATION') => command('StartTerm', { trigger });

describe('a license with a term that starts with its first use', () => {
  test('is issued without start and expiry', () => {
    const term = {
      basis: 'FIRST_ACTIVATION',
      duration: 'P1M',
      startsAt: null,
      expiresAt: null,
      timeZone: 'Europe/Berlin',
    } as const;
    given()
      .when(issue({ term: { kind: 'firstActivation', duration: 'P1M' }, timeZone: 'Europe/Berlin' }))
      .thenEvents(issuedEvent({ term }), keyIssuedEvent);
    given()
      .when(issue({ term: { kind: 'firstValidation', duration: 'P1M' }, timeZone: 'Europe/Berlin' }))
      .thenEvents(issuedEvent({ term: { ...term, basis: 'FIRST_VALIDATION' } }), keyIssuedEvent);
    given()
      .when(issue({ term: { kind: 'firstValidation', duration: 'soon' } }))
      .thenRejected('TERM_INVALID');
  });
  test('goes on waiting after a use that changes nothing', () => {
    given(waiting('FIRST_ACTIVATION'), on(issuedAt, activatedEvent('a', 1)))
      .when(activate('a'))
      .thenNothing();
  });
  test('is NOT_YET_VALID and without a term until then', () => {
    const { facts } = licenseAfter(waiting('FIRST_ACTIVATION'));
    expect(facts.term).toEqual({ number: 0, startsAt: null, expiresAt: null });
    expect(facts.awaited).toEqual({ trigger: 'FIRST_ACTIVATION', duration: 'P1M' });
    expect(effectiveStatus(facts, noon)).toBe('NOT_YET_VALID');
  });
  test('starts with its first activation, in one step, and only with the first', () => {
    const history = followedBy([waiting('FIRST_ACTIVATION')], activate('a'));
    expect(history.slice(1).map(({ event }) => event)).toEqual([started('FIRST_ACTIVATION'), activatedEvent('a', 1)]);
    given(...history)
      .when(activate('b', '2026-06-02T12:00:00.000Z'))
      .thenEvents(activatedEvent('b', 2));
    expect(licenseAfter(...history).facts).toMatchObject({ awaited: null, term: { number: 1, startsAt: noon } });
  });
  test('does not start with a refused activation', () => {
    given(waiting('FIRST_ACTIVATION'))
      .when(activate('a', noon, 'workflow_app'))
      .thenRejected('PRODUCT_NOT_LICENSED');
  });
  test('starts with its first validation, counted in the issuer’s time zone', () => {
    given(waiting('FIRST_VALIDATION')).when(startTerm('FIRST_VALIDATION')).thenEvents(started('FIRST_VALIDATION'));
    given(
      on(
        issuedAt,
        issuedEvent({
          term: {
            ...issuedEvent().data.term,
            basis: 'FIRST_VALIDATION',
            duration: 'P6M',
            startsAt: null,
            expiresAt: null,
            timeZone: 'Europe/Berlin',
          },
        }),
      ),
    )
      .when(startTerm('FIRST_VALIDATION'))
      .thenEvents(started('FIRST_VALIDATION', '2026-12-01T13:00:00.000Z'));
  });
  test('starts once, and by its own trigger only', () => {
    given(...followedBy([waiting('FIRST_VALIDATION')], startTerm('FIRST_VALIDATION')))
      .when(startTerm('FIRST_VALIDATION'))
      .thenNothing();
    given(waiting('FIRST_VALIDATION')).when(startTerm('FIRST_ACTIVATION')).thenRejected('TERM_INVALID');
    given(issued()).when(startTerm('FIRST_ACTIVATION')).thenNothing();
  });
  test('cannot be renewed, moved or announced as expired before it starts', () => {
    given(waiting('FIRST_ACTIVATION')).when(renew()).thenRejected('TERM_INVALID');
    given(waiting('FIRST_ACTIVATION'))
      .when(command('ChangeExpiry', { to: '2027-01-01T00:00:00.000Z', reasonCode: 'GOODWILL' }))
      .thenRejected('TERM_INVALID');
    given(waiting('FIRST_ACTIVATION')).when(expire(noon, 0)).thenNothing();
  });
  test('expires, is renewed and revoked like any other', () => {
    const history = followedBy(
      [waiting('FIRST_ACTIVATION')],
      activate('a'),
      expire('2026-07-01T12:00:00.000Z'),
      renew({ duration: 'P1M' }, '2026-07-01T12:00:00.000Z'),
      revoke('2026-07-02T12:00:00.000Z'),
    );
    expect(typesOf(history.slice(3))).toEqual([
      'LicenseExpired',
      'LicenseRenewed',
      'LicenseRevoked',
      'ActivationDeactivated',
    ]);
  });
  test('cannot start a term that would last beyond the year 9999', () => {
    const late = '9999-12-15T00:00:00.000Z';
    given(waiting('FIRST_ACTIVATION')).when(activate('a', late)).thenRejected('TERM_INVALID');
    given(waiting('FIRST_VALIDATION'))
      .when(command('StartTerm', { trigger: 'FIRST_VALIDATION' }, late))
      .thenRejected('TERM_INVALID');
  });
  test('names its trigger in a refusal', () => {
    const usage = command('RecordUsage', oneUse({ meter: 'builds', quantity: 1, usageId: 'u1', occurredAt: noon }));
    const metered = waiting('FIRST_ACTIVATION', 'UTC', { meters: { builds: 1 } });
    expect(decide(usage, licenseAfter(metered), testEventIds)).toMatchObject({
      detail: 'License lic_1 starts with its first activation or seat.',
    });
    expect(refuseUse(licenseAfter(waiting('FIRST_VALIDATION')).facts, null, noon)).toMatchObject({
      detail: 'License lic_1 starts with its first validation, activation, seat or usage.',
    });
    const later = issued({ term: { ...issuedEvent().data.term, startsAt: '2026-07-01T00:00:00.000Z' } });
    expect(decide(activate('a'), licenseAfter(later), testEventIds)).toMatchObject({
      detail: 'License lic_1 starts at 2026-07-01T00:00:00.000Z.',
    });
  });
  test('needs a time zone that exists', () => {
    given()
      .when(issue({ timeZone: 'Mars/Olympus' }))
      .thenRejected('TERM_INVALID');
  });
});

describe('a renewal', () => {
  test('is possible until the policy’s window after the expiry ends, to the millisecond', () => {
    const license = issued({ policy: policyWith({ renewUntilSeconds: 86_400 }) });
    given(license)
      .when(renew({ duration: 'P1Y' }, '2027-01-02T00:00:00.000Z'))
      .thenRejected('TERM_INVALID');
    expect(typesOf(followedBy([license], renew({ duration: 'P1Y' }, '2027-01-01T23:59:59.999Z')).slice(1))).toEqual([
      'LicenseExpired',
      'LicenseRenewed',
    ]);
  });
  test('counts months on the issuer’s calendar and returns to the anchor day', () => {
    const term = {
      basis: 'ISSUE',
      duration: 'P1M',
      startsAt: '2026-01-30T23:00:00.000Z',
      expiresAt: '2026-02-27T23:00:00.000Z',
      timeZone: 'Europe/Berlin',
    } as const;
    const { facts } = licenseAfter(
      ...followedBy([issued({ term })], renew({ duration: 'P1M' }, '2026-02-01T00:00:00.000Z')),
    );
    expect(facts.term.expiresAt).toBe('2026-03-30T22:00:00.000Z');
  });
});

describe('swapping one device for another', () => {
  const swap = (from: string, into: string, at = noon) =>
    command('SwapActivation', { release: { fingerprintHash: `hash-${from}` }, activate: device(into) }, at);
  const full = followedBy([issued()], activate('a'), activate('b'));

  test('is one step: released, then activated', () => {
    given(...full)
      .when(swap('a', 'c'))
      .thenEvents(
        event('ActivationDeactivated', { activationId: 'act_a', cause: 'SWAP', countAfter: 1 }),
        activatedEvent('c', 2),
      );
  });
  test('changes nothing when it is repeated', () => {
    given(...followedBy(full, swap('a', 'c')))
      .when(swap('a', 'c'))
      .thenNothing();
    given(...full)
      .when(swap('a', 'a'))
      .thenNothing();
  });
  test('is refused when the device to release was never active, or no longer is', () => {
    given(...full)
      .when(swap('x', 'b'))
      .thenRejected('ACTIVATION_NOT_FOUND');
    given(...followedBy([issued()], activate('a'), deactivate('a')))
      .when(swap('a', 'c'))
      .thenRejected('ACTIVATION_NOT_FOUND');
    given(...full, on(noon, suspendedEvent()))
      .when(swap('x', 'c'))
      .thenRejected('LICENSE_SUSPENDED');
  });
  test('is refused when more devices are active than the limit allows', () => {
    const lower = command('ChangeLimits', { limits: { ...twoDevices, activations: 1 } });
    given(...followedBy(full, lower))
      .when(swap('a', 'c'))
      .thenRejected('ACTIVATION_LIMIT_EXCEEDED');
  });
  test('needs an active device to release and an inactive one to activate', () => {
    given(...full)
      .when(swap('x', 'c'))
      .thenRejected('ACTIVATION_NOT_FOUND');
    given(...full)
      .when(swap('a', 'b'))
      .thenRejected('INVALID_REQUEST');
  });
  test('has the guards of both: use, allowance and cooldown', () => {
    given(...full)
      .when(swap('a', 'c', '2027-01-01T00:00:00.000Z'))
      .thenRejected('LICENSE_EXPIRED');
    const policy = policyWith({ deactivation: { allowed: true, cooldownSeconds: 60, maxPerTerm: 2 } });
    const once = followedBy([issued({ policy })], activate('a'), activate('b'), swap('a', 'c'));
    given(...once)
      .when(swap('b', 'd'))
      .thenRejected('COOLDOWN_ACTIVE');
    given(...followedBy(once, swap('b', 'd', '2026-06-01T12:01:00.000Z')))
      .when(swap('d', 'e', '2026-06-02T12:01:00.000Z'))
      .thenRejected('DEACTIVATION_LIMIT');
  });
});
