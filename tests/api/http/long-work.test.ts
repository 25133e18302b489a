import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createLongWork } from '../../../src/api/http/long-work.ts';
import type { Answer } from '../../../src/api/route.ts';
import { type Answer as HttpAnswer, type Ledger, startLedger } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

// A product of its own, because a search sleeps in its database.
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
  await ledger.database.superuser.query(
    `create or replace function rm.holders_named(prefix text) returns text[]
     language plpgsql volatile security definer set search_path = '' as $$
     begin
       if prefix = 'slow' then perform pg_sleep(60); end if;
       return '{}'::text[];
     end $$`,
  );
});
afterAll(() => ledger.stop());

const list = (key: string, query = '') => ledger.call('GET', `/v1/licenses${query}`, { key });
const sleeping = async () => {
  const { rows } = await ledger.database.superuser.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event = 'PgSleep'`,
  );
  return rows[0]?.count ?? 0;
};

test('Slow searches of one tenant end and say what to narrow, and another tenant reads meanwhile', async () => {
  const ended: HttpAnswer[] = [];
  const slow = Array.from({ length: 3 }, async () => ended.push(await list(ledger.a.apiKey, '?q=slow')));
  await condition('a search sleeps', async () => (await sleeping()) > 0);
  for (let n = 0; n < 5; n += 1) expect((await list(ledger.b.apiKey)).status).toBe(200);
  expect((await ledger.call('GET', '/v1/products', { key: ledger.b.apiKey })).status).toBe(200);
  expect(ended).toEqual([]);
  expect(await sleeping()).toBeLessThan(3);
  await Promise.all(slow);
  for (const { status, body, headers } of ended) {
    expect([status, body.code]).toEqual([503, 'UNAVAILABLE']);
    expect(body.detail).toContain('a longer beginning of the reference or name in q');
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
  }
  await condition('Postgres has stopped all of them', async () => (await sleeping()) === 0);
  expect((await list(ledger.a.apiKey)).status).toBe(200);
});

test('Every list is bounded, and so are the past of a license and imports', () => {
  const isList = (body: z.ZodType | undefined) => body instanceof z.ZodObject && 'hasMore' in body.shape;
  const lists = ledger.routes.filter(({ replies }) => isList(replies[200]?.body));
  expect(lists.length).toBeGreaterThan(9);
  expect(lists.filter(({ bounded }) => bounded === undefined).map(({ operationId }) => operationId)).toEqual([]);
  const boundedOnes = ledger.routes
    .filter(({ bounded }) => bounded !== undefined)
    .map(({ operationId }) => operationId);
  expect(boundedOnes).toEqual(expect.arrayContaining(['getLicense', 'importLicense', 'licenseHistory', 'listEvents']));
});

describe('Long work', () => {
  const failures: unknown[] = [];
  const request = (tenant: string) => ({
    ...{ tenant, narrow: 'Ask for less.' },
    onLateFailure: (error: unknown) => failures.push(error),
  });
  const reply: Answer = { status: 200, body: {} };

  test('is not begun a third time while two earlier ones go on after their answer', async () => {
    const longWork = createLongWork();
    const ends: ((answer: Answer) => void)[] = [];
    const unending = () => new Promise<Answer>((resolve) => ends.push(resolve));
    for (const answer of await Promise.all([longWork(request('a'), unending), longWork(request('a'), unending)])) {
      expect(answer).toMatchObject({ problem: 'UNAVAILABLE', detail: expect.stringContaining('Ask for less.') });
    }
    const again = () => longWork(request('a'), async () => reply);
    expect(await again()).toMatchObject({ problem: 'RATE_LIMITED' });
    expect(await longWork(request('b'), async () => reply)).toBe(reply);
    ends[0]?.(reply);
    await condition('one of them has ended', async () => (await again()) === reply);
  });

  test('that fails in time fails the request, and its late failure is reported', async () => {
    const longWork = createLongWork();
    const failing = async (): Promise<Answer> => {
      throw new Error('at once');
    };
    await expect(longWork(request('a'), failing)).rejects.toThrow('at once');
    let fail: (error: Error) => void = () => undefined;
    const answer = await longWork(request('a'), () => new Promise<Answer>((_, reject) => (fail = reject)));
    expect(answer).toMatchObject({ problem: 'UNAVAILABLE' });
    expect(failures).toEqual([]);
    fail(new Error('late'));
    await condition('it is reported', async () => failures.length === 1);
  });
});
