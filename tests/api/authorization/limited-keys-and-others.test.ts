import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import { scopes } from '../../../src/domain/organization/events.ts';
import { withinProductScope } from '../../../src/postgres/product-scope.ts';
import { type Answer, type Fields, type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

// An API key for one of two products, while others work on the same licenses.

const mine = 'limited_app';
const other = 'hidden_app';

let ledger: Ledger;
let owner: TestMember;
let limited: string;

const as = (key: string, method: string, path: string, body?: object) => ledger.call(method, path, { key, body });
const asOwner = async (method: string, path: string, body?: object): Promise<Fields> => {
  const answer = await as(owner.accessToken, method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.text}`);
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 30_000);
  return answer.body;
};
const issue = async (...products: readonly string[]) => {
  const terms = { tier: 'PRO', products, limits: { activations: 3, seats: 3 } };
  const { license } = await asOwner('POST', '/v1/licenses', terms);
  const licenseId = String(license?.id);
  const { activation } = await asOwner('POST', '/v1/licenses/activate', { licenseId, fingerprint: 'device' });
  const { lease } = await asOwner('POST', '/v1/licenses/leases', { licenseId, leaseHolder: 'somebody' });
  return { licenseId, activationId: String(activation?.id), leaseId: String(lease?.id) };
};
const outline = ({ status, body }: Answer) => [status, body.code];

/** Does `work` while requests with another scope keep reading the stream, so that they answer its reads, too. */
const whileReading = async (products: readonly string[] | null, licenseId: string, work: () => Promise<Answer>) => {
  let isOver = false;
  let reads = 0;
  const read = () => {
    reads += 1;
    if (!isOver) void ledger.executor.read(licenseAggregate, licenseId, read);
  };
  withinProductScope(products, read);
  const answer = await work();
  isOver = true;
  expect(reads).toBeGreaterThan(1);
  return answer;
};

beforeAll(async () => {
  ledger = await startLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  await condition(
    'the owner is known',
    async () => (await as(owner.accessToken, 'GET', '/v1/licenses')).status === 200,
  );
  for (const code of [mine, other]) await asOwner('POST', '/v1/products', { code, name: code });
  const { secret } = await asOwner('POST', '/v1/api-keys', { name: 'partner', scopes, products: [mine] });
  limited = String(secret);
}, 60_000);
afterAll(() => ledger.stop());

describe('An API key that is limited to one product', () => {
  test('takes no license from another request at the same time', async () => {
    const { licenseId, activationId } = await issue(mine, other);
    const released = await whileReading([mine], licenseId, () =>
      as(owner.accessToken, 'DELETE', `/v1/licenses/${licenseId}/activations/${activationId}`, {}),
    );
    expect(outline(released)).toEqual([200, undefined]);
  });

  test('repeats no answer about products that its owner has taken from it', async () => {
    const { secret, apiKey } = await asOwner('POST', '/v1/api-keys', { name: 'wide', scopes, products: [mine, other] });
    const send = (path: string, body: object) => {
      const headers = { 'idempotency-key': `${path} ${JSON.stringify(body)}`.replaceAll(' ', '') };
      return ledger.call('POST', path, { key: String(secret), body, headers });
    };
    const terms = { tier: 'PRO', products: [other] };
    const issued = await send('/v1/licenses', terms);
    const rotation = `/v1/licenses/${issued.body.license?.id}/rotate-key`;
    const handedOn = { name: 'next', scopes: ['licenses:read'], products: [other] };
    const own = { tier: 'PRO', products: [mine] };
    const ownRotation = `/v1/licenses/${(await send('/v1/licenses', own)).body.license?.id}/rotate-key`;
    const [rotated, created, kept] = [
      await send(rotation, {}),
      await send('/v1/api-keys', handedOn),
      await send(ownRotation, {}),
    ];
    expect([issued, rotated, created, kept].map(({ status }) => status)).toEqual([201, 200, 201, 200]);

    await asOwner('PATCH', `/v1/api-keys/${apiKey?.id}`, { products: [mine] });
    await condition('the key is narrowed', async () => (await send('/v1/licenses', terms)).status !== 201);
    expect(outline(await send('/v1/licenses', terms))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(outline(await send(rotation, {}))).toEqual([404, 'LICENSE_NOT_FOUND']);
    expect(outline(await send('/v1/api-keys', handedOn))).toEqual([404, 'NOT_FOUND']);
    expect((await send(ownRotation, {})).text).toBe(kept.text);
  });

  test('replaces no license of another product, also while another request reads it', async () => {
    const { licenseId } = await issue(other);
    await asOwner('POST', `/v1/licenses/${licenseId}/revoke`, { reason: { code: 'FRAUD' } });
    const replaced = await whileReading(null, licenseId, () =>
      as(limited, 'POST', '/v1/licenses', { tier: 'PRO', products: [mine], replaces: licenseId }),
    );
    expect(outline(replaced)).toEqual([400, 'INVALID_REQUEST']);
  });

  test('uses and renews a license that others have scheduled to move to a further product', async () => {
    const { licenseId, activationId, leaseId } = await issue(mine);
    const fields = { name: 'Wide', tier: 'PRO', type: 'SUBSCRIPTION', products: [mine, other] };
    const { id: policyId } = await asOwner('POST', '/v1/policies', fields);
    const effectiveAt = new Date(Date.now() + 86_400_000).toISOString();
    await asOwner('POST', `/v1/licenses/${licenseId}/policy`, { policyId, effectiveAt });
    const path = `/v1/licenses/${licenseId}`;
    for (const [method, url, body] of [
      ['POST', '/v1/licenses/activate', { licenseId, fingerprint: 'another device' }],
      ['POST', `/v1/licenses/leases/${leaseId}/heartbeat`, { licenseId }],
      ['POST', `${path}/renew`, { duration: 'P1Y' }],
      ['POST', `${path}/limits?preview=true`, { limits: { activations: 9 } }],
      ['DELETE', `${path}/activations/${activationId}`, {}],
      ['DELETE', `/v1/licenses/leases/${leaseId}?licenseId=${licenseId}`, undefined],
    ] as const) {
      const answer = await as(limited, method, url, body);
      expect([url, answer.status < 300, answer.body.code]).toEqual([url, true, undefined]);
    }
    for (const query of ['', '?preview=true'])
      expect(outline(await as(limited, 'POST', `${path}/products${query}`, { add: [other] }))).toEqual([
        403,
        'FORBIDDEN',
      ]);
  });
});
