import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LicenseFacts } from '../../../src/domain/license/license.ts';
import { type RecordedStatus, recordedStatus } from '../../../src/domain/license/recorded-status.ts';
import { status } from '../../../src/domain/license/status.ts';
import { fromMs, toMs } from '../../../src/domain/time.ts';
import { expiresAt, issued, issuedAt, licenseAfter, noon, tomorrow, withGrace } from './examples.ts';

const license = licenseAfter(issued()).facts;
const graced = licenseAfter(issued({ policy: withGrace })).facts;
const isRight = ({ from, until }: RecordedStatus, at: string) =>
  (from === null || from <= at) && (until === null || at < until);

describe('The recorded status of a license', () => {
  test('is ACTIVE until the term ends, and EXPIRED from its end once the expiry is recorded', () => {
    expect(recordedStatus(license)).toEqual({ status: 'ACTIVE', from: null, until: expiresAt });
    expect(recordedStatus({ ...license, announcedTerm: 1 })).toEqual({
      status: 'EXPIRED',
      from: expiresAt,
      until: null,
    });
  });

  test('is EXPIRED after a grace only once the end of the grace is recorded', () => {
    expect(recordedStatus({ ...graced, announcedTerm: 1 }).status).toBe('ACTIVE');
    expect(recordedStatus({ ...graced, announcedTerm: 1, graceEndedTerm: 1 }).status).toBe('EXPIRED');
  });

  test('is SUSPENDED until the end of the suspension, and REVOKED for ever', () => {
    const suspended: LicenseFacts = { ...license, suspension: { reasonCode: 'ADMIN', since: issuedAt, until: noon } };
    expect(recordedStatus(suspended)).toEqual({ status: 'SUSPENDED', from: null, until: noon });
    expect(recordedStatus({ ...suspended, revokedAt: tomorrow })).toEqual({
      status: 'REVOKED',
      from: null,
      until: null,
    });
  });

  test('is the status at every instant between its bounds', () => {
    const instants = fc.integer({ min: -5, max: 20 }).map((days) => fromMs(toMs(expiresAt) + days * 86_400_000));
    const instantOrNull = fc.option(instants);
    const suspensions = fc.record({ since: fc.constant(issuedAt), until: instantOrNull });
    const facts = fc.record({
      grace: fc.constantFrom(0, 5 * 86_400),
      announcedTerm: fc.constantFrom(0, 1),
      graceEndedTerm: fc.constantFrom(0, 1),
      revokedAt: fc.option(instants, { freq: 1 }),
      suspension: fc.option(suspensions),
      scheduled: fc.array(fc.record({ effectiveAt: instants, until: instantOrNull }), { maxLength: 2 }),
      end: instantOrNull,
      at: instants,
    });
    let right = 0;
    fc.assert(
      fc.property(facts, ({ grace, scheduled, suspension, end, at, ...values }) => {
        const drawn: LicenseFacts = {
          ...license,
          ...values,
          policy: { ...license.policy, expiryGraceSeconds: grace },
          term: { ...license.term, expiresAt: end },
          suspension: suspension === null ? null : { reasonCode: 'ADMIN', ...suspension },
          scheduled: scheduled.map(({ effectiveAt, until }, index) => ({
            eventId: `evt_${index}`,
            effectiveAt,
            change: { kind: 'SUSPENSION', reasonCode: 'PAYMENT', until },
          })),
        };
        const recorded = recordedStatus(drawn);
        if (!isRight(recorded, at)) return;
        right += 1;
        expect(recorded.status).toBe(status(drawn, at));
      }),
      { numRuns: 2_000 },
    );
    expect(right).toBeGreaterThan(200);
  });
});
