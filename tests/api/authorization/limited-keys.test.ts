import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Route } from '../../../src/api/route.ts';
import { scopes } from '../../../src/domain/organization/events.ts';
import { type Fields, type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

// A vendor with two products, and an API key for one of them.

const mine = 'limited_app';
const other = 'hidden_app';
const secretWord = 'HIDDENWORD';

let ledger: Ledger;
let owner: TestMember;
let limited: string;
let own: string;
let hidden: string;
let both: string;
let hiddenParts: readonly string[];

const as = (key: string, method: string, path: string, body?: object) => ledger.call(method, path, { key, body });
const asOwner = async (method: string, path: string, body?: object): Promise<Fields> => {
  const answer = await as(owner.accessToken, method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.text}`);
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 30_000);
  return answer.body;
};
const rowsIn = ({ data }: Fields) => data as unknown as readonly Record<string, unknown>[];
const keyFor = async (products: readonly string[] | null, granted: readonly string[] = scopes) =>
  asOwner('POST', '/v1/api-keys', { name: `for ${products}`, scopes: granted, products });
const issue = async (...products: readonly string[]) => {
  const { license, licenseKey } = await asOwner('POST', '/v1/licenses', {
    ...{ tier: 'PRO', products, externalRef: products.includes(other) ? `${secretWord}_ref` : 'ref' },
    ...{ metadata: { word: products.includes(other) ? secretWord : 'x' }, limits: { seats: 3, users: 3 } },
  });
  const id = String(license?.id);
  const named = {
    licenseKey,
    fingerprint: crypto.randomUUID(),
    name: products.includes(other) ? `${secretWord} device` : 'x',
  };
  const { activation } = await asOwner('POST', '/v1/licenses/activate', named);
  await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
  const { lease } = await asOwner('POST', '/v1/licenses/leases', { licenseKey, leaseHolder: 'somebody' });
  return { id, parts: [id, String(activation?.id), String(lease?.id)] };
};

beforeAll(async () => {
  ledger = await startLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  await condition(
    'the owner is known',
    async () => (await as(owner.accessToken, 'GET', '/v1/licenses')).status === 200,
  );
  for (const code of [mine, other])
    await asOwner('POST', '/v1/products', { code, name: code === other ? `${secretWord} product` : 'Mine' });
  for (const code of [mine, other])
    await asOwner('POST', `/v1/products/${code}/releases`, { version: code === other ? '6.6.6' : '1.0.0' });
  await asOwner('POST', '/v1/policies', {
    ...{ name: `${secretWord} policy`, tier: 'PRO', type: 'SUBSCRIPTION', products: [other] },
  }).catch(() => null);
  const [first, second, third] = [await issue(mine), await issue(other), await issue(mine, other)];
  [own, hidden, both] = [first.id, second.id, third.id];
  hiddenParts = [...second.parts, ...third.parts];
  limited = String((await keyFor([mine])).secret);
  await keyFor([other]);
}, 120_000);
afterAll(() => ledger.stop());

/** Returns the requests to all GET routes, each about every license. */
const pathsOf = ({ path }: Route): readonly string[] => {
  const filled = (licenseId: string) =>
    path
      .replace('{licenseId}', licenseId)
      .replace('{organizationId}', ledger.a.organizationId)
      .replace('{productId}', other)
      .replace('{code}', other)
      .replace('{version}', '6.6.6')
      .replace(/\{\w+\}/g, licenseId);
  const paths = path.includes('{') ? [own, hidden, both].map(filled) : [path];
  if (path === '/v1/licenses')
    return ['', '?limit=1', `?product=${other}`, `?q=${secretWord}`, `?externalRef=${secretWord}_ref`, '?tier=PRO'].map(
      (query) => path + query,
    );
  if (path === '/v1/licenses/features') return [own, hidden, both].map((id) => `${path}?licenseId=${id}`);
  if (path === '/v1/licenses/{licenseId}')
    return [...paths, ...paths.map((each) => `${each}?asOf=${encodeURIComponent(new Date().toISOString())}`)];
  return paths;
};

describe('An API key that is limited to one product', () => {
  test('gets not a byte of the licenses and the catalog of another product, from no GET route', async () => {
    let asked = 0;
    const leaks: string[] = [];
    for (const route of ledger.routes) {
      if (route.method !== 'get' || route.path.endsWith('/stream')) continue;
      for (const path of pathsOf(route)) {
        asked += 1;
        const { text } = await as(limited, 'GET', path);
        // The path of a problem may repeat what the request names.
        const told = text.replaceAll(path, '');
        const named = [secretWord, '6.6.6', ...hiddenParts].filter(
          (part) => !path.includes(part) && told.includes(part),
        );
        if (named.length > 0) leaks.push(`${path}: ${named.join(', ')}`);
      }
    }
    expect(leaks).toEqual([]);
    expect(asked).toBeGreaterThan(40);
  });

  test('sees its own license, and the answer for an unknown one for the others', async () => {
    const unknown = await as(limited, 'GET', '/v1/licenses/lic_01h455vb4pex5vsknk084sn02q');
    expect(unknown.body.code).toBe('LICENSE_NOT_FOUND');
    expect((await as(limited, 'GET', `/v1/licenses/${own}`)).status).toBe(200);
    const withoutId = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
    for (const id of [hidden, both])
      for (const rest of ['', '/activations', '/history', '/users']) {
        const answer = await as(limited, 'GET', `/v1/licenses/${id}${rest}`);
        expect([rest, answer.status, withoutId(answer.text)]).toEqual([rest, 404, withoutId(unknown.text)]);
      }
    const { body } = await as(limited, 'GET', '/v1/licenses?limit=100');
    expect(rowsIn(body).map(({ id }) => id)).toEqual([own]);
  });

  test('reads the validations of its own licenses only, in the sums of all licenses', async () => {
    await ledger.writeObservations();
    const read = async (key: string) => rowsIn((await as(key, 'GET', '/v1/validations')).body);
    const day = { day: ledger.needs.now().slice(0, 10), product: null, denied: 0 };
    expect(await read(owner.accessToken)).toEqual([{ ...day, validations: 3 }]);
    expect(await read(limited)).toEqual([{ ...day, validations: 1 }]);
  });

  test('reads only the events of its own licenses in the feed and its stream', async () => {
    const { body } = await as(limited, 'GET', '/v1/events?limit=1000');
    expect(rowsIn(body).length).toBeGreaterThan(1);
    expect(new Set(rowsIn(body).map(({ subject }) => subject))).toEqual(new Set([own]));
    const waiting = await as(limited, 'GET', `/v1/events?limit=1000&wait=1&cursor=${body.nextCursor}`);
    expect(waiting.body.data).toEqual([]);
    const leaving = new AbortController();
    const stream = await fetch(`${ledger.baseUrl}/v1/events/stream`, {
      headers: { authorization: `Bearer ${limited}` },
      signal: leaving.signal,
    });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    // A license of the product that comes last ends the reading.
    const last = await issue(mine);
    while (!text.includes(last.id)) text += (await reader?.read())?.value ?? '';
    leaving.abort();
    for (const part of hiddenParts) expect(text).not.toContain(part);
  });

  test('changes no license of another product, by no operation', async () => {
    const left = await as(owner.accessToken, 'GET', `/v1/licenses/${hidden}`);
    const commands: readonly (readonly [string, string, object?])[] = [
      ['POST', '/renew', { duration: 'P1Y' }],
      ['POST', '/suspend', { reason: { code: 'FRAUD' } }],
      ['POST', '/reinstate', { reason: { code: 'FRAUD' } }],
      ['POST', '/revoke', { reason: { code: 'X' } }],
      ['POST', '/rotate-key', {}],
      ['POST', '/limits', { limits: { activations: 9 } }],
      ['POST', '/limits?preview=true', { limits: { activations: 9 } }],
      ['POST', '/products', { remove: [other] }],
      ['POST', '/usage/reset', { meter: 'm', reason: { code: 'X' } }],
      ['GET', '/usage'],
      ['POST', '/tier', { tier: 'ENTERPRISE' }],
      ['PATCH', '', { externalRef: 'stolen' }],
      ['DELETE', `/activations/${hiddenParts[1]}`, {}],
    ];
    for (const [method, rest, body] of commands) {
      const answer = await as(limited, method, `/v1/licenses/${hidden}${rest}`, body);
      expect([rest, answer.status, answer.body.code]).toEqual([rest, 404, 'LICENSE_NOT_FOUND']);
    }
    const clients: readonly (readonly [string, object])[] = [
      ['activate', { fingerprint: 'x' }],
      ['deactivate', { fingerprint: 'x' }],
      ['leases', { leaseHolder: 'x' }],
      ['usage', { meter: 'm', quantity: 1 }],
    ];
    for (const [verb, body] of clients) {
      const answer = await as(limited, 'POST', `/v1/licenses/${verb}`, { licenseId: hidden, ...body });
      expect([verb, answer.status, answer.body.code]).toEqual([verb, 404, 'LICENSE_NOT_FOUND']);
    }
    const validated = await as(limited, 'POST', '/v1/licenses/validate', { licenseId: hidden });
    expect(validated.body).toMatchObject({ code: 'NOT_FOUND', license: null });
    expect((await as(owner.accessToken, 'GET', `/v1/licenses/${hidden}`)).text).toBe(left.text);
  });

  test('issues, imports and extends licenses within its products only', async () => {
    const issued = await as(limited, 'POST', '/v1/licenses', { tier: 'PRO', products: [mine] });
    expect(issued.status).toBe(201);
    const past = { source: 'shop', sourceRef: crypto.randomUUID(), historyFrom: '2024-01-01T00:00:00Z' };
    for (const products of [[other], [mine, other]])
      for (const [path, more] of [
        ['/v1/licenses', {}],
        ['/v1/licenses/import', past],
      ] as const) {
        const refused = await as(limited, 'POST', path, { tier: 'PRO', products, ...more });
        expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
      }
    const id = String(issued.body.license?.id);
    const added = await as(limited, 'POST', `/v1/licenses/${id}/products`, { add: [other] });
    expect([added.status, added.body.code]).toEqual([403, 'FORBIDDEN']);
    const unknown = await as(limited, 'POST', `/v1/licenses/${id}/products`, { add: ['never_made'] });
    expect(unknown.body.detail).toBe(added.body.detail);
  });

  test('loses sight of a license that gets a further product, and sees it again without it', async () => {
    const { id } = await issue(mine);
    expect((await as(limited, 'GET', `/v1/licenses/${id}`)).status).toBe(200);
    await asOwner('POST', `/v1/licenses/${id}/products`, { add: [other] });
    for (const rest of ['', '/history', '/activations'])
      expect((await as(limited, 'GET', `/v1/licenses/${id}${rest}`)).status).toBe(404);
    await asOwner('POST', `/v1/licenses/${id}/products`, { remove: [other] });
    expect((await as(limited, 'GET', `/v1/licenses/${id}`)).status).toBe(200);
  });

  test('hands on and changes only keys within its products, and nothing of the whole organization', async () => {
    const scope = ['licenses:read'];
    const create = (products?: readonly string[] | null) =>
      as(limited, 'POST', '/v1/api-keys', {
        name: 'x',
        scopes: scope,
        ...(products === undefined ? {} : { products }),
      });
    const created = await create([mine]);
    expect([created.status, created.body.apiKey?.products]).toEqual([201, [mine]]);
    for (const products of [undefined, null, [other], [mine, other]])
      expect((await create(products)).body.code).toBe('FORBIDDEN');
    const foreign = await keyFor(null, scope);
    const path = `/v1/api-keys/${foreign.apiKey?.id}`;
    for (const [method, rest, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'mine' }],
      ['POST', '/rotate', {}],
      ['DELETE', '/previous-secret', undefined],
      ['DELETE', '', undefined],
    ] as const) {
      const answer = await as(limited, method, path + rest, body);
      expect([method, answer.status, answer.body.code]).toEqual([method, 404, 'NOT_FOUND']);
    }
    const members = `/v1/organizations/${ledger.a.organizationId}/members`;
    for (const [method, refused, body] of [
      ['GET', members, undefined],
      ['POST', members, { email: 'eve@vendor.example', role: 'MEMBER' }],
      ['POST', '/v1/products', { code: 'another', name: 'Another' }],
      ['GET', '/v1/license-offers', undefined],
      ['GET', '/v1/projects', undefined],
    ] as const) {
      const answer = await as(limited, method, refused, body);
      expect([refused, answer.status, answer.body.code]).toEqual([refused, 403, 'FORBIDDEN']);
    }
  });

  test('is narrowed by a member, in every later request', async () => {
    const { apiKey, secret } = await keyFor(null, ['licenses:read', 'members:write']);
    const key = String(secret);
    expect((await as(key, 'GET', `/v1/licenses/${hidden}`)).status).toBe(200);
    const narrowed = await asOwner('PATCH', `/v1/api-keys/${apiKey?.id}`, { products: [mine] });
    expect(narrowed.products).toEqual([mine]);
    expect((await as(key, 'GET', `/v1/licenses/${hidden}`)).status).toBe(404);
    const widened = await as(key, 'PATCH', `/v1/api-keys/${apiKey?.id}`, { products: null });
    expect([widened.status, widened.body.code]).toEqual([403, 'FORBIDDEN']);
    expect((await asOwner('PATCH', `/v1/api-keys/${apiKey?.id}`, { name: 'kept' })).products).toEqual([mine]);
  });
});
