import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Route } from '../../../src/api/route.ts';
import { undeclared } from '../../support/declared.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { type Credential, createCredentials } from '../authorization/credentials.ts';
import { requests } from '../authorization/requests.ts';
import { type Subject, subjectOn } from '../authorization/subject.ts';

let ledger: Ledger;
let owner: Credential;
let subject: Subject;
beforeAll(async () => {
  ledger = await shareLedger();
  const credentials = await createCredentials(ledger, ledger.a);
  const found = credentials.find(({ name }) => name === 'role OWNER');
  if (found === undefined) throw new Error('There is no OWNER.');
  owner = found;
  subject = subjectOn(ledger, { organization: ledger.a, issuer: ledger.b, side: 'own' });
});
afterAll(() => ledger.stop());

const exampleOf = ({ request }: Route): Readonly<Record<string, unknown>> | null => {
  const { body } = request.shape;
  if (body === undefined) return null;
  return z.object({ example: z.record(z.string(), z.unknown()) }).parse(body.meta()).example;
};

// What names something that has to exist, or may exist only once: an example cannot know it.
const ofThisWorld: ReadonlySet<string> = new Set([
  'licenseKey',
  'licenseId',
  'licenses',
  'release',
  'fingerprint',
  'email',
  'refreshToken',
  'token',
  'organizationId',
  'currentPassword',
  'password',
  'policyId',
  'code',
  'eventId',
  'toHolderOrganizationId',
  'user',
  'replaces',
  'key',
  'keyVersion',
  'sourceRef',
  'meter',
  'leaseHolder',
  'policyVersion',
]);

test('Every example of the document gets an answer as documented', async () => {
  const examples = ledger.routes.flatMap((route) => {
    const example = exampleOf(route);
    return example === null ? [] : [{ route, example }];
  });
  expect(examples.length).toBeGreaterThan(25);
  const wrong: string[] = [];
  for (const { route, example } of examples) {
    const [, make] = Object.entries(requests).find(([name]) => name.split(':')[0] === route.operationId) ?? [];
    if (make === undefined) throw new Error(`There is no request for ${route.operationId}.`);
    const made = await make(subject, owner);
    const own = new Map(Object.entries(made.body ?? {}));
    const body: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(example)) {
      if (name === 'licenseKey' && own.has('licenseId')) body.licenseId = own.get('licenseId');
      else if (!ofThisWorld.has(name)) body[name] = value;
      else if (own.has(name)) body[name] = own.get(name);
    }
    const method = route.method.toUpperCase();
    const answer = await ledger.call(method, made.path, {
      body,
      headers: { ...made.headers, authorization: made.authorization ?? owner.authorization ?? '' },
    });
    const fault =
      answer.status >= 400
        ? answer.text
        : undeclared([route], { method: route.method, path: made.path, status: answer.status, body: answer.body });
    if (fault !== null && fault !== undefined) wrong.push(`${route.operationId} ${JSON.stringify(body)}: ${fault}`);
  }
  expect(wrong).toEqual([]);
}, 120_000);
