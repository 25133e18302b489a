import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventlessSeconds } from '../../../src/workers/send-mails.ts';
import { type Ledger, startLedger, type TestMember } from '../../support/ledger.ts';
import { limitedFront } from '../../support/limits.ts';
import { openMailbox } from '../../support/mails.ts';

let ledger: Ledger;
let mailbox: ReturnType<typeof openMailbox>;
let members: readonly [a: TestMember, b: TestMember];
beforeAll(async () => {
  ledger = await startLedger({ frontOf: limitedFront('free=1000') });
  mailbox = openMailbox(ledger);
  const { a, b } = ledger;
  members = [
    await ledger.createMember(a.organizationId, 'OWNER'),
    await ledger.createMember(b.organizationId, 'OWNER'),
  ];
});
afterAll(() => ledger.stop());

const newEmail = () => `ann.${randomUUID()}@vendor.example`;
const invite = (email: string, by: 0 | 1 = 0, headers: Record<string, string> = {}) => {
  const { organizationId } = by === 0 ? ledger.a : ledger.b;
  const body = { email, role: 'MEMBER' };
  return ledger.call('POST', `/v1/organizations/${organizationId}/members`, {
    key: members[by].accessToken,
    body,
    headers,
  });
};
const withdraw = (invitation: unknown) =>
  ledger.call('DELETE', `/v1/organizations/${ledger.a.organizationId}/invitations/${invitation}`, {
    key: members[0].accessToken,
  });

test('A stranger’s mailbox gets three invitations a day from all organizations, however its address is written', async () => {
  const email = newEmail();
  const [local, domain] = email.split('@');
  const spellings = [
    email,
    email.toUpperCase(),
    `${local}+1@${domain}`,
    `${local}+2@${domain}`,
    email.replace('.', ''),
  ];
  const answers = [];
  for (const spelling of [...spellings, email])
    for (const by of [0, 1] as const) answers.push(await invite(spelling, by));
  const created = answers.filter(({ status }) => status === 201);
  expect(created.length).toBeGreaterThan(6);
  expect(created.map(({ body }) => body.isMailed)).toEqual(created.map((_answer, index) => index < 3));
  const unmailed = created.at(-1);
  // It tells no more than that: the answer has a token as always, and neither a limit nor a count.
  expect(String(unmailed?.body.token)).toMatch(/^[\w-]{40,}$/);
  expect([...(unmailed?.headers.values() ?? [])].join('\n')).not.toContain('invite_address');
  await mailbox.deliver();
  const mailed = await Promise.all([...new Set(spellings)].map((spelling) => mailbox.mailsTo(spelling)));
  expect(new Set(mailed.flat().map(({ id }) => id)).size).toBe(3);
  expect((await invite(newEmail())).body.isMailed).toBe(true);
});

test('A refused invitation, and a repetition of one, does not count', async () => {
  const email = newEmail();
  const tooEarly = { email, role: 'MEMBER', expiresAt: '2020-01-01T00:00:00.000Z' };
  const path = `/v1/organizations/${ledger.a.organizationId}/members`;
  for (let n = 0; n < 4; n += 1)
    expect((await ledger.call('POST', path, { key: members[0].accessToken, body: tooEarly })).status).toBe(400);
  const headers = { 'idempotency-key': randomUUID() };
  await ledger.database.superuser.query('revoke insert on vault.personal_values from ledger_api');
  for (let n = 0; n < 4; n += 1) expect((await invite(email, 0, headers)).status).toBe(500);
  await ledger.database.superuser.query('grant insert on vault.personal_values to ledger_api');
  const first = await invite(email, 0, headers);
  expect([first.status, first.body.isMailed]).toEqual([201, true]);
  expect((await invite(email, 0, headers)).text).toBe(first.text);
  await withdraw(first.body.invitation?.invitationId);
  const later = [await invite(email, 1), await invite(email), await invite(`${email}.example`)];
  expect(later.map(({ body }) => body.isMailed)).toEqual([true, true, true]);
});

test('An invitation whose mail was dropped before its event is mailed when the request is repeated hours later', async () => {
  const email = newEmail();
  const sent = { key: ledger.a.apiKey, body: { email, role: 'MEMBER' }, headers: { 'idempotency-key': randomUUID() } };
  const inviteByKey = () => ledger.call('POST', `/v1/organizations/${ledger.a.organizationId}/members`, sent);
  await ledger.database.superuser.query('revoke insert on vault.personal_values from ledger_api');
  expect((await inviteByKey()).status).toBe(500);
  await ledger.database.superuser.query('grant insert on vault.personal_values to ledger_api');
  try {
    ledger.clock.aheadMs = (eventlessSeconds + 60) * 1_000;
    expect(await mailbox.mailsTo(email)).toEqual([]);
    const { status, body } = await inviteByKey();
    expect([status, body.isMailed]).toEqual([201, true]);
    expect(await mailbox.mailsTo(email)).toHaveLength(1);
  } finally {
    ledger.clock.aheadMs = 0;
  }
});
