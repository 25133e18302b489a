import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { invite } from '../../support/invitations.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { ordain } from '../../support/organizations.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const password = 'four small green apples';
const newEmail = () => `${randomUUID()}@vendor.example`;
const accept = (body: object, key?: string, headers: Record<string, string> = {}) =>
  ledger.call('POST', '/v1/invitations/accept', { body, key, headers });

const joins = async (organizationId: string, invitationId: string) => {
  const events = await ledger.events();
  return events.filter(
    ({ type, stream, data }) =>
      type === 'MemberJoined' && stream.endsWith(organizationId) && JSON.stringify(data).includes(invitationId),
  );
};

test('An invited person without a user becomes a user with the invited address and is signed in', async () => {
  const email = newEmail();
  const { token, organizationId, invitationId } = await invite(ledger, email);
  expect((await accept({ token })).body.code).toBe('UNAUTHENTICATED');
  const answer = await accept({ token, password, displayName: 'Ann' });
  expect([answer.status, answer.body]).toMatchObject([
    201,
    {
      tokenType: 'Bearer',
      refreshToken: expect.any(String),
      user: { email, displayName: 'Ann' },
      organization: { id: organizationId, name: 'Vendor A', role: 'ADMIN' },
    },
  ]);
  const key = String(answer.body.accessToken);
  expect((await ledger.call('GET', '/v1/licenses', { key })).status).toBe(200);
  const login = await ledger.call('POST', '/v1/auth/login', { body: { email, password } });
  expect(login.body.organization).toMatchObject({ id: organizationId });
  expect(await joins(organizationId, invitationId)).toHaveLength(1);
});

test('A user with the invited address, in upper or lower case, accepts with an access token', async () => {
  const user = await ledger.createMember(ledger.b.organizationId, 'MEMBER');
  const { token, organizationId, invitationId } = await invite(ledger, user.email.toUpperCase());
  const taken = await accept({ token, password });
  expect([taken.status, taken.body.code]).toEqual([409, 'EMAIL_TAKEN']);
  expect((await accept({ token, displayName: 'Ann' }, user.accessToken)).body.errors).toMatchObject([
    { pointer: '/displayName' },
  ]);

  const accepted = await accept({ token }, user.accessToken);
  expect([accepted.status, accepted.body]).toEqual([
    200,
    {
      user: expect.objectContaining({ id: user.userId }),
      organization: { id: organizationId, name: 'Vendor A', role: 'ADMIN' },
    },
  ]);
  expect((await accept({ token }, user.accessToken)).text).toBe(accepted.text);
  expect(await joins(organizationId, invitationId)).toHaveLength(1);
  const body = { organizationId };
  const switched = await ledger.call('POST', '/v1/auth/switch', { body, key: user.accessToken });
  expect(switched.body.organization).toMatchObject({ role: 'ADMIN' });

  const second = await invite(ledger, user.email);
  expect((await accept({ token: second.token }, user.accessToken)).body.code).toBe('ALREADY_MEMBER');
});

test('Only the invited user can accept an invitation', async () => {
  const { token } = await invite(ledger, newEmail());
  const other = await ledger.createMember(ledger.b.organizationId, 'MEMBER');
  const refused = await accept({ token }, other.accessToken);
  expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
  expect((await accept({ token }, ledger.b.apiKey)).body.code).toBe('FORBIDDEN');
  expect((await accept({ token }, 'no.such.token')).body.code).toBe('UNAUTHENTICATED');
});

test('An ended or unknown invitation is refused and creates no user', async () => {
  const emails = [newEmail(), newEmail(), newEmail()] as const;
  const [withdrawn, late, closed] = [
    await invite(ledger, emails[0]),
    await invite(ledger, emails[1]),
    await invite(ledger, emails[2], (await ledger.createVendor('To be closed')).organizationId),
  ];
  const data = { invitationId: withdrawn.invitationId };
  await ordain(ledger, withdrawn.organizationId, { type: 'WithdrawInvitation', data });
  await ordain(ledger, closed.organizationId, { type: 'CloseOrganization', data: {} });
  const refusals = [
    await accept({ token: withdrawn.token, password }),
    await accept({ token: `${withdrawn.token}x`, password }),
    await accept({ token: 'AQ3mXgTq', password }),
  ];
  ledger.clock.aheadMs = 86_400_000;
  try {
    refusals.push(await accept({ token: late.token, password }));
  } finally {
    ledger.clock.aheadMs = 0;
  }
  for (const { status, body } of refusals) expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  expect((await accept({ token: closed.token, password })).body.code).toBe('ORGANIZATION_CLOSED');
  const { rows } = await ledger.database.superuser.query('select from identity.users where email = any($1)', [emails]);
  expect(rows).toEqual([]);
});

const refuseOnce = async (privilege: string, table: string, body: object, headers: Record<string, string> = {}) => {
  await ledger.database.superuser.query(`revoke ${privilege} on ${table} from ledger_api`);
  expect((await accept(body, undefined, headers)).status).toBe(500);
  await ledger.database.superuser.query(`grant ${privilege} on ${table} to ledger_api`);
};

test.each([
  ['before the user is reserved', 'insert', 'identity.users'],
  ['before the user is activated', 'update', 'identity.users'],
])(
  'An acceptance that dies %s continues when it is sent again, even without its key',
  async (_name, privilege, table) => {
    const email = newEmail();
    const { token, organizationId, invitationId } = await invite(ledger, email);
    await refuseOnce(privilege, table, { token, password });
    const answer = await accept({ token, password });
    expect([answer.status, answer.body.organization]).toMatchObject([201, { id: organizationId }]);
    expect(await joins(organizationId, invitationId)).toHaveLength(1);
  },
);

test('An invitation cannot be used twice, except by the same request', async () => {
  const email = newEmail();
  const { token, organizationId, invitationId } = await invite(ledger, email);
  const headers = { 'idempotency-key': randomUUID() };
  await refuseOnce('insert', 'identity.sessions', { token, password }, headers);
  const refusals = [
    await accept({ token, password }),
    await accept({ token, password }, undefined, { 'idempotency-key': randomUUID() }),
    await accept({ token, password: 'seven tall blue pears' }),
    await accept({ token: 'AQ3mXgTq', password }),
  ];
  expect(refusals.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(new Set(refusals.map(({ body }) => body.detail)).size).toBe(1);
  const answer = await accept({ token, password }, undefined, headers);
  expect([answer.status, answer.body.organization]).toMatchObject([201, { id: organizationId }]);
  expect(await joins(organizationId, invitationId)).toHaveLength(1);
  expect((await accept({ token, password })).body.code).toBe('NOT_FOUND');
});

test('A repeated acceptance with its Idempotency-Key gets the first answer', async () => {
  const { token } = await invite(ledger, newEmail());
  const headers = { 'idempotency-key': randomUUID() };
  const first = await accept({ token, password }, undefined, headers);
  const again = await accept({ token, password }, undefined, headers);
  expect([again.status, again.text]).toEqual([201, first.text]);
});
