import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Route } from '../../../src/api/route.ts';
import { buckets } from '../../../src/rate-limits.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';

// Every quota of a key is 2, for a license without devices. A route without a limit lets the third request through.
const ofKeys = ['validate', 'features', 'activate', 'deactivate', 'seat_acquire'];
const names = [...ofKeys, 'seat_heartbeat', 'seat_release', 'usage'];
let ledger: Ledger;
beforeAll(async () => {
  const limits = `${names.map((name) => `${name}=2/3600`).join(',')},unknown_key=2/3600`;
  ledger = await startLedger({ frontOf: limitedFront(limits, { trustProxy: 1 }) });
});
afterAll(() => ledger.stop());

const device = { fingerprint: 'a' };
/** The body of each operation besides the key. A new operation needs one here. */
const bodies: Readonly<Record<string, object | null>> = {
  validateLicense: {},
  licenseFeatures: null,
  activateLicense: device,
  deactivateLicense: device,
  swapActivation: { ...device, release: { fingerprint: 'b' } },
  acquireLease: { leaseHolder: 'a' },
  renewLease: {},
  releaseLease: {},
  recordUsage: { meter: 'api_calls', quantity: 1 },
};

const send = ({ method, path, operationId }: Route, licenseKey: string, address: string) => {
  const body = bodies[operationId];
  const headers = { authorization: `License ${licenseKey}`, 'x-forwarded-for': address };
  const at = path.replace('{leaseId}', 'lea_01h455vb4pex5vsknk084sn02q');
  return ledger.call(method.toUpperCase(), at, body === null ? { headers } : { headers, body });
};
const takesKey = ({ request }: Route) => {
  const { body } = request.shape;
  return body instanceof z.ZodObject && 'licenseKey' in body.shape;
};

test('Every operation with a license key has a limit with the standard headers, for known and old keys', async () => {
  const routes = ledger.routes.filter(({ access }) => access.kind === 'license');
  expect(routes.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(bodies).toSorted());
  const seen = new Set<string>();
  let number = 0;
  for (const route of routes) {
    const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 0 } });
    const rotated = await ledger.issue({ limits: { activations: 0 } });
    await ledger.call('POST', `/v1/licenses/${rotated.licenseId}/rotate-key`, { key: ledger.a.apiKey, body: {} });
    for (const key of [licenseKey, rotated.licenseKey]) {
      for (const left of [1, 0]) {
        // From another address each time: the limit is that of the key.
        const answer = await send(route, key, `198.51.100.${++number}`);
        expect(answer.status, route.operationId).not.toBe(429);
        const [, name = ''] = /^"(\w+)";r=(\d+);t=\d+$/.exec(answer.headers.get('ratelimit') ?? '') ?? [];
        expect(answer.headers.get('ratelimit'), route.operationId).toContain(`;r=${left};`);
        expect(answer.headers.get('ratelimit-policy')).toBe(`"${name}";q=2;w=3600`);
        seen.add(name);
      }
      const refusal = await send(route, key, `198.51.100.${++number}`);
      expect([refusal.status, refusal.body.code], route.operationId).toEqual([429, 'RATE_LIMITED']);
      expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const body = { licenseId };
    const byId = await ledger.call('POST', '/v1/licenses/validate', { key: ledger.a.apiKey, body });
    expect(byId.status, 'An API key is limited by its tier only.').toBe(200);
  }
  expect([...seen].toSorted()).toEqual(names.toSorted());
  expect(Object.keys(buckets)).toEqual(expect.arrayContaining(names));
});

test('Unknown keys count by address in every operation with a license key', async () => {
  const unknown = 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9';
  let number = 0;
  for (const route of ledger.routes.filter(({ access }) => access.kind === 'license')) {
    const address = `203.0.113.${++number}`;
    for (const _ of [1, 2]) expect((await send(route, unknown, address)).status, route.operationId).not.toBe(429);
    expect((await send(route, unknown, address)).status, route.operationId).toBe(429);
  }
});

// It takes the key as a text to explain, from a credential of an organization.
const explains = 'explainValidation';

test('No other operation takes a license key', async () => {
  const { licenseKey } = await ledger.issue();
  for (const route of ledger.routes.filter(({ access }) => access.kind !== 'license')) {
    expect(takesKey(route), route.operationId).toBe(route.operationId === explains);
    if (route.access.kind === 'anybody') continue;
    const path = route.path.replaceAll(/\{\w+\}/g, 'lic_01h455vb4pex5vsknk084sn02q');
    const headers = { authorization: `License ${licenseKey}` };
    const { status } = await ledger.call(route.method.toUpperCase(), path, { headers });
    expect(status, route.operationId).toBe(401);
  }
});
