import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { meteredLicenses, outcomeOf } from '../../support/metered-licenses.ts';

let ledger: Ledger;
const { prepare, asIssuer, issue, send, record, use, correct, reset, sums, eventsOf } = meteredLicenses(() => ledger);
beforeAll(async () => {
  ledger = await startLedger();
  await prepare();
});
beforeEach(() => {
  ledger.clock.aheadMs = 0;
});
afterAll(() => ledger.stop());

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

describe('A correction', () => {
  test('takes back part of a usage, and everything that shows use agrees', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 60);
    const corrected = await correct(licenseId, 'c1', 'u1', -20);
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
    const validated = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey, meters: ['builds'] } });
    expect(validated.body.limits?.meters?.builds).toMatchObject({ used: 40, max: 100 });
    const now = ledger.needs.now();
    expect((await asIssuer('GET', `/v1/licenses/${licenseId}?asOf=${now}`)).body.usage?.meters?.builds).toBe(40);
    for (const path of ['/v1/events?types=UsageCorrected&limit=1000', `/v1/licenses/${licenseId}/history`])
      expect((await asIssuer('GET', path)).text).toContain('"corrects":"u1"');
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
    expect(outcomeOf(await correct(licenseId, 'c1', 'u1', -2))).toEqual([200, false]);
    expect(outcomeOf(await correct(licenseId, 'c1', 'u1', -3))).toEqual([409, 'USAGE_ID_REUSED']);
    expect(outcomeOf(await correct(licenseId, 'c1', 'u2', -2))).toEqual([409, 'USAGE_ID_REUSED']);
    expect(outcomeOf(await use(licenseKey, 'c1', 2))).toEqual([409, 'USAGE_ID_REUSED']);
    expect(await sums(licenseId)).toMatchObject([{ recorded: 10, corrected: 2, total: 8 }]);
  });

  test('takes back at most what the usage was, and names what is left', async () => {
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 5);
    await record(licenseId, 'c1', -3, { corrects: 'u1' });
    const refused = await correct(licenseId, 'c2', 'u1', -3);
    expect(outcomeOf(refused)).toEqual([409, 'CORRECTION_EXCEEDS_USAGE']);
    expect([refused.body.errors?.[0]?.pointer, refused.body.detail]).toEqual([
      '/quantity',
      expect.stringContaining('2 of it is left'),
    ]);
    expect(outcomeOf(await correct(licenseId, 'c2', 'u1', -2))).toEqual([201, true]);
  });

  test.each<[string, object, [number, string], string]>([
    ['of an unknown id', { quantity: -1, corrects: 'unknown' }, [404, 'USAGE_NOT_FOUND'], '/corrects'],
    ['of a correction', { quantity: -1, corrects: 'c1' }, [404, 'USAGE_NOT_FOUND'], '/corrects'],
    ['without the id', { quantity: -1 }, [400, 'INVALID_REQUEST'], '/quantity'],
    ['with a quantity above 0', { quantity: 1, corrects: 'u1' }, [400, 'INVALID_REQUEST'], '/quantity'],
    ['of 0', { quantity: 0, corrects: 'u1' }, [400, 'INVALID_REQUEST'], '/quantity'],
  ])('%s is refused', async (_, body, outcome, pointer) => {
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 5);
    await record(licenseId, 'c1', -1, { corrects: 'u1' });
    const refused = await asIssuer('POST', '/v1/licenses/usage', {
      licenseId,
      meter: 'builds',
      usageId: 'c2',
      ...body,
    });
    expect([outcomeOf(refused), refused.body.errors?.[0]?.pointer]).toEqual([outcome, pointer]);
  });

  test('in a list is decided alone, in the order of the list', async () => {
    const { licenseId } = await issue();
    const records = [
      { meter: 'builds', usageId: 'u1', quantity: 100 },
      { meter: 'builds', usageId: 'u2', quantity: 1 },
      { meter: 'builds', usageId: 'c1', quantity: -30, corrects: 'u1' },
      { meter: 'builds', usageId: 'u3', quantity: 30 },
      { meter: 'builds', usageId: 'c2', quantity: -71, corrects: 'u1' },
      { meter: 'exports', usageId: 'c1', quantity: -1, corrects: 'u1' },
    ];
    const { status, body } = await asIssuer('POST', '/v1/licenses/usage', { licenseId, records });
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
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 60);
    await record(licenseId, 'c1', -10, { corrects: 'u1' });
    ledger.clock.aheadMs = 2 * day;
    await record(licenseId, 'u2', 7);
    const corrected = await correct(licenseId, 'c2', 'u1', -20);
    expect([outcomeOf(corrected), corrected.body.usage]).toMatchObject([[201, true], { total: 7 }]);
    expect(outcomeOf(await correct(licenseId, 'c3', 'u1', -31))).toEqual([409, 'CORRECTION_EXCEEDS_USAGE']);
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
    expect(outcomeOf(await correct(licenseId, 'c4', 'u1', -1))).toEqual([404, 'USAGE_NOT_FOUND']);
  });

  test('lowers the period of a meter that the license has lost since', async () => {
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 60);
    const change = { limits: { meters: { builds: null } } };
    expect((await asIssuer('POST', `/v1/licenses/${licenseId}/limits`, change)).status).toBe(200);
    const corrected = await correct(licenseId, 'c1', 'u1', -20);
    expect(outcomeOf(corrected)).toEqual([201, true]);
    expect(corrected.body.usage).toMatchObject({ total: 40, max: 0 });
    expect(await sums(licenseId)).toMatchObject([{ meter: 'builds', recorded: 60, corrected: 20, total: 40 }]);
    ledger.clock.aheadMs = 2 * day;
    expect(outcomeOf(await correct(licenseId, 'c2', 'u1', -40))).toEqual([201, true]);
    expect(await sums(licenseId)).toMatchObject([{ meter: 'builds', recorded: 60, corrected: 60, total: 0 }]);
    const refused = await asIssuer('POST', '/v1/licenses/usage', { licenseId, meter: 'builds', quantity: 1 });
    expect([outcomeOf(refused), refused.body.errors?.[0]?.pointer]).toEqual([[400, 'LIMIT_INVALID'], '/meter']);
    expect(refused.body.detail).toContain('Its meters: exports.');
  });

  test('of a usage of more than an hour ago waits for read models that are behind', async () => {
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 9);
    const startAgain = await ledger.stopProjector();
    const later = { key: ledger.a.apiKey, headers: { prefer: 'respond-async' } };
    const body = (usageId: string) => ({ licenseId, meter: 'builds', usageId, quantity: -4, corrects: 'u1' });
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

  test('is for the issuer alone: a key and the holder would take back what they pay for', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 9);
    const toHolderOrgId = ledger.b.organizationId;
    const transfer = { toHolderOrgId, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
    await sendTo(ledger, licenseId, { type: 'Transfer', data: transfer });
    const correction = { meter: 'builds', usageId: 'c1', quantity: -9, corrects: 'u1' };
    const byKey = await send(licenseKey, correction);
    const byHolder = await ledger.call('POST', '/v1/licenses/usage', {
      key: ledger.b.apiKey,
      body: { licenseId, ...correction },
    });
    expect([byKey, byHolder].map(outcomeOf)).toEqual([
      [403, 'FORBIDDEN'],
      [403, 'FORBIDDEN'],
    ]);
    const { body } = await send(licenseKey, { records: [{ meter: 'builds', usageId: 'u2', quantity: 1 }, correction] });
    expect(body.records).toMatchObject([{ changed: true }, { changed: false, refusal: { code: 'FORBIDDEN' } }]);
    const exported = { meter: 'exports', usageId: 'e1', quantity: 1 };
    const mixed = await send(licenseKey, { records: [correction, exported] });
    expect(mixed.body.records).toMatchObject([{ refusal: { code: 'FORBIDDEN' } }, { changed: true, refusal: null }]);
    const { apiKey: recordingKey } = await ledger.createKey(ledger.a.organizationId, ['licenses:activate']);
    const byRecorder = await ledger.call('POST', '/v1/licenses/usage', {
      key: recordingKey,
      body: { licenseId, ...correction },
    });
    expect(outcomeOf(byRecorder)).toEqual([403, 'FORBIDDEN']);
    expect(await sums(licenseId)).toMatchObject([
      { meter: 'exports' },
      { meter: 'builds', recorded: 10, corrected: 0 },
    ]);
  });

  test('is possible while the license is suspended, which refuses usage', async () => {
    const { licenseId, licenseKey } = await issue();
    await record(licenseId, 'u1', 9);
    await asIssuer('POST', `/v1/licenses/${licenseId}/suspend`, { reason: { code: 'PAYMENT' } });
    expect(outcomeOf(await use(licenseKey, 'u2', 1))).toEqual([409, 'LICENSE_SUSPENDED']);
    expect(outcomeOf(await correct(licenseId, 'c1', 'u1', -9))).toEqual([201, true]);
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
    const { licenseId } = await issue();
    await record(licenseId, 'u1', 60);
    await reset(licenseId);
    await record(licenseId, 'u2', 7);
    expect((await correct(licenseId, 'c1', 'u1', -50)).body.usage).toMatchObject({ total: 7 });
    expect((await correct(licenseId, 'c2', 'u2', -3)).body.usage).toMatchObject({ total: 4 });
    expect(outcomeOf(await correct(licenseId, 'c3', 'u1', -11))).toEqual([409, 'CORRECTION_EXCEEDS_USAGE']);
    ledger.clock.aheadMs = 2 * day;
    await correct(licenseId, 'c4', 'u1', -10);
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
