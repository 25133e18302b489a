import { describe, expect, test } from 'vitest';
import { fold, type Stamped } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { evolve, evolveFacts, fork, initial } from '../../../src/domain/license/evolve.ts';
import {
  activated,
  activatedEvent,
  at,
  deactivatedEvent,
  expiredEvent,
  expiresAt,
  groundAddedEvent,
  issued,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  renewedEvent,
  revokedEvent,
  suspendedEvent,
  tomorrow,
} from './examples.ts';

const life: readonly Stamped<LicenseEvent>[] = [
  issued(),
  on(noon, keyIssuedEvent),
  activated('a', 1),
  activated('b', 2),
  on(noon, deactivatedEvent('a', 'USER', 1)),
  on(noon, suspendedEvent('PAYMENT', tomorrow)),
  on(noon, groundAddedEvent('FRAUD')),
  on(tomorrow, { type: 'LicenseReinstated', data: { suspendedSince: noon, suspendedForSeconds: 86_400 } }),
  on('2027-03-03T00:00:00.000Z', expiredEvent()),
  on('2027-03-03T00:00:00.000Z', renewedEvent()),
  on('2027-03-04T00:00:00.000Z', deactivatedEvent('b', 'LICENSE_REVOKED', 0)),
  on('2027-03-04T00:00:00.000Z', revokedEvent),
];

describe('folding a license', () => {
  test('and folding its facts alone come to the same, after every event', () => {
    let facts = evolveFacts(null, keyIssuedEvent, at(noon));
    expect(facts).toBeNull();
    for (const [index, { event, at: when }] of life.entries()) {
      facts = evolveFacts(facts, event, when);
      expect(facts).toEqual(licenseAfter(...life.slice(0, index + 1)).facts);
    }
  });
  test('takes its instants from the events', () => {
    const { facts, activations } = licenseAfter(...life.slice(0, 6));
    expect(facts.suspension?.since).toBe(noon);
    expect(activations.get('act_b')?.activatedAt).toBe(life[3]?.at.effectiveAt);
    expect(licenseAfter(...life).facts.revokedAt).toBe('2027-03-04T00:00:00.000Z');
  });
  test('leaves facts that were handed out as they were', () => {
    const license = licenseAfter(...life.slice(0, 4));
    const before = license.facts;
    const copy = structuredClone(before);
    evolve(license, deactivatedEvent('a', 'USER', 1), at(noon));
    expect(before).toEqual(copy);
    expect(license.facts).not.toBe(before);
  });
  test('is total: an event before the issue, or of an unknown activation, is no error', () => {
    expect(evolve(initial(), revokedEvent, at(noon))).toEqual(initial());
    expect(licenseAfter(issued(), on(noon, deactivatedEvent('x', 'ADMIN', 0))).deactivated).toEqual(new Set(['act_x']));
    expect(licenseAfter(issued(), on(noon, groundAddedEvent('FRAUD', tomorrow))).facts.suspension).toEqual({
      reasonCode: 'FRAUD',
      since: noon,
      until: tomorrow,
    });
  });
});

describe('a fork', () => {
  test.each(life.map((_, index) => index))('after %i events is independent of its origin', (length) => {
    const origin = fold(licenseDecider, life.slice(0, length));
    const copy = fork(origin);
    expect(copy).toEqual(origin);
    const later = [...life.slice(length), on(noon, activatedEvent('z', 1)), on(expiresAt, suspendedEvent('LEGAL'))];
    let moved = copy;
    for (const { event, at: when } of later) moved = evolve(moved, event, when);
    expect(origin).toEqual(fold(licenseDecider, life.slice(0, length)));
    expect(moved).not.toEqual(origin);
  });
});
