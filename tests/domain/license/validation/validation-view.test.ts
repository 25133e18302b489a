import { describe, expect, test } from 'vitest';
import { viewOfFacts } from '../../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { command, device, followedBy } from '../commands.ts';
import { activate, issued, issuedAt, keyIssuedEvent, licenseAfter, noon, on } from '../examples.ts';
import { acquire, answer, assign, named, of, seats, viewed } from './validation-examples.ts';

describe('the view of a stream', () => {
  const history = followedBy([issued({ limits: seats }), on(issuedAt, keyIssuedEvent)], activate('a'), assign, acquire);

  test('validates its device, user, seat and key', () => {
    expect(
      answer(history, {
        product: 'local_cli',
        fingerprint: 'hash-a',
        activationId: 'act_a',
        user: 'usr_a',
        lease: 'm1',
        keyVersion: 1,
        entitlements: [],
        meters: ['builds'],
      }),
    ).toMatchObject({ valid: true, code: 'VALID' });
  });
  test('gives the same result as the view of a row', () => {
    const { facts } = licenseAfter(...history);
    const row = {
      ...viewOfFacts(facts),
      activation: { isOfFingerprint: true, isOfUser: true, isOfEnvironment: true },
      lease: { aliveUntil: '2026-06-01T12:06:00.000Z', isBorrowed: false },
      userAssigned: true,
    };
    const scope = named({ fingerprint: 'hash-a', user: 'usr_a', lease: 'm1' });
    expect(validate(row, scope, noon)).toEqual(validate(viewed(history, scope), scope, noon));
  });
  test('finds an activation by id without its fingerprint', () => {
    expect(answer(history, { activationId: 'act_a' })).toMatchObject({ valid: true });
    expect(answer(history, { fingerprint: 'hash-b', activationId: 'act_a' })).toMatchObject({
      reasons: ['FINGERPRINT_MISMATCH'],
    });
  });
  test('recognizes a device by its components, as the policy says', () => {
    const matching = followedBy(
      of({ fingerprintMatching: 'ANY' }),
      command('Activate', device('a', { components: { disk: 'd' } })),
    );
    expect(answer(matching, { fingerprint: 'changed', components: { disk: 'd' } })).toMatchObject({ valid: true });
    expect(answer(matching, { fingerprint: 'changed', components: { disk: 'e' } })).toMatchObject({ valid: false });
  });
  test('distinguishes a lapsed lease from an unknown one', () => {
    const gone = followedBy(
      history,
      command('LapseLease', { leaseId: 'l1', lastSeenAt: noon }, '2026-06-01T12:06:00.000Z'),
    );
    expect(answer(gone, { lease: 'm1' }, '2026-06-01T12:07:00.000Z').code).toBe('LEASE_EXPIRED');
    expect(answer(gone, { lease: 'm2' }, '2026-06-01T12:07:00.000Z').code).toBe('NO_LEASE');
    // 25 hours after its end nobody knows the lease any longer.
    expect(answer(gone, { lease: 'm1' }, '2026-06-02T13:05:59.999Z').code).toBe('LEASE_EXPIRED');
    expect(answer(gone, { lease: 'm1' }, '2026-06-02T13:06:00.000Z').code).toBe('NO_LEASE');
  });
  test('allows to cache the result no longer than the lease', () => {
    expect(answer(history, { lease: 'm1' }).ttlSeconds).toBe(360);
  });
});
