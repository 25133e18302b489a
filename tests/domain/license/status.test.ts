import { describe, expect, test } from 'vitest';
import type { LicenseFacts, Suspension } from '../../../src/domain/license/license.ts';
import {
  type EffectiveStatus,
  effectiveStatus,
  graceUntil,
  simpleStatus,
  status,
} from '../../../src/domain/license/status.ts';
import {
  expiresAt,
  graceEndsAt,
  issued,
  issuedAt,
  justBeforeExpiry,
  licenseAfter,
  noon,
  perpetual,
  tomorrow,
  withGrace,
} from './examples.ts';

const license = licenseAfter(issued()).facts;
const graced = licenseAfter(issued({ policy: withGrace })).facts;
const suspension = (until: string | null): Suspension => ({ reasonCode: 'ADMIN', since: issuedAt, until });

describe('the status of a license', () => {
  const revocations = { none: null, revoked: noon };
  const announced = (effectiveAt: string, until: string | null): Partial<LicenseFacts> => ({
    scheduled: [{ eventId: 'evt_1', effectiveAt, change: { kind: 'SUSPENSION', reasonCode: 'PAYMENT', until } }],
  });
  const suspensions: Readonly<Record<string, Partial<LicenseFacts>>> = {
    none: {},
    over: { suspension: suspension(noon) },
    open: { suspension: suspension(null) },
    timed: { suspension: suspension(tomorrow) },
    announced: announced(tomorrow, null),
    come: announced(noon, null),
    'come and gone': announced(issuedAt, noon),
  };
  const terms = {
    notStarted: { number: 1, startsAt: tomorrow, expiresAt },
    running: { number: 1, startsAt: issuedAt, expiresAt },
    inGrace: { number: 1, startsAt: issuedAt, expiresAt: noon },
    expired: { number: 1, startsAt: issuedAt, expiresAt: '2026-05-31T12:00:00.000Z' },
    perpetual: { number: 1, startsAt: issuedAt, expiresAt: null },
    perpetualNotStarted: { number: 1, startsAt: tomorrow, expiresAt: null },
    awaited: { number: 0, startsAt: null, expiresAt: null },
  };
  const ofTerm: Record<keyof typeof terms, EffectiveStatus> = {
    notStarted: 'NOT_YET_VALID',
    running: 'ACTIVE',
    inGrace: 'IN_GRACE',
    expired: 'EXPIRED',
    perpetual: 'ACTIVE',
    perpetualNotStarted: 'NOT_YET_VALID',
    awaited: 'NOT_YET_VALID',
  };

  const combinations = Object.entries(revocations).flatMap(([revocation, revokedAt]) =>
    Object.entries(suspensions).flatMap(([suspended, suspension]) =>
      Object.entries(terms).flatMap(([term, span]) =>
        [0, 1].map((announcedTerm) => {
          const facts: LicenseFacts = { ...graced, ...suspension, revokedAt, term: span, announcedTerm };
          const isSuspended = ['open', 'timed', 'come'].includes(suspended);
          const expected =
            revocation === 'revoked' ? 'REVOKED' : isSuspended ? 'SUSPENDED' : ofTerm[term as keyof typeof terms];
          return [revocation, suspended, term, announcedTerm, expected, facts] as const;
        }),
      ),
    ),
  );

  test('is defined for every combination of facets', () => expect(combinations).toHaveLength(2 * 7 * 7 * 2));
  test.each(combinations)(
    'revocation %s, suspension %s, term %s, announced %i: %s',
    (_r, _s, _t, _a, expected, facts) => {
      expect(effectiveStatus(facts, noon)).toBe(expected);
      expect(status(facts, noon)).toBe(simpleStatus(expected));
    },
  );

  test('a license in its grace, or before its start, has the simple status ACTIVE', () => {
    expect(
      ['REVOKED', 'SUSPENDED', 'EXPIRED', 'IN_GRACE', 'NOT_YET_VALID', 'ACTIVE'].map((full) =>
        simpleStatus(full as EffectiveStatus),
      ),
    ).toEqual(['REVOKED', 'SUSPENDED', 'EXPIRED', 'ACTIVE', 'ACTIVE', 'ACTIVE']);
  });
});

describe('intervals are half open, to the millisecond', () => {
  test.each<[string, LicenseFacts, string, EffectiveStatus]>([
    ['before the start', license, '2025-12-31T23:59:59.999Z', 'NOT_YET_VALID'],
    ['at the start', license, issuedAt, 'ACTIVE'],
    ['before the expiry', license, justBeforeExpiry, 'ACTIVE'],
    ['at the expiry', license, expiresAt, 'EXPIRED'],
    ['before the expiry, with grace', graced, justBeforeExpiry, 'ACTIVE'],
    ['at the expiry, with grace', graced, expiresAt, 'IN_GRACE'],
    ['before the end of the grace', graced, '2027-01-01T23:59:59.999Z', 'IN_GRACE'],
    ['at the end of the grace', graced, graceEndsAt, 'EXPIRED'],
    [
      'before the end of the suspension',
      { ...license, suspension: suspension(tomorrow) },
      '2026-06-02T11:59:59.999Z',
      'SUSPENDED',
    ],
    ['at the end of the suspension', { ...license, suspension: suspension(tomorrow) }, tomorrow, 'ACTIVE'],
  ])('%s', (_, facts, at, expected) => expect(effectiveStatus(facts, at)).toBe(expected));

  test('the end of the grace is known from the start', () => {
    expect(
      [license, graced, licenseAfter(issued({ policy: withGrace, term: perpetual })).facts].map(graceUntil),
    ).toEqual([null, graceEndsAt, null]);
  });
});
