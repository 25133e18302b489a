import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendTo } from '../../support/issue-directly.ts';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
let policyId: string;
beforeAll(async () => {
  ledger = await startLedger();
  await asIssuer('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
  const meters = { builds: { limit: 100, resets: 'P1D' }, exports: 50 };
  const { body } = await asIssuer('POST', '/v1/policies', {
    ...{ name: 'Metered', tier: 'PRO', products: ['local_cli'] },
    limits: { meters },
  });
  policyId = String(body.id);
});
beforeEach(() => {
  ledger.clock.aheadMs = 0;
});
afterAll(() => ledger.stop());

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const asIssuer = (method: string, path: string, body?: object) =>
  ledger.call(method, path, { key: ledger.a.apiKey, ...(body === undefined ? {} : { body }) });
const issue = async () => {
  const { body } = await asIssuer('POST', '/v1/licenses', { policyId, term: { duration: 'P1Y' } });
  return { licenseId: String(body.license?.id), licenseKey: String(body.licenseKey) };
};
const send = (licenseKey: string, body: object): Promise<Answer> =>
  ledger.call('POST', '/v1/licenses/usage', { body: { licenseKey, ...body } });
/** Records usage, or a correction, without the API, whose batches of one license keep a second of distance. */
const record = (
  licenseId: string,
  usageId: string,
  quantity: number,
  more: { meter?: string; corrects?: string } = {},
) => {
  const { meter = 'builds', ...corrects } = more;
  const entry = { usageId, quantity, occurredAt: ledger.needs.now(), commandId: crypto.randomUUID(), ...corrects };
  return sendTo(ledger, licenseId, { type: 'RecordUsage', data: { meter, entries: [entry] } });
};
const use = (licenseKey: string, usageId: string, quantity: number, more: object = {}) =>
  send(licenseKey, { meter: 'builds', usageId, quantity, ...more });
const correct = (licenseKey: string, usageId: string, corrects: string, quantity: number, more: object = {}) =>
  use(licenseKey, usageId, quantity, { corrects, ...more });
const reset = (licenseId: string, meter = 'builds') =>
  asIssuer('POST', `/v1/licenses/${licenseId}/usage/reset`, { meter, reason: { code: 'GOODWILL', text: 'Ada asked' } });
const outcomeOf = ({ status, body }: Answer) => [status, body.code ?? body.changed];
type Sums = { readonly [name: string]: unknown };
const sums = async (licenseId: string, query = '', key = ledger.a.apiKey): Promise<readonly Sums[]> => {
  const { status, body } = await ledger.call('GET', `/v1/licenses/${licenseId}/usage${query}`, { key });
  expect(status).toBe(200);
  return body.data as unknown as readonly Sums[];
};
const eventsOf = async (licenseId: string) => (await ledger.store.connect().read(`license-${licenseId}`)).events;

describe('A correction', () => {
  test('takes back part of a usage, and everything that shows use agrees', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 60);
    const corrected = await correct(licenseKey, 'c1', 'u1', -20);
    expect(outcomeOf(corrected)).toEqual([201, true]);
    expect(corrected.body.usage).toMatchObject({ id: 'c1', total: 40, max: 100 });
    const { body } = await asIssuer('GET', `/v1/licenses/${licenseId}`);
    expect(body.usage?.meters?.builds).toBe(40);
    const [period] = await sums(licenseId);
    expect(period).toMatchObject({
      ...{ meter: 'builds', resets: 'P1D', running: true, limit: 100, overage: false },
      ...{ recorded: 60, carried: 0, corrected: 20, reset: 0, total: 40 },
      ...{ periodStart: body.usage?.periods?.builds?.startsAt, periodEnd: body.usage?.periods?.builds?.endsAt },
    });
    const today = (await sums(licenseId, '?by=day'))[0];
    expect(today).toMatchObject({ meter: 'builds', recorded: 60, corrected: 20, reset: 0 });
    const { body: explained } = await asIssuer('GET', `/v1/licenses/${licenseId}/explain`);
    expect(JSON.stringify(explained)).toContain('UsageCorrected');
    expect((await eventsOf(licenseId)).at(-1)).toMatchObject({
      type: 'UsageCorrected',
      data: { entries: [{ usageId: 'c1', corrects: 'u1', quantity: -20 }], totalAfter: 40, limit: 100 },
    });
  });

  test('sent again changes nothing; with another quantity or target it is refused', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 5);
    await record(licenseId, 'u2', 5);
    await record(licenseId, 'c1', -2, { corrects: 'u1' });
    expect(outcomeOf(await correct(licenseKey, 'c1', 'u1', -2))).toEqual([200, false]);
    expect(outcomeOf(await correct(licenseKey, 'c1', 'u1', -3))).toEqual([409, 'USAGE_ID_REUSED']);
    expect(outcomeOf(await correct(licenseKey, 'c1', 'u2', -2))).toEqual([409, 'USAGE_ID_REUSED']);
    expect(outcomeOf(await use(licenseKey, 'c1', 2))).toEqual([409, 'USAGE_ID_REUSED']);
    expect(await sums(licenseId)).toMatchObject([{ recorded: 10, corrected: 2, total: 8 }]);
  });

  test('takes back at most what the usage was, and names what is left', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 5);
    await record(licenseId, 'c1', -3, { corrects: 'u1' });
    const refused = await correct(licenseKey, 'c2', 'u1', -3);
    expect(outcomeOf(refused)).toEqual([409, 'CORRECTION_EXCEEDS_USAGE']);
    expect([refused.body.errors?.[0]?.pointer, refused.body.detail]).toEqual([
      '/quantity',
      expect.stringContaining('2 is left'),
    ]);
    expect(outcomeOf(await correct(licenseKey, 'c2', 'u1', -2))).toEqual([201, true]);
  });

  test.each<[string, object, [number, string], string]>([
    ['of an unknown id', { quantity: -1, corrects: 'unknown' }, [404, 'USAGE_NOT_FOUND'], '/corrects'],
    ['of a correction', { quantity: -1, corrects: 'c1' }, [404, 'USAGE_NOT_FOUND'], '/corrects'],
    ['without the id', { quantity: -1 }, [400, 'INVALID_REQUEST'], '/quantity'],
    ['with a quantity above 0', { quantity: 1, corrects: 'u1' }, [400, 'INVALID_REQUEST'], '/quantity'],
    ['of 0', { quantity: 0, corrects: 'u1' }, [400, 'INVALID_REQUEST'], '/quantity'],
  ])('%s is refused', async (_, body, outcome, pointer) => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 5);
    await record(licenseId, 'c1', -1, { corrects: 'u1' });
    const refused = await send(licenseKey, { meter: 'builds', usageId: 'c2', ...body });
    expect([outcomeOf(refused), refused.body.errors?.[0]?.pointer]).toEqual([outcome, pointer]);
  });

  test('in a list is decided alone, in the order of the list', async () => {
    const { licenseId, licenseKey } = await issue();
    const records = [
      { meter: 'builds', usageId: 'u1', quantity: 100 },
      { meter: 'builds', usageId: 'u2', quantity: 1 },
      { meter: 'builds', usageId: 'c1', quantity: -30, corrects: 'u1' },
      { meter: 'builds', usageId: 'u3', quantity: 30 },
      { meter: 'builds', usageId: 'c2', quantity: -71, corrects: 'u1' },
      { meter: 'exports', usageId: 'c1', quantity: -1, corrects: 'u1' },
    ];
    const { status, body } = await send(licenseKey, { records });
    const results = body.records as unknown as { changed: boolean; refusal: { code: string } | null }[];
    expect([status, ...results.map(({ changed, refusal }) => refusal?.code ?? changed)]).toEqual([
      ...[201, true, 'QUOTA_EXCEEDED', true, true, 'CORRECTION_EXCEEDS_USAGE', 'USAGE_NOT_FOUND'],
    ]);
    const types = (await eventsOf(licenseId)).map(({ type, data }) => [type, data.totalAfter]).slice(-3);
    expect(types).toEqual([
      ['UsageBatchRecorded', 100],
      ['UsageCorrected', 70],
      ['UsageBatchRecorded', 100],
    ]);
    expect(await sums(licenseId)).toMatchObject([{ recorded: 130, corrected: 30, total: 100 }]);
  });

  test('lowers the past period that counted the usage, also when only the read models know it', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 60);
    await record(licenseId, 'c1', -10, { corrects: 'u1' });
    ledger.clock.aheadMs = 2 * day;
    await record(licenseId, 'u2', 7);
    const corrected = await correct(licenseKey, 'c2', 'u1', -20);
    expect([outcomeOf(corrected), corrected.body.usage]).toMatchObject([[201, true], { total: 7 }]);
    expect(outcomeOf(await correct(licenseKey, 'c3', 'u1', -31))).toEqual([409, 'CORRECTION_EXCEEDS_USAGE']);
    const [present, past, ...others] = await sums(licenseId);
    expect([present, past, others]).toMatchObject([
      { running: true, recorded: 7, corrected: 0, total: 7 },
      { running: false, recorded: 60, corrected: 30, total: 30 },
      [],
    ]);
    const last = (await eventsOf(licenseId)).at(-1);
    expect(last?.data.entries).toMatchObject([
      { periodStart: past?.periodStart, periodEnd: past?.periodEnd, resets: 'P1D' },
    ]);
    const days = await sums(licenseId, '?by=day');
    expect(days).toMatchObject([
      { recorded: 7, corrected: 0 },
      { recorded: 60, corrected: 30 },
    ]);
    ledger.clock.aheadMs = 36 * day;
    expect(outcomeOf(await correct(licenseKey, 'c4', 'u1', -1))).toEqual([404, 'USAGE_NOT_FOUND']);
  });

  test('of a usage of more than an hour ago waits for read models that are behind', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 9);
    const startAgain = await ledger.stopProjector();
    const later = { headers: { prefer: 'respond-async' } };
    const body = (usageId: string) => ({ licenseKey, meter: 'builds', usageId, quantity: -4, corrects: 'u1' });
    try {
      ledger.clock.aheadMs = 2 * hour;
      await ledger.call('POST', '/v1/licenses/usage', { body: body('c1'), ...later });
      ledger.clock.aheadMs += 10 * minute;
      // The rows lack the first correction, and the state knows it.
      await ledger.call('POST', '/v1/licenses/usage', { body: body('c2'), ...later });
      const third = await ledger.call('POST', '/v1/licenses/usage', { body: body('c3'), ...later });
      expect(outcomeOf(third)).toEqual([409, 'CORRECTION_EXCEEDS_USAGE']);
      ledger.clock.aheadMs += 40 * minute;
      const behind = await ledger.call('POST', '/v1/licenses/usage', { body: body('c4'), ...later });
      expect(outcomeOf(behind)).toEqual([503, 'NOT_PROJECTED_YET']);
    } finally {
      startAgain();
    }
    await ledger.projected.waitFor((await eventsOf(licenseId)).at(-1)?.position.commit ?? 0n, 10_000);
    expect(await sums(licenseId)).toMatchObject([{ recorded: 9, corrected: 8, total: 1 }]);
  });

  test('is possible while the license is suspended, which refuses usage', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 9);
    await asIssuer('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: 'PAYMENT' } });
    expect(outcomeOf(await use(licenseKey, 'u2', 1))).toEqual([409, 'LICENSE_SUSPENDED']);
    expect(outcomeOf(await correct(licenseKey, 'c1', 'u1', -9))).toEqual([201, true]);
  });
});

describe('A reset', () => {
  test('puts one meter back to 0, keeps ids used, and stores its text in the vault', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 60);
    await record(licenseId, 'e1', 5, { meter: 'exports' });
    const done = await reset(licenseId);
    expect([outcomeOf(done), done.body.license?.usage?.meters]).toEqual([[200, true], { builds: 0, exports: 5 }]);
    expect(outcomeOf(await reset(licenseId))).toEqual([200, false]);
    expect(outcomeOf(await use(licenseKey, 'u1', 60))).toEqual([200, false]);
    expect(await sums(licenseId, '?meter=builds')).toMatchObject([{ recorded: 60, reset: 60, total: 0 }]);
    const last = (await eventsOf(licenseId)).findLast(({ type }) => type === 'UsageReset');
    expect([last?.data, JSON.stringify([last?.data, last?.metadata])]).toEqual([
      expect.objectContaining({ meter: 'builds', from: 60 }),
      expect.not.stringContaining('Ada'),
    ]);
  });

  test('takes away what was used before it, so a later correction of that lowers nothing', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 60);
    await reset(licenseId);
    await record(licenseId, 'u2', 7);
    expect((await correct(licenseKey, 'c1', 'u1', -50)).body.usage).toMatchObject({ total: 7 });
    expect((await correct(licenseKey, 'c2', 'u2', -3)).body.usage).toMatchObject({ total: 4 });
    expect(outcomeOf(await correct(licenseKey, 'c3', 'u1', -11))).toEqual([409, 'CORRECTION_EXCEEDS_USAGE']);
    ledger.clock.aheadMs = 2 * day;
    await correct(licenseKey, 'c4', 'u1', -10);
    expect(await sums(licenseId)).toMatchObject([{ recorded: 67, corrected: 3, reset: 60, total: 4 }]);
  });

  test('of a meter that the license does not have, and of a license of another issuer, is refused', async () => {
    const { licenseId } = await issue();
    expect(outcomeOf(await reset(licenseId, 'renders'))).toEqual([400, 'LIMIT_INVALID']);
    const other = { key: ledger.b.apiKey, body: { meter: 'builds', reason: { code: 'GOODWILL' } } };
    const path = `/v1/licenses/${licenseId}/usage`;
    expect(outcomeOf(await ledger.call('POST', `${path}/reset`, other))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(outcomeOf(await ledger.call('GET', path, { key: ledger.b.apiKey }))).toEqual([404, 'LICENSE_NOT_FOUND']);
  });

  test('can be previewed', async () => {
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 60);
    const body = { meter: 'builds', reason: { code: 'GOODWILL' } };
    const { body: preview } = await asIssuer('POST', `/v1/licenses/${licenseId}/usage/reset?preview=true`, body);
    const after = preview.after as unknown as { usage: { meters: object } };
    expect([preview.changed, after.usage.meters]).toEqual([false, { builds: 0 }]);
    expect(await sums(licenseId)).toMatchObject([{ total: 60 }]);
  });
});

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
  });
});
