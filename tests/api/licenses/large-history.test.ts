import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

test.each(['asc', 'desc'])(
  'The history of large events ends a page at 4 MB, and skips none, order %s',
  async (order) => {
    const { licenseId } = await ledger.issue();
    const { apiKey: key } = ledger.a;
    await ledger.call('POST', `/v1/licenses/${licenseId}/limits`, { key, body: { limits: { activations: 7 } } });
    // Each event gets about 1.9 MB that Postgres cannot make smaller.
    await ledger.database.superuser.query(
      `update rm.license_events e set data = data || jsonb_build_object('large',
      (select string_agg(md5(n::text || e.event_id), '') from generate_series(1, 59_000) n))
    where license_id = $1`,
      [licenseId],
    );
    const url = `/v1/licenses/${licenseId}/history?order=${order}`;
    const revisions: unknown[] = [];
    const pages: number[] = [];
    for (let next: string | null = url; next !== null; ) {
      const { status, body, headers } = await ledger.call('GET', next, { key });
      expect(status).toBe(200);
      const data = Object.values(body.data ?? {});
      expect(JSON.stringify(data.map((event) => event.data)).length).toBeLessThan(4_100_000);
      pages.push(data.length);
      revisions.push(...data.map(({ revision }) => revision));
      expect(body.hasMore).toBe(headers.has('link'));
      next = /<(.+)>/.exec(headers.get('link') ?? '')?.[1] ?? null;
    }
    expect(revisions).toEqual(order === 'asc' ? [0, 1, 2] : [2, 1, 0]);
    expect(pages).toEqual([2, 1]);
  },
);
