import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootstrapFirstOrganization } from '../../../src/application/bootstrap/bootstrap-first-organization.ts';
import { aggregateId } from '../../../src/eventstore/uuids.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { cheapPasswords } from '../../support/passwords.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const [password, other] = ['four small green apples', 'seven tall blue pears'];
const passwords = cheapPasswords();
const newCommand = () => aggregateId(randomUUID(), 'test');
const first = async (chosen = password) => ({
  ...{ commandId: newCommand(), organization: 'Example Software', email: `${randomUUID()}@vendor.example` },
  ...{ passwordHash: await passwords.hash(chosen), apiKeyName: 'first key' },
});
const logIn = (email: string, chosen: string) =>
  ledger.call('POST', '/v1/auth/login', { body: { email, password: chosen } });
const eventsOf = async (organizationId: string) =>
  (await ledger.events()).filter(({ stream }) => stream.endsWith(organizationId)).map(({ type }) => type);

/** The needs of a process that dies after so many appends. */
const dyingAfter = (appends: number) => {
  let done = 0;
  const { executor } = ledger.needs;
  const execute: typeof executor.execute = async (...args) => {
    if (done === appends) throw new Error('killed');
    done += 1;
    return executor.execute(...args);
  };
  return { ...ledger.needs, executor: { ...executor, execute } };
};

test('The first organization has an OWNER who signs in, and an API key with every scope', async () => {
  const values = await first();
  const created = await bootstrapFirstOrganization(ledger.needs, values);
  if ('refusal' in created) throw new Error(created.refusal);
  await ledger.projected.waitFor(created.position, 10_000);
  const { organizationId } = created;
  expect((await logIn(values.email, password)).body.organization).toMatchObject({ id: organizationId, role: 'OWNER' });
  const read = await ledger.call('GET', `/v1/organizations/${organizationId}`, { key: created.apiKey });
  expect(read.body).toMatchObject({ id: organizationId, name: 'Example Software' });
  const product = { code: 'my_app', name: 'My app' };
  expect((await ledger.call('POST', '/v1/products', { key: created.apiKey, body: product })).status).toBe(201);
});

test.each([0, 1, 2, 3])(
  'An attempt that is killed after %i appends is continued, with its password',
  async (appends) => {
    const values = await first();
    await expect(bootstrapFirstOrganization(dyingAfter(appends), values)).rejects.toThrow('killed');
    const again = { ...values, passwordHash: await passwords.hash(other) };
    const created = await bootstrapFirstOrganization(ledger.needs, again);
    const repeated = await bootstrapFirstOrganization(ledger.needs, again);
    if ('refusal' in created || 'refusal' in repeated) throw new Error('refused');
    expect([repeated.organizationId, repeated.apiKey]).toEqual([created.organizationId, created.apiKey]);
    await ledger.projected.waitFor(repeated.position, 10_000);
    expect(await eventsOf(created.organizationId)).toEqual([
      'OrganizationCreated',
      'MemberInvited',
      'MemberJoined',
      'ApiKeyCreated',
    ]);
    expect([(await logIn(values.email, other)).status, (await logIn(values.email, password)).status]).toEqual([
      200, 401,
    ]);
  },
);

describe('Refused before anything is changed is', () => {
  test('an address that another user has', async () => {
    const { email } = await ledger.createMember(ledger.a.organizationId, 'MEMBER');
    const before = await ledger.events();
    const refused = await bootstrapFirstOrganization(ledger.needs, { ...(await first()), email });
    expect(refused).toEqual({ refusal: `A user with the address ${email} exists. Give another address.` });
    expect(await ledger.events()).toEqual(before);
  });

  test('another name or address than those of the interrupted attempt', async () => {
    const values = await first();
    await expect(bootstrapFirstOrganization(dyingAfter(1), values)).rejects.toThrow('killed');
    const named = await bootstrapFirstOrganization(ledger.needs, { ...values, organization: 'Another' });
    expect(named).toEqual({ refusal: expect.stringContaining('had created the organization "Example Software"') });
    const addressed = await bootstrapFirstOrganization(ledger.needs, { ...values, email: 'b@vendor.example' });
    expect(addressed).toEqual({ refusal: expect.stringContaining(`had chosen the OWNER ${values.email}`) });
  });
});
