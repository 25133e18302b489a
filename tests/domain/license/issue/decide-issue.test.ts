import { describe, expect, test } from 'vitest';
import { isRejection } from '../../../../src/domain/decider.ts';
import { decide } from '../../../../src/domain/license/decide.ts';
import type { Limits } from '../../../../src/domain/license/usage/usage-limits.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import {
  expiresAt,
  given,
  issue,
  issued,
  issuedAt,
  issuedEvent,
  issueFor,
  keyIssuedEvent,
  licenseAfter,
  on,
  oneYear,
  perpetual,
  twoDevices,
} from '../examples.ts';

describe('issuing a license', () => {
  test('pins the policy and issues the first key', () => {
    given().when(issue()).thenEvents(issuedEvent(), keyIssuedEvent);
  });
  test('with a fixed expiry needs no duration', () => {
    given()
      .when(issueFor({ kind: 'fixed', startsAt: null, expiresAt }))
      .thenEvents(issuedEvent({ term: { ...oneYear, basis: 'FIXED', duration: null } }), keyIssuedEvent);
  });
  test('for ever has no expiry', () => {
    given()
      .when(issueFor({ kind: 'perpetual', startsAt: null }))
      .thenEvents(issuedEvent({ term: perpetual }), keyIssuedEvent);
  });
  test('may start later: its duration counts from there', () => {
    const startsAt = '2026-02-01T00:00:00.000Z';
    given()
      .when(issueFor({ kind: 'duration', duration: 'P1M', startsAt }))
      .thenEvents(
        issuedEvent({ term: { ...oneYear, duration: 'P1M', startsAt, expiresAt: '2026-03-01T00:00:00.000Z' } }),
        keyIssuedEvent,
      );
  });
  test('may have started earlier, when its term has not ended', () => {
    const startsAt = '2025-12-31T23:00:00.000Z';
    given()
      .when(issueFor({ kind: 'duration', duration: 'PT2H', startsAt }))
      .thenEvents(
        issuedEvent({ term: { ...oneYear, duration: 'PT2H', startsAt, expiresAt: '2026-01-01T01:00:00.000Z' } }),
        keyIssuedEvent,
      );
    given()
      .when(issueFor({ kind: 'duration', duration: 'PT1H', startsAt }))
      .thenRejected('TERM_INVALID');
  });
  test('changes nothing when it is repeated', () => {
    given(issued()).when(issue()).thenNothing();
  });
  test('leaves a license with its key and no device', () => {
    const { facts, activations } = licenseAfter(issued(), on(issuedAt, keyIssuedEvent));
    expect(facts).toMatchObject({
      term: { number: 1, startsAt: issuedAt, expiresAt },
      announcedTerm: 0,
      usage: { activations: 0 },
      keyVersion: 1,
      keyHint: 'SYQV9',
      createdAt: issuedAt,
      suspension: null,
      revokedAt: null,
    });
    expect(activations.size).toBe(0);
  });

  test.each([
    ['a duration that is none', { kind: 'duration', duration: '1 year', startsAt: null }],
    ['an empty duration', { kind: 'duration', duration: 'P0D', startsAt: null }],
    ['a duration beyond the year 9999', { kind: 'duration', duration: 'P100Y', startsAt: '9950-01-01T00:00:00.000Z' }],
    ['a start that is no instant', { kind: 'perpetual', startsAt: '2026-02-30T00:00:00.000Z' }],
    ['an expiry that is no instant', { kind: 'fixed', expiresAt: '2027-01-01', startsAt: null }],
    ['an expiry now', { kind: 'fixed', expiresAt: issuedAt, startsAt: null }],
    [
      'an expiry in the past',
      { kind: 'fixed', expiresAt: '2025-06-01T00:00:00.000Z', startsAt: '2025-01-01T00:00:00.000Z' },
    ],
    ['an expiry at its start', { kind: 'fixed', expiresAt, startsAt: expiresAt }],
    ['an expiry before its start', { kind: 'fixed', expiresAt, startsAt: '2028-01-01T00:00:00.000Z' }],
  ] as const)('is refused with %s', (_, term) => {
    given().when(issueFor(term)).thenRejected('TERM_INVALID');
  });

  test.each<[string, Partial<Limits>]>([
    ['activations', { activations: -1 }],
    ['activations', { activations: 1.5 }],
    ['seats', { seats: Number.NaN }],
    ['users', { users: 2 ** 53 }],
    ['meter builds', { meters: { builds: -5 } }],
  ])('is refused with a limit of %s that is no count', (named, wrong) => {
    const decision = decide(issue({ limits: { ...twoDevices, ...wrong } }), { kind: 'unissued' }, testEventIds);
    expect(decision).toMatchObject({ rejected: 'LIMIT_INVALID' });
    expect(isRejection(decision) && decision.detail).toContain(named);
  });
  test('may allow no device at all', () => {
    const limits = { activations: 0, seats: 0, users: 0, meters: { builds: 100 } };
    given().when(issue({ limits })).thenEvents(issuedEvent({ limits }), keyIssuedEvent);
  });
});
