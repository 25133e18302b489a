import { describe, expect, test } from 'vitest';
import { aliveUntil, heartbeatSecondsOf } from '../../../../src/domain/license/seats/seats-in-use.ts';
import { plusSeconds } from '../../../../src/domain/time.ts';
import { noon, pro } from '../examples.ts';

const floating = { borrow: false, expiresAt: plusSeconds(noon, 60), ttlSeconds: 60 };
const borrowed = { ...floating, borrow: true };

describe('a lease', () => {
  test('lapses at the end of its time without a heartbeat', () => {
    expect(aliveUntil(floating, null)).toBe(plusSeconds(noon, 60));
  });
  test('lives for its time to live after the last heartbeat', () => {
    expect(aliveUntil(floating, plusSeconds(noon, 30))).toBe(plusSeconds(noon, 90));
  });
  test('is not shortened by an older heartbeat', () => {
    expect(aliveUntil(floating, plusSeconds(noon, -30))).toBe(plusSeconds(noon, 60));
  });
  test('that is borrowed ends by the clock alone', () => {
    expect(aliveUntil(borrowed, plusSeconds(noon, 30))).toBe(plusSeconds(noon, 60));
  });
});

describe('heartbeats are sent', () => {
  test('as often as the policy says', () => {
    expect(heartbeatSecondsOf({ policy: { ...pro, heartbeatSeconds: 7 } }, floating)).toBe(7);
  });
  test('three times within the time to live where the policy does not say, so that one may be lost', () => {
    expect(heartbeatSecondsOf({ policy: pro }, floating)).toBe(20);
    expect(heartbeatSecondsOf({ policy: pro }, { ttlSeconds: 2 })).toBe(1);
  });
});
