import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogAggregate } from '../../../src/aggregates/aggregates.ts';
import { builtInPolicyId } from '../../../src/aggregates/built-in-policy-ids.ts';
import { bootstrapOrganization } from '../../../src/application/bootstrap/bootstrap-organization.ts';
import type { CatalogCommand } from '../../../src/domain/catalog/commands.ts';
import { contentAfter } from '../../../src/domain/catalog/policy-changes.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { aggregateId } from '../../../src/eventstore/uuids.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

// The platform's ids are configured before it exists.
const platformCommandId = '01890a5d-ac96-774b-bcce-b302099a8057';
const platform = encodeId('org', aggregateId(platformCommandId, 'organization'));
const tiers = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const;
const policyOf = (tier: (typeof tiers)[number]) => builtInPolicyId(platform, tier);

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger({ signupPolicy: { organizationId: platform, policyId: policyOf('TRIAL') } });
});
afterAll(() => ledger.stop());

const password = 'four small green apples';
const signUp = (headers: Record<string, string> = {}, email = `${randomUUID()}@vendor.example`) =>
  ledger.call('POST', '/v1/auth/signup', { body: { email, password }, headers });

const openPlatform = async () => {
  await bootstrapOrganization(ledger.needs, { commandId: platformCommandId, name: 'Platform' });
  const product = { productId: encodeId('prd', randomUUID()), code: 'ledger', name: 'Ledger', description: null };
  const [FREE, TRIAL, PRO, ENTERPRISE] = [...tiers].map(policyOf);
  const policyIds = { FREE: FREE ?? '', TRIAL: TRIAL ?? '', PRO: PRO ?? '', ENTERPRISE: ENTERPRISE ?? '' };
  const command: CatalogCommand = {
    type: 'OpenCatalog',
    at: ledger.needs.now(),
    data: { issuerOrgId: platform, products: [product], policyIds },
  };
  await sendCommand(ledger.executor, catalogAggregate, platform, command, context(), () => null);
};

test('Nobody can sign up under a policy that cannot be issued, and the log tells the operator', async () => {
  const email = `${randomUUID()}@vendor.example`;
  const answer = await signUp({}, email);
  expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '60']);
  expect(ledger.logged.join('')).toContain('Nobody can sign up: the policy that SIGNUP_POLICY names cannot be issued.');
  const { rows } = await ledger.database.superuser.query('select from identity.users where email = $1', [email]);
  expect(rows).toEqual([]);
});

test('A new organization holds one license of the platform, however often its signup is retried', async () => {
  await openPlatform();
  const headers = { 'idempotency-key': randomUUID() };
  const email = `${randomUUID()}@vendor.example`;
  await ledger.database.superuser.query('revoke insert on identity.sessions from ledger_api');
  expect((await signUp(headers, email)).status).toBe(500);
  await ledger.database.superuser.query('grant insert on identity.sessions to ledger_api');
  const answer = await signUp(headers, email);
  expect(answer.status).toBe(201);
  expect(answer.text).not.toContain('licenseKey');
  const held = await ledger.call('GET', '/v1/licenses', { key: String(answer.body.accessToken) });
  expect(held.body.data).toMatchObject([
    {
      issuerOrganizationId: platform,
      holderOrganizationId: answer.body.organization?.id,
      tier: 'TRIAL',
      products: ['ledger'],
      status: 'ACTIVE',
      policy: { id: policyOf('TRIAL') },
    },
  ]);
  const other = await signUp();
  const { body } = await ledger.call('GET', '/v1/licenses', { key: String(other.body.accessToken) });
  expect(Object.values(body.data ?? {})).toHaveLength(1);
});

test('A person has one trial of the platform, whatever variation of the address signs up next', async () => {
  const policyId = policyOf('TRIAL');
  const content = await ledger.executor.read(catalogAggregate, platform, (catalog) => {
    const latest = catalog.kind === 'open' ? catalog.policies.get(policyId)?.versions.at(-1) : undefined;
    if (latest === undefined) throw new Error('The platform has no policy for trials.');
    return contentAfter(latest, { trialAddressIgnores: ['TAG'] });
  });
  const version: CatalogCommand = { type: 'AddPolicyVersion', at: ledger.needs.now(), data: { policyId, content } };
  await sendCommand(ledger.executor, catalogAggregate, platform, version, context(), () => null);
  const licensesOf = async (email: string) => {
    const { status, body } = await signUp({}, email);
    expect(status).toBe(201);
    const held = await ledger.call('GET', '/v1/licenses', { key: String(body.accessToken) });
    return Object.values(held.body.data ?? {}).length;
  };
  const person = randomUUID();
  const addresses = [`${person}@vendor.example`, `${person}+2@vendor.example`, `${randomUUID()}@vendor.example`];
  const counts: number[] = [];
  for (const address of addresses) counts.push(await licensesOf(address));
  expect(counts).toEqual([1, 0, 1]);
});
