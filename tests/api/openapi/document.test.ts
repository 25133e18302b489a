import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { rulesOut } from '../../../src/api/catalog/policy-rules.ts';
import { openApiDocument, openApiText } from '../../../src/api/openapi/document.ts';
import { meanings } from '../../../src/api/problems/problems.ts';
import type { Route } from '../../../src/api/route.ts';
import { permissions } from '../../../src/domain/permissions.ts';
import { documentedResponses } from '../../support/documented.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

test('The document describes every route with its answers, codes and callers', async () => {
  const served = await ledger.call('GET', '/openapi.json');
  expect(served.text).toBe(openApiText(ledger.routes, '0.0.0'));
  const document = openApiDocument(ledger.routes, '0.0.0');
  const { paths = {}, openapi } = document;
  expect(openapi).toBe('3.1.0');
  for (const route of ledger.routes) {
    const operation = paths[route.path]?.[route.method];
    expect(operation?.operationId).toBe(route.operationId);
    const responses = documentedResponses(document, route);
    const described = Object.entries(responses);
    for (const status of Object.keys(route.replies)) expect(described.map(([each]) => each)).toContain(status);
    for (const code of route.rejections) {
      expect(
        described.some(([, { description = '' }]) => description.includes(code)),
        `${route.operationId} ${code}`,
      ).toBe(true);
    }
    for (const [status, { type }] of Object.entries(route.replies))
      if (type !== undefined) expect(Object.keys(responses[status]?.content ?? {})).toEqual([type]);
    expect(operation?.security, route.operationId).toEqual(securityOf(route));
    expect(operation?.requestBody === undefined).toBe(route.request.shape.body === undefined);
  }
  expect(Object.keys(paths)).toEqual([...new Set(ledger.routes.map(({ path }) => path))]);
});

test('The API accepts the example requests of the document', () => {
  const bodies = ledger.routes.flatMap(({ request }) => (request.shape.body === undefined ? [] : [request.shape.body]));
  expect(bodies.length).toBeGreaterThan(5);
  for (const body of bodies) {
    const { example } = z.object({ example: z.unknown() }).parse(body.meta());
    expect(body.safeParse(example).error).toBeUndefined();
  }
});

test('The document has every refusal once', () => {
  const document = openApiDocument(ledger.routes, '0.0.0');
  const shared = Object.values(document.components?.responses ?? {}).map((response) => JSON.stringify(response));
  expect(new Set(shared).size).toBe(shared.length);
  const refusals = ledger.routes.flatMap(({ path, method }) =>
    Object.entries<object>(document.paths?.[path]?.[method]?.responses ?? {}).filter(([status]) => status >= '400'),
  );
  expect(refusals.length).toBeGreaterThan(shared.length);
  expect(refusals.filter(([, refusal]) => Object.keys(refusal).join() !== '$ref')).toEqual([]);
});

test('A parameter has the type that its text is read as, with an example of that type', () => {
  const document = openApiDocument(ledger.routes, '0.0.0');
  const parameters = ledger.routes.flatMap(({ path, method }) => document.paths?.[path]?.[method]?.parameters ?? []);
  const schemas = parameters.flatMap((parameter) => ('schema' in parameter ? [parameter.schema] : []));
  const flags = schemas.filter((schema) => JSON.stringify(schema).includes('"boolean"'));
  for (const flag of flags) {
    expect(flag).toMatchObject({ type: 'boolean', example: false });
    expect(flag).not.toHaveProperty('enum');
  }
  expect(flags.length).toBeGreaterThan(0);
  const numbers = schemas.filter((schema) => JSON.stringify(schema).includes('"integer"'));
  expect(numbers.length).toBeGreaterThan(5);
  for (const number of numbers) {
    expect(number).not.toHaveProperty('pattern');
    expect(number).not.toMatchObject({ example: expect.any(String) });
  }
});

test('The same routes give the same document', () => {
  expect(openApiText(ledger.routes, '1.0.0')).toBe(openApiText(ledger.routes, '1.0.0'));
});

test('The file openapi.json equals the served document, except for the version', async () => {
  const { body: served } = await ledger.call('GET', '/openapi.json');
  const file = JSON.parse(readFileSync('openapi.json', 'utf8'));
  expect({ ...served, info: null }).toEqual({ ...file, info: null });
  expect(Object.keys(file.paths)).toEqual(expect.arrayContaining(['/livez', '/readyz', '/version']));
});

test('The document describes every group of operations and every component', () => {
  const { tags = [], components } = openApiDocument(ledger.routes, '0.0.0');
  const used = new Set(ledger.routes.map(({ tag }) => tag));
  expect(tags.map(({ name }) => name).sort()).toEqual([...used].sort());
  expect(tags.filter(({ description = '' }) => description === '')).toEqual([]);
  expect(Object.keys(components?.schemas ?? {}).filter((name) => name.startsWith('_'))).toEqual([]);
});

test('The document describes a problem with its codes and their further members', () => {
  const { Problem, ProblemCode } = openApiDocument(ledger.routes, '0.0.0').components?.schemas ?? {};
  expect(ProblemCode).toMatchObject({ type: 'string', enum: Object.keys(meanings) });
  expect(Problem).toMatchObject({
    properties: {
      code: { anyOf: [{ $ref: '#/components/schemas/ProblemCode' }, { type: 'string' }] },
      activations: { type: 'array', items: { $ref: '#/components/schemas/DeviceAtLimit' } },
      licenseId: { type: 'string' },
    },
  });
});

test.each(['License', 'Policy', 'Activation', 'Lease', 'ValidateLicense', 'Validation', 'Problem'])(
  'The document describes every property of %s',
  (name) => {
    const { properties = {} } = z.object({ properties: described }).parse(schemas()[name]);
    expect(Object.keys(properties).length).toBeGreaterThan(5);
    expect(Object.entries(properties).filter(([, { description = '' }]) => description === '')).toEqual([]);
  },
);

test('The document describes every rule of a policy and the rules of a password', () => {
  const rules = Object.keys(rulesOut);
  const descriptions = Object.values(rulesOut).map(({ description }) => description);
  expect(descriptions).not.toContain(undefined);
  for (const name of ['Policy', 'NewPolicy', 'PolicyChange']) {
    const { properties } = z.object({ properties: described }).parse(schemas()[name]);
    expect(rules.map((rule) => properties[rule]?.description)).toEqual(descriptions);
  }
  const { properties } = z.object({ properties: described }).parse(schemas().SignUp);
  expect(properties.password).toMatchObject({ minLength: 10, maxLength: 256, description: expect.any(String) });
});

test('The document names headers only at the operations that have them', () => {
  const document = openApiDocument(ledger.routes, '0.0.0');
  const { paths = {} } = document;
  const parametersOf = (path: string) => JSON.stringify(paths[path]?.get?.parameters ?? []);
  expect(parametersOf('/v1/events/stream')).toContain('"Last-Event-ID"');
  expect(parametersOf('/v1/events')).not.toContain('"Last-Event-ID"');
  const headersAt = (path: `/${string}`, method: 'get' | 'post', status: string) =>
    Object.keys(documentedResponses(document, { path, method })[status]?.headers ?? {});
  expect(headersAt('/v1/licenses', 'post', '201')).toEqual(
    expect.arrayContaining([
      'Location',
      'ETag',
      'X-Request-Id',
      'RateLimit',
      'RateLimit-Policy',
      'Idempotent-Replayed',
    ]),
  );
  expect(headersAt('/v1/events', 'get', '200')).toContain('Link');
  expect(headersAt('/v1/licenses', 'get', '200')).toContain('Link');
  expect(headersAt('/v1/licenses', 'get', '401')).toContain('WWW-Authenticate');
  expect(headersAt('/v1/licenses', 'get', '503')).toContain('Retry-After');
  expect(headersAt('/v1/licenses', 'post', '409')).toContain('Retry-After');
});

const described = z.record(z.string(), z.looseObject({ description: z.string().optional() }));
const schemas = () => openApiDocument(ledger.routes, '0.0.0').components?.schemas ?? {};

const securityOf = ({ access, operationId }: Route): readonly object[] => {
  switch (access.kind) {
    case 'anybody':
      // Without a password it takes the access token of the user who accepts.
      return operationId === 'acceptInvitation' ? [{}, { accessToken: [] }] : [];
    case 'user':
      return [{ accessToken: [] }];
    case 'license':
      return [{ licenseKey: [] }, { apiKey: [] }, { accessToken: [] }, {}];
    case 'organization':
      return [
        ...(permissions[access.permission].own.scopes.length === 0 ? [] : [{ apiKey: [] }]),
        { accessToken: [] },
        ...(access.takesStrangers === true ? [{}] : []),
      ];
  }
};
