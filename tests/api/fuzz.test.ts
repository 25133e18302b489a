import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { meanings } from '../../src/api/problems.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { sized } from '../support/size.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

/** Nothing that was accepted may be more than the projection can digest: it would stop for all. */
const expectProjectionToGoOn = async () => {
  const { answer } = await ledger.issue();
  expect(answer.headers.get('ledger-projected')).toBeNull();
};

const strange = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('\0', '\ud800', '__proto__', '', ' ', '1e999', "'; drop table rm.licenses; --", '%00', '../..'),
  fc.constantFrom(1e308, -0, -1, 0.1, Number.MAX_SAFE_INTEGER + 2, null, true, [], {}),
);

/** Puts `value` somewhere into a copy of `body`: in place of a field, or beside them. */
const mutate = (body: object, at: number, value: unknown, name: string): object => {
  const fields = Object.entries(body);
  if (at >= fields.length) return { ...body, [name]: value };
  return Object.fromEntries(
    fields.map(([field, old], index) => {
      if (index !== at) return [field, old];
      const goDeeper = typeof old === 'object' && old !== null && !Array.isArray(old) && name.length % 2 === 0;
      return [field, goDeeper ? mutate(old, 0, value, name) : value];
    }),
  );
};

test('whatever is sent is answered: never a 500, always a declared code or a declared reply', async () => {
  const { licenseId, licenseKey } = await ledger.issue({ limits: { activations: 1_000_000 } });
  const doomed = await ledger.issue();
  const posts = ledger.routes.filter(({ method }) => method === 'post');
  const mutations = fc.tuple(fc.constantFrom(...posts), fc.nat(8), strange, fc.string({ maxLength: 12 }));
  await fc.assert(
    fc.asyncProperty(mutations, async ([route, at, value, name]) => {
      const { example } = z
        .object({ example: z.record(z.string(), z.unknown()) })
        .parse(route.request.shape.body?.meta());
      const valid = 'licenseKey' in example ? { ...example, licenseKey } : example;
      const target = route.operationId === 'revokeLicense' ? doomed.licenseId : licenseId;
      const path = route.path.replace('{licenseId}', target).replace('{organizationId}', ledger.a.organizationId);
      const answer = await ledger.call('POST', path, {
        key: ledger.a.apiKey,
        body: mutate(valid, at, value, name),
      });
      if (answer.status < 300) {
        expect(route.replies[answer.status]?.body?.safeParse(answer.body).error).toBeUndefined();
      } else {
        expect(answer.status).toBeLessThan(500);
        expect(Object.keys(meanings)).toContain(answer.body.code);
      }
    }),
    { numRuns: sized(10_000) },
  );
  await expectProjectionToGoOn();
});

test('an instant at either end of what can be written is refused or projected', async () => {
  const instants = ['0000-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
  const terms = instants.flatMap((instant) => [{ startsAt: instant, duration: 'P100Y' }, { expiresAt: instant }]);
  for (const term of [...terms, { startsAt: instants[1], expiresAt: instants[2] }]) {
    const body = { tier: 'PRO', products: ['local_cli'], term };
    const answer = await ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body });
    expect(answer.status).toBeLessThan(500);
    await expectProjectionToGoOn();
  }
});

test('whatever stands in a path, a query or a header is answered below 500', async () => {
  const encoded = fc.string({ unit: 'grapheme-composite', maxLength: 60 }).map((value) => encodeURIComponent(value));
  const query = fc.tuple(fc.constantFrom('limit', 'cursor', 'status', 'externalRef', 'order', 'x'), encoded);
  const header = fc.tuple(
    fc.constantFrom('ledger-min-position', 'idempotency-key', 'x-request-id', 'traceparent', 'authorization', 'prefer'),
    fc.string({ unit: fc.constantFrom(...' !"#:;<=>?@[]^_`{|}~0123456789abcXYZ'), maxLength: 80 }),
  );
  await fc.assert(
    fc.asyncProperty(encoded, query, header, async (id, [name, value], [headerName, headerValue]) => {
      for (const path of ['/v1/licenses', `/v1/licenses/${id}`, `/v1/licenses/${id}/history`]) {
        const answer = await ledger.call('GET', `${path}?${name}=${value}`, {
          key: ledger.a.apiKey,
          headers: { [headerName]: headerValue },
        });
        expect(answer.status === 503 || answer.status < 500, `${path} ${answer.text}`).toBe(true);
      }
    }),
    { numRuns: sized(3_000) },
  );
});
