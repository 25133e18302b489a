import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { meteredLicenses, outcomeOf, type Sums } from '../../support/metered-licenses.ts';

let ledger: Ledger;
const { prepare, asIssuer, issue, record, sums } = meteredLicenses(() => ledger);
beforeAll(async () => {
  ledger = await startLedger();
  await prepare();
});
beforeEach(() => {
  ledger.clock.aheadMs = 0;
});
afterAll(() => ledger.stop());

const day = 86_400_000;

describe('The usage of a license', () => {
  test('from before a transfer is hidden from the new holder, except of the periods that run', async () => {
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 60);
    ledger.clock.aheadMs = 2 * day;
    await record(licenseId, 'u2', 7);
    await record(licenseId, 'c1', -2, { corrects: 'u2' });
    expect((await ledger.call('GET', `/v1/licenses/${licenseId}/usage`, { key: ledger.b.apiKey })).status).toBe(404);
    const data = {
      toHolderOrgId: ledger.b.organizationId,
      accepted: true,
      expiry: 'KEEP',
      activations: 'KEEP',
    } as const;
    await sendTo(ledger, licenseId, { type: 'Transfer', data });
    for (const query of ['', '?by=day']) {
      const holder = await sums(licenseId, query, ledger.b.apiKey);
      expect(holder).toMatchObject([{ recorded: 7, corrected: 2 }]);
      expect(await sums(licenseId, query)).toMatchObject([holder[0], { recorded: 60 }]);
    }
    const reset = { key: ledger.b.apiKey, body: { meter: 'builds', reason: { code: 'GOODWILL' } } };
    const refused = await ledger.call('POST', `/v1/licenses/${licenseId}/usage/reset`, reset);
    expect(outcomeOf(refused)).toEqual([403, 'FORBIDDEN']);
  });

  test('on the day of a transfer is the same for both, with corrections of an earlier period', async () => {
    // At noon of another day, so that midnight is far.
    ledger.clock.aheadMs = 1.5 * day - (Date.now() % day);
    const { licenseId } = await issue();
    const exports = { meter: 'exports' };
    await record(licenseId, 'e1', 10, exports);
    await sendTo(ledger, licenseId, { type: 'Renew', data: { duration: 'P1Y', basis: 'FROM_NOW', reasonCode: null } });
    await record(licenseId, 'e2', 1, exports);
    await record(licenseId, 'c1', -9, { ...exports, corrects: 'e1' });
    const data = {
      toHolderOrgId: ledger.b.organizationId,
      accepted: true,
      expiry: 'KEEP',
      activations: 'KEEP',
    } as const;
    await sendTo(ledger, licenseId, { type: 'Transfer', data });
    const days = [{ recorded: 11, corrected: 9, reset: 0 }];
    expect(await sums(licenseId, '?by=day')).toMatchObject(days);
    expect(await sums(licenseId, '?by=day', ledger.b.apiKey)).toMatchObject(days);
    expect(await sums(licenseId, '', ledger.b.apiKey)).toMatchObject([{ recorded: 1, corrected: 0 }]);
  });

  test('in the running period is in a range that the present end of the period reaches', async () => {
    const { licenseId } = await issue();
    await record(licenseId, 'e1', 5, { meter: 'exports' });
    const at = (days: number) => new Date(Date.parse(ledger.needs.now()) + days * day).toISOString();
    expect(await sums(licenseId, `?from=${at(500)}`)).toEqual([]);
    const longer = await asIssuer('POST', `/v1/licenses/${licenseId}/expiry`, {
      to: at(800),
      reason: { code: 'GOODWILL' },
    });
    expect(longer.status).toBe(200);
    expect(await sums(licenseId, `?from=${at(500)}`)).toMatchObject([{ recorded: 5, running: true }]);
    expect(await sums(licenseId, `?from=${at(801)}`)).toEqual([]);
    expect(await sums(licenseId, `?to=${at(-1)}`)).toEqual([]);
    ledger.clock.aheadMs = 900 * day;
    expect(await sums(licenseId, `?from=${at(0)}`)).toMatchObject([{ periodEnd: null, running: true }]);
  });

  test('has pages, and a range that is bounded by instants', async () => {
    const { licenseId } = await issue();
    for (const index of [0, 1, 2, 3]) {
      ledger.clock.aheadMs = index * day;
      await record(licenseId, `u${index}`, index + 1);
    }
    for (const by of ['period', 'day']) {
      const found: unknown[] = [];
      let query = `by=${by}&limit=3`;
      for (;;) {
        const { body } = await asIssuer('GET', `/v1/licenses/${licenseId}/usage?${query}`);
        found.push(...(body.data as unknown as Sums[]).map(({ recorded }) => recorded));
        if (body.nextCursor === null) break;
        query = `by=${by}&limit=3&cursor=${body.nextCursor}`;
      }
      expect(found).toEqual([4, 3, 2, 1]);
    }
    const [, third, second] = await sums(licenseId);
    const range = `from=${second?.periodStart}&to=${third?.periodEnd}`;
    expect((await sums(licenseId, `?${range}`)).map(({ recorded }) => recorded)).toEqual([3, 2]);
    const wrong = await asIssuer(
      'GET',
      `/v1/licenses/${licenseId}/usage?from=${third?.periodEnd}&to=${second?.periodStart}`,
    );
    expect([outcomeOf(wrong), wrong.body.errors?.[0]?.pointer]).toEqual([[400, 'INVALID_REQUEST'], '?from']);
    for (const by of ['period', 'day']) expect(await sums(licenseId, `?by=${by}&to=0001-01-01T00:00:00Z`)).toEqual([]);
  });
});
