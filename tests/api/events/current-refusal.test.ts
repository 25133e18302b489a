import { expect, test } from 'vitest';
import { createCurrentRefusal } from '../../../src/api/events/current-refusal.ts';
import { createPages } from '../../../src/api/events/feed.ts';
import { scopes } from '../../../src/domain/organization/events.ts';
import { testId } from '../../support/license-fixtures.ts';

const organizationId = testId('org', 'a');
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Checks that wait until the test ends them. */
const checking = () => {
  const reads: (() => void)[] = [];
  const check = createCurrentRefusal({
    apiKey: async (text) => {
      await new Promise<void>((resolve) => reads.push(resolve));
      return text === 'lgr_revoked'
        ? null
        : { kind: 'apiKey', apiKeyId: text, organizationId, scopes: [...scopes], products: null };
    },
    user: async () => null,
  });
  const checkKey = (key: string) =>
    check(
      {
        headers: { authorization: `Bearer ${key}` },
        caller: { kind: 'apiKey', apiKeyId: key, organizationId, scopes: [...scopes], products: null },
      },
      'readEvents',
    );
  return { reads, check: checkKey };
};

test('Calls of one credential share one check that begins after them', async () => {
  const { reads, check } = checking();
  const first = Array.from({ length: 100 }, () => check('lgr_a'));
  await settled();
  expect(reads.length).toBe(1);
  const second = Array.from({ length: 100 }, () => check('lgr_a'));
  await settled();
  expect(reads.length).toBe(1);
  reads[0]?.();
  expect(await Promise.all(first)).toEqual(first.map(() => null));
  await settled();
  expect(reads.length).toBe(2);
  reads[1]?.();
  await Promise.all(second);
  const third = check('lgr_a');
  await settled();
  expect(reads.length).toBe(3);
  reads[2]?.();
  await third;
});

test('Few credentials are checked at a time, and an ended one is refused', async () => {
  const { reads, check } = checking();
  const checks = ['lgr_revoked', ...Array.from({ length: 50 }, (_, index) => `lgr_${index}`)].map(check);
  await settled();
  expect(reads.length).toBe(4);
  for (let at = 0; at < checks.length; at += 1) {
    reads[at]?.();
    await settled();
  }
  const refusals = await Promise.all(checks);
  expect(refusals.map((refusal) => refusal === null)).toEqual(checks.map((_, index) => index > 0));
});

test('A wait for events ends when the followers stop', async () => {
  const follower = { mark: () => 0, news: async () => undefined, stopped: AbortSignal.abort(), close: () => undefined };
  const nothing = { events: [], through: null, hasMore: false, covered: null };
  const next = createPages(
    { read: async () => nothing, follower },
    { organizationId, types: null, issuer: null, products: null },
  );
  expect(await next(null, { limit: 1, waitMs: 60_000, signal: new AbortController().signal })).toEqual(nothing);
});
