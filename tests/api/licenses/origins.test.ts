import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { reject } from '../../../src/domain/decider.ts';
import { dieAfterAppend } from '../../support/die-after-append.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { commanding, refusal } from './commanding.ts';

let ledger: Ledger;
let api: ReturnType<typeof commanding>;
beforeAll(async () => {
  ledger = await shareLedger();
  api = commanding(ledger);
});
afterAll(() => ledger.stop());

const importing = (fields: object = {}) => ({
  source: 'old_shop',
  sourceRef: randomUUID(),
  historyFrom: '2024-03-01T00:00:00.000Z',
  tier: 'PRO',
  products: ['local_cli'],
  ...fields,
});
const send = (body: object, { key = ledger.a.apiKey, once }: { key?: string; once?: string } = {}) =>
  ledger.call('POST', '/v1/licenses/import', {
    key,
    body,
    ...(once === undefined ? {} : { headers: { 'idempotency-key': once } }),
  });
const codeOf = async (licenseKey: unknown) =>
  (await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey: String(licenseKey) } })).body.code;

describe('An imported license', () => {
  test('names its source, has a new key, and may have ended', async () => {
    const wanted = importing({
      term: { startsAt: '2024-03-01T00:00:00Z', expiresAt: '2025-03-01T00:00:00Z' },
      externalRef: 'sub_1',
      metadata: { plan: 'legacy' },
      limits: { activations: 9 },
    });
    const { status, body } = await send(wanted);
    expect([status, body.license]).toMatchObject([
      201,
      {
        status: 'EXPIRED',
        externalRef: 'sub_1',
        metadata: { plan: 'legacy' },
        limits: { activations: 9 },
        imported: { source: 'old_shop', sourceRef: wanted.sourceRef, historyFrom: '2024-03-01T00:00:00.000Z' },
      },
    ]);
    const licenseId = String(body.license?.id);
    expect(await api.read(licenseId)).toEqual(body.license);
    expect(await codeOf(body.licenseKey)).toBe('EXPIRED');
    const history = await api.send('GET', licenseId, 'history');
    expect(history.body.data?.[0]?.type).toBe('LicenseImported');
    expect((await api.done(licenseId, 'renew', { duration: 'P1Y', basis: 'FROM_NOW' })).status).toBe('ACTIVE');
  });

  test('may have the earliest possible instants', async () => {
    const term = { startsAt: '0001-01-01T00:00:00.000Z', expiresAt: '0001-01-15T00:00:00.000Z' };
    const { body } = await send(importing({ term }));
    expect(await api.read(String(body.license?.id))).toMatchObject({ status: 'EXPIRED', term });
  });

  test('is imported once per issuer, source and reference', async () => {
    const wanted = importing({ metadata: { first: true } });
    const first = await send(wanted);
    const again = await send({ ...wanted, tier: 'FREE', metadata: { first: false } });
    expect([...refusal(again), again.body.licenseId]).toEqual([409, 'CODE_TAKEN', first.body.license?.id]);
    expect((await api.read(String(first.body.license?.id))).metadata).toEqual({ first: true });
    expect((await send({ ...wanted, source: 'older_shop' })).status).toBe(201);
    expect((await send(wanted, { key: ledger.b.apiKey })).status).toBe(201);
  });

  test('is created once by twenty concurrent requests', async () => {
    const wanted = importing();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => send({ ...wanted, metadata: { n } })));
    const [imported, ...more] = answers.filter(({ status }) => status === 201);
    expect(more).toEqual([]);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expect([...refusal(answer), answer.body.licenseId]).toEqual([409, 'CODE_TAKEN', imported?.body.license?.id]);
    const read = await api.read(String(imported?.body.license?.id));
    expect(read.metadata).toEqual(imported?.body.license?.metadata);
    expect(await codeOf(imported?.body.licenseKey)).toBe('VALID');
  });

  test('gets the first answer when the request is repeated, also after a crash', async () => {
    const once = randomUUID();
    const wanted = importing({ metadata: { note: 'x' } });
    const first = await send(wanted, { once });
    expect((await send(wanted, { once })).text).toBe(first.text);
    await dieAfterAppend(ledger, once, first.body.licenseKey);
    const retried = await send(wanted, { once });
    expect([retried.status, retried.body]).toEqual([201, first.body]);
  });

  test('is refused when its history begins in the future', async () => {
    const future = await send(importing({ historyFrom: '2099-01-01T00:00:00Z' }));
    expect(refusal(future)).toEqual([400, 'INVALID_REQUEST']);
    expect(refusal(await send(importing({ sourceRef: '' })))).toEqual([400, 'INVALID_REQUEST']);
    expect(refusal(await send(importing({ source: 'Old Shop' })))).toEqual([400, 'INVALID_REQUEST']);
    expect(refusal(await send(importing({ replaces: 'lic_01h455vb4pex5vsknk084sn02q' })))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
  });
});

test('A retry of a request that died gets its license, also when the policy was archived since', async () => {
  const { apiKey: key } = await ledger.createVendor('Vendor C');
  const call = (method: string, path: string, body?: object, headers = {}) =>
    ledger.call(method, path, { key, body, headers });
  await call('POST', '/v1/products', { code: 'local_cli', name: 'CLI' });
  const policy = await call('POST', '/v1/policies', { name: 'Team', tier: 'PRO', products: ['local_cli'] });
  const once = randomUUID();
  const issue = () => call('POST', '/v1/licenses', { policyId: policy.body.id }, { 'idempotency-key': once });
  const first = await issue();
  expect(first.status, first.text).toBe(201);
  await dieAfterAppend(ledger, once, first.body.licenseKey);
  expect((await call('DELETE', `/v1/policies/${policy.body.id}`)).status).toBe(200);
  const retried = await issue();
  expect([retried.status, retried.body]).toEqual([201, first.body]);
});

describe('A license that replaces a revoked one', () => {
  const revoked = async () => {
    const { licenseId } = await ledger.issue();
    await api.post(licenseId, 'revoke', { reason: { code: 'MISTAKE' } });
    return licenseId;
  };
  const replace = (replaces: string, key = ledger.a.apiKey) =>
    ledger.call('POST', '/v1/licenses', { key, body: { tier: 'PRO', products: ['local_cli'], replaces } });

  test('names the revoked license, which names it as well', async () => {
    const old = await revoked();
    const { status, body } = await replace(old);
    expect([status, body.license?.replaces]).toEqual([201, old]);
    expect(await api.read(old)).toMatchObject({ status: 'REVOKED', replacedBy: body.license?.id });
    expect((await api.historyOf(old)).at(-1)).toBe('ReplacementIssued');
  });

  test('is issued once, and only for a revoked license of the issuer', async () => {
    const old = await revoked();
    await replace(old);
    const { licenseId } = await ledger.issue();
    for (const refused of [
      await replace(old),
      await replace(licenseId),
      await replace(await revoked(), ledger.b.apiKey),
    ]) {
      expect(refusal(refused)).toEqual([400, 'INVALID_REQUEST']);
      expect(refused.body.errors).toMatchObject([{ pointer: '/replaces' }]);
    }
  });

  test('is issued once by concurrent requests', async () => {
    const old = await revoked();
    const answers = await Promise.all(Array.from({ length: 8 }, () => replace(old)));
    const [issued, ...more] = answers.filter(({ status }) => status === 201);
    expect([more, (await api.read(old)).replacedBy]).toEqual([[], issued?.body.license?.id]);
    for (const answer of answers.filter((each) => each !== issued))
      expect([400, 409], answer.text).toContain(answer.status);
  });

  test('is recorded by a retry when others kept changing the revoked license', async () => {
    const old = await revoked();
    const { execute } = ledger.executor;
    const conflicting: typeof execute = (aggregate, id, decide, options) =>
      id === old
        ? Promise.resolve(reject('CONCURRENT_MODIFICATION', 'Others kept changing this.'))
        : execute(aggregate, id, decide, options);
    const once = { 'idempotency-key': randomUUID() };
    const body = { tier: 'PRO', products: ['local_cli'], replaces: old };
    const issue = () => ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body, headers: once });
    const conflict = vi.spyOn(ledger.executor, 'execute').mockImplementation(conflicting);
    const failed = await issue().finally(() => conflict.mockRestore());
    expect(refusal(failed)).toEqual([503, 'UNAVAILABLE']);
    const issued = await issue();
    expect(issued.status).toBe(201);
    expect((await api.read(old)).replacedBy).toBe(issued.body.license?.id);
    expect(await codeOf(issued.body.licenseKey)).toBe('VALID');
  });

  test('is still possible after a refused request', async () => {
    const old = await revoked();
    const body = { tier: 'PRO', products: ['local_cli'], replaces: old, term: { expiresAt: '2020-01-01T00:00:00Z' } };
    const refused = await ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body });
    expect(refusal(refused)).toEqual([400, 'TERM_INVALID']);
    expect((await replace(old)).status).toBe(201);
  });

  test('is the same when its request is repeated', async () => {
    const old = await revoked();
    const again = { 'idempotency-key': randomUUID() };
    const body = { tier: 'PRO', products: ['local_cli'], replaces: old };
    const issue = () => ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body, headers: again });
    const first = await issue();
    await dieAfterAppend(ledger, again['idempotency-key'], first.body.licenseKey);
    const retried = await issue();
    expect([retried.status, retried.body]).toEqual([201, first.body]);
    expect((await api.read(old)).revision).toBe(3);
  });
});
