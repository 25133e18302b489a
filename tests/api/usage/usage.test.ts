import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dieAfterAppend } from '../../support/die-after-append.ts';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
beforeEach(() => {
  ledger.clock.aheadMs = 0;
});
afterAll(() => ledger.stop());

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const issue = (policy: object = {}, builds = 100) =>
  issueDirectly(ledger, { policy, limits: { meters: { builds, exports: 100 } } });
const send = (licenseKey: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  ledger.call('POST', '/v1/licenses/usage', { body: { licenseKey, ...body }, headers });
const use = (licenseKey: string, usageId: string, changes: object = {}) =>
  send(licenseKey, { meter: 'builds', quantity: 1, usageId, ...changes });
const batches = async (licenseId: string) => {
  const { events } = await ledger.store.connect().read(`license-${licenseId}`);
  return events.filter(({ type }) => type === 'UsageBatchRecorded');
};
const entriesOf = async (licenseId: string) =>
  (await batches(licenseId)).map(({ data }) => (data.entries as { usageId: string }[]).map(({ usageId }) => usageId));
const ago = (ms: number) => new Date(Date.now() + ledger.clock.aheadMs - ms).toISOString();
const outcomeOf = ({ status, body }: Answer) => [status, body.code ?? body.changed];

describe('Usage of one second', () => {
  test('is one event, and the first request does not wait for it', async () => {
    const { licenseId, licenseKey } = await issue();
    expect(outcomeOf(await use(licenseKey, 'first'))).toEqual([201, true]);
    const answers = await Promise.all(['u1', 'u2', 'u3', 'u4', 'u5'].map((usageId) => use(licenseKey, usageId)));
    expect(answers.map(outcomeOf)).toEqual(Array.from({ length: 5 }, () => [201, true]));
    const [first, ...others] = await entriesOf(licenseId);
    expect([first, others.flat().toSorted()]).toEqual([['first'], ['u1', 'u2', 'u3', 'u4', 'u5']]);
    expect((await batches(licenseId)).at(-1)?.data.totalAfter).toBe(6);
    // A busy machine may need more than a second for five requests. Two events are never closer.
    const instants = (await batches(licenseId)).map(({ metadata }) => Date.parse(String(metadata.recordedAt)));
    for (const [index, at] of instants.slice(1).entries())
      expect(at - (instants[index] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('counts what fits into the quota, and refuses the others alone', async () => {
    const { licenseId, licenseKey } = await issue({}, 5);
    const answers = await Promise.all(['u1', 'u2', 'u3'].map((usageId) => use(licenseKey, usageId, { quantity: 2 })));
    const sorted = answers.map(outcomeOf).toSorted(([a], [b]) => Number(a) - Number(b));
    expect(sorted).toEqual([
      [201, true],
      [201, true],
      [409, 'QUOTA_EXCEEDED'],
    ]);
    const last = (await batches(licenseId)).at(-1);
    expect([last?.data.totalAfter, last?.data.limit]).toEqual([4, 5]);
  });

  test('of another actor is an event of its own', async () => {
    const { licenseId, licenseKey } = await issue();
    const byOrganization = { key: ledger.a.apiKey, body: { licenseId, meter: 'builds', quantity: 1 } };
    await Promise.all([use(licenseKey, 'u1'), ledger.call('POST', '/v1/licenses/usage', byOrganization)]);
    const actors = (await batches(licenseId)).map(({ metadata }) => (metadata.actor as { type: string }).type);
    expect(actors.toSorted()).toEqual(['API_KEY', 'CLIENT']);
  });

  test('has at most as many records a minute as the policy allows, and says when to send the others', async () => {
    const { licenseKey } = await issue({ usagePerMinute: 2 });
    ledger.clock.aheadMs = minute - (Date.now() % minute) + 1_000;
    const two = ['u1', 'u2'].map((usageId) => ({ meter: 'builds', quantity: 1, usageId }));
    expect((await send(licenseKey, { records: two })).status).toBe(201);
    const refused = await use(licenseKey, 'u3');
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ code: 'RATE_LIMITED', retryAt: expect.stringMatching(/:00\.000Z$/) });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    ledger.clock.aheadMs += minute;
    expect(outcomeOf(await use(licenseKey, 'u3'))).toEqual([201, true]);
  });
});

describe('A repeated request', () => {
  test('gets its first outcome when its process died after the append', async () => {
    const { licenseId, licenseKey } = await issue();
    const body = { meter: 'builds', quantity: 2, usageId: 'u1' };
    const once = { 'idempotency-key': crypto.randomUUID() };
    const first = await send(licenseKey, body, once);
    await dieAfterAppend(ledger, once['idempotency-key'], licenseKey);
    const again = await send(licenseKey, body, once);
    expect([outcomeOf(first), outcomeOf(again)]).toEqual([
      [201, true],
      [201, true],
    ]);
    expect(outcomeOf(await send(licenseKey, body))).toEqual([200, false]);
    expect(await entriesOf(licenseId)).toEqual([['u1']]);
  });

  test('counts once when the replies of the event store are lost', async () => {
    const { licenseId, licenseKey } = await issue();
    const once = { 'idempotency-key': crypto.randomUUID() };
    const body = { meter: 'builds', quantity: 2 };
    Object.assign(ledger.faults, { droppedReply: 'unavailable', dropReply: () => true });
    const lost = await send(licenseKey, body, once);
    Object.assign(ledger.faults, { dropReply: undefined, droppedReply: 'hang' });
    expect(lost.status).toBe(503);
    expect(outcomeOf(await send(licenseKey, body, once))).toEqual([201, true]);
    expect((await batches(licenseId)).map(({ data }) => data.totalAfter)).toEqual([2]);
  });
});

describe('A usageId', () => {
  test('counts once for each meter, and is refused with another quantity', async () => {
    const { licenseKey } = await issue();
    await use(licenseKey, 'u1');
    const [same, other, ofOtherMeter] = await Promise.all([
      use(licenseKey, 'u1'),
      use(licenseKey, 'u1', { quantity: 2 }),
      use(licenseKey, 'u1', { meter: 'exports' }),
    ]);
    expect([outcomeOf(same), outcomeOf(other), outcomeOf(ofOtherMeter)]).toEqual([
      [200, false],
      [409, 'USAGE_ID_REUSED'],
      [201, true],
    ]);
    expect(other.body.errors).toMatchObject([{ pointer: '/usageId' }]);
  });

  test('is known from the read models when the state has forgotten it, in the organization of its issuer only', async () => {
    const { licenseId, licenseKey } = await issue();
    const occurredAt = ago(0);
    await use(licenseKey, 'old', { occurredAt });
    ledger.clock.aheadMs = 2 * hour;
    // The state forgets with the next event.
    await use(licenseKey, 'newer');
    expect(outcomeOf(await use(licenseKey, 'old', { occurredAt }))).toEqual([200, false]);
    expect(outcomeOf(await use(licenseKey, 'old', { quantity: 2 }))).toEqual([409, 'USAGE_ID_REUSED']);
    const rows = async (organizationId: string) => {
      const db = await ledger.database.api.connect();
      try {
        await db.query('begin');
        await db.query("select set_config('app.org_id', $1, true)", [organizationId]);
        return (await db.query('select usage_id from rm.usage_ids where license_id = $1', [licenseId])).rowCount;
      } finally {
        await db.query('rollback');
        db.release();
      }
    };
    expect([await rows(ledger.a.organizationId), await rows(ledger.b.organizationId)]).toEqual([2, 0]);
  });

  test('is refused with 503 while the read models are behind, when the usage is older than an hour', async () => {
    const { licenseId, licenseKey } = await issue();
    const occurredAt = ago(0);
    const startAgain = await ledger.stopProjector();
    const later = { prefer: 'respond-async' };
    try {
      const body = { meter: 'builds', quantity: 1, usageId: 'u1', occurredAt };
      expect(outcomeOf(await send(licenseKey, body, later))[1]).toBe(true);
      ledger.clock.aheadMs = 2 * hour;
      const refused = await send(licenseKey, body, later);
      expect(outcomeOf(refused)).toEqual([503, 'NOT_PROJECTED_YET']);
      expect(refused.headers.get('retry-after')).toBe('60');
      const fresh = { meter: 'builds', quantity: 1, usageId: 'u2', occurredAt: ago(59 * minute) };
      expect(outcomeOf(await send(licenseKey, fresh, later))[1]).toBe(true);
    } finally {
      startAgain();
    }
    await ledger.projected.waitFor((await batches(licenseId)).at(-1)?.position.commit ?? 0n, 10_000);
    expect(outcomeOf(await use(licenseKey, 'u1', { occurredAt }))).toEqual([200, false]);
    expect(await entriesOf(licenseId)).toEqual([['u1'], ['u2']]);
  });

  test.each([
    ['35 days and a minute ago', 35 * day + minute],
    ['6 minutes ahead', -6 * minute],
  ])('of usage %s is refused', async (_, ms) => {
    const { licenseKey } = await issue();
    const refused = await use(licenseKey, 'u1', { occurredAt: ago(ms) });
    expect(outcomeOf(refused)).toEqual([400, 'USAGE_TIMESTAMP_OUT_OF_RANGE']);
    expect(refused.body.errors).toMatchObject([{ pointer: '/occurredAt' }]);
  });
});

describe('A list of records', () => {
  test('says what became of each, and refuses the wrong ones alone', async () => {
    const { licenseId, licenseKey } = await issue({}, 5);
    await use(licenseKey, 'known');
    const records = [
      { meter: 'builds', quantity: 1, usageId: 'known' },
      { meter: 'builds', quantity: 4, usageId: 'u1' },
      { meter: 'builds', quantity: 1, usageId: 'u2' },
      { meter: 'exports', quantity: 7 },
      { meter: 'renders', quantity: 1, usageId: 'u3' },
    ];
    const { status, body } = await send(licenseKey, { records });
    expect(status).toBe(201);
    const told = body.records as unknown as { changed: boolean; refusal: { code: string } | null; id: string }[];
    expect(told.map(({ changed, refusal }) => [changed, refusal?.code])).toEqual([
      [false, undefined],
      [true, undefined],
      [false, 'QUOTA_EXCEEDED'],
      [true, undefined],
      [false, 'LIMIT_INVALID'],
    ]);
    expect(body.limits?.meters).toMatchObject({ exports: { used: 7 } });
    expect(await entriesOf(licenseId)).toHaveLength(3);
    const allRefused = await send(licenseKey, { records: records.slice(4) });
    expect(allRefused.status).toBe(200);
    expect(allRefused.body.records).toMatchObject([{ changed: false, refusal: { code: 'LIMIT_INVALID' } }]);
  });

  test('takes 1,000 records with everything in them, in events of at most 200 kB', async () => {
    const { licenseId, licenseKey } = await issue({ usagePerMinute: 3_000 }, 5_000);
    const records = Array.from({ length: 1_000 }, (_, index) => ({
      meter: 'builds',
      quantity: 1,
      usageId: `${'u'.repeat(120)}${index}`,
      occurredAt: ago(minute),
    }));
    const { status, body } = await send(licenseKey, { records });
    expect([status, (body.records as unknown as unknown[]).length]).toEqual([201, 1_000]);
    const stored = await batches(licenseId);
    expect(stored.at(-1)?.data.totalAfter).toBe(1_000);
    for (const { data, metadata } of stored)
      expect(Buffer.byteLength(JSON.stringify(data) + JSON.stringify(metadata))).toBeLessThan(200_000);
    expect((await send(licenseKey, { records: [...records, records[0]] })).status).toBe(400);
  });

  test('of a license that cannot be used is refused as a whole, as a single record is', async () => {
    const { licenseId, licenseKey } = await issue();
    const records = ['builds', 'exports'].map((meter) => ({ meter, quantity: 1 }));
    await sendTo(ledger, licenseId, { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } });
    expect(outcomeOf(await send(licenseKey, { records }))).toEqual([409, 'LICENSE_SUSPENDED']);
    const mixed = await send(licenseKey, { records: [...records, { meter: 'renders', quantity: 1 }] });
    expect([mixed.status, mixed.body.records]).toMatchObject([
      200,
      ['LICENSE_SUSPENDED', 'LICENSE_SUSPENDED', 'LIMIT_INVALID'].map((code) => ({ refusal: { code } })),
    ]);
    await sendTo(ledger, licenseId, { type: 'Revoke', data: { reasonCode: 'FRAUD' } });
    expect(outcomeOf(await send(licenseKey, { records }))).toEqual([409, 'LICENSE_REVOKED']);
  });

  test('with an old key is refused as a whole, and shows nothing of the license', async () => {
    const { licenseId, licenseKey } = await issue();
    const startAgain = await ledger.stopProjector();
    const rotation = { key: ledger.a.apiKey, headers: { prefer: 'respond-async' }, body: { cause: 'LEAKED' } };
    await ledger.call('POST', `/v1/licenses/${licenseId}/rotate-key`, rotation);
    const refused = await send(licenseKey, { records: [{ meter: 'builds', quantity: 1 }] });
    startAgain();
    expect(outcomeOf(refused)).toEqual([404, 'LICENSE_NOT_FOUND']);
  });

  test('is refused as a whole when it is invalid, with the place', async () => {
    const { licenseKey } = await issue();
    const wrong = await send(licenseKey, { records: [{ meter: 'builds', quantity: 0 }], meter: 'builds' });
    expect(wrong.status).toBe(400);
    const both = await send(licenseKey, { records: [{ meter: 'builds', quantity: 1 }], meter: 'builds' });
    expect(both.body.errors).toMatchObject([{ pointer: '/meter' }]);
    const neither = await send(licenseKey, {});
    expect(neither.body.errors).toMatchObject([{ pointer: '/meter' }, { pointer: '/quantity' }]);
  });
});
