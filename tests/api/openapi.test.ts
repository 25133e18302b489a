import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openApiDocument, openApiText } from '../../src/api/openapi.ts';
import { permissions } from '../../src/api/permissions.ts';
import type { Route } from '../../src/api/route.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

test('the served document describes every route with its replies, codes and who may call', async () => {
  const served = await ledger.call('GET', '/openapi.json');
  expect(served.text).toBe(openApiText(ledger.routes, '0.0.0'));
  const { paths = {}, openapi } = openApiDocument(ledger.routes, '0.0.0');
  expect(openapi).toBe('3.1.0');
  for (const route of ledger.routes) {
    const operation = paths[route.path]?.[route.method];
    expect(operation?.operationId).toBe(route.operationId);
    const described = Object.entries<{ description: string }>(operation?.responses ?? {});
    for (const status of Object.keys(route.replies)) expect(described.map(([each]) => each)).toContain(status);
    for (const code of route.rejections) {
      expect(
        described.some(([, { description }]) => description.includes(code)),
        `${route.operationId} ${code}`,
      ).toBe(true);
    }
    expect(operation?.security, route.operationId).toEqual(securityOf(route));
    expect(operation?.requestBody === undefined).toBe(route.request.shape.body === undefined);
  }
  expect(Object.keys(paths)).toEqual([...new Set(ledger.routes.map(({ path }) => path))]);
});

test('examples in the document are requests that the API takes', () => {
  const bodies = ledger.routes.flatMap(({ request }) => (request.shape.body === undefined ? [] : [request.shape.body]));
  expect(bodies.length).toBeGreaterThan(5);
  for (const body of bodies) {
    const { example } = z.object({ example: z.unknown() }).parse(body.meta());
    expect(body.safeParse(example).error).toBeUndefined();
  }
});

test('the same routes give the same text', () => {
  expect(openApiText(ledger.routes, '1.0.0')).toBe(openApiText(ledger.routes, '1.0.0'));
});

const securityOf = ({ access }: Route): readonly object[] => {
  switch (access.kind) {
    case 'anybody':
      return [];
    case 'user':
      return [{ accessToken: [] }];
    case 'license':
      return [{ licenseKey: [] }, { apiKey: [] }, { accessToken: [] }, {}];
    case 'organization':
      return permissions[access.permission].own.scopes.length === 0
        ? [{ accessToken: [] }]
        : [{ apiKey: [] }, { accessToken: [] }];
  }
};
