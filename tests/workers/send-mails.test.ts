import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Mail, MailFailed, MailRefused } from '../../src/mail/mail.ts';
import { asTenant } from '../../src/postgres/tenant.ts';
import { type ClaimedMail, claimMail, type MailKind, purgeMails, queueMail } from '../../src/records/mails.ts';
import { claimSeconds, eventlessSeconds, giveUpSeconds, sendMails } from '../../src/workers/send-mails.ts';
import { createReadModels, quiet } from '../support/read-models.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());
beforeEach(() => database.superuser.query('delete from ops.mails'));

const start = Date.parse('2027-01-31T12:00:00.000Z');
const queue = async (kind: MailKind = 'INVITATION', atSeconds = 0, organization = 'org_a') => {
  const mailId = randomUUID();
  const sealed = kind === 'INVITATION' ? null : Buffer.from('sealed');
  const mail = { issuerOrgId: organization, mailId, kind, sealed, now: new Date(start + atSeconds * 1_000) };
  await asTenant(database.api, organization, (db) => queueMail(db, mail), { readOnly: false });
  return mailId;
};

const mailOf = ({ mailId: id }: ClaimedMail): Mail => ({ id, to: 'ann@vendor.example', subject: 'Hello', text: 'Hi' });
const run = (
  atSeconds: number,
  send: (mail: Mail) => Promise<unknown>,
  compose: (claimed: ClaimedMail) => Promise<Mail | 'drop' | 'not_yet'> = async (claimed) => mailOf(claimed),
) =>
  sendMails({
    ...{ pool: database.worker, compose, signal: new AbortController().signal, log: quiet },
    mailer: { send: async (mail) => void (await send(mail)) },
    now: () => new Date(start + atSeconds * 1_000),
  });
const rowOf = async (mailId: string) =>
  (await database.superuser.query('select * from ops.mails where mail_id = $1', [mailId])).rows[0];
const down = async () => {
  throw new MailFailed('ECONNECTION');
};

test('Two workers send each mail once, password resets first, and keep no address', async () => {
  const invitations = await Promise.all(Array.from({ length: 6 }, () => queue('INVITATION')));
  const reset = await queue('PASSWORD_RESET', 1);
  const sent: string[] = [];
  const send = async ({ id }: Mail) => sent.push(id);
  const counts = await Promise.all([run(2, send), run(2, send)]);
  expect(counts.reduce((a, b) => a + b)).toBe(7);
  expect(sent.toSorted()).toEqual([...invitations, reset].toSorted());
  expect(sent.slice(0, 2)).toContain(reset);
  expect(await rowOf(reset)).toMatchObject({ outcome: 'SENT', sealed: null, tries: 1 });
  expect(await run(2, send)).toBe(0);
});

test('A worker that dies after it claimed a mail leaves it to the next one, under the same id', async () => {
  const mailId = await queue();
  const now = new Date(start);
  await claimMail(database.worker, { now, until: new Date(start + claimSeconds * 1_000) });
  const sent: string[] = [];
  const send = async ({ id }: Mail) => sent.push(id);
  await run(claimSeconds - 1, send);
  expect(sent).toEqual([]);
  await run(claimSeconds, send);
  expect(sent).toEqual([mailId]);
});

test('A worker that was slower than its claim does not end the mail of the next one', async () => {
  const mailId = await queue();
  const late = run(0, async () => {
    await claimMail(database.worker, { now: new Date(start + 400_000), until: new Date(start + 700_000) });
  });
  await late;
  expect(await rowOf(mailId)).toMatchObject({ finished_at: null, tries: 2 });
});

test('While the mail server is down for an hour, mails wait and each run tries one; afterwards all are sent once', async () => {
  const mailIds = await Promise.all(Array.from({ length: 3 }, () => queue()));
  let tries = 0;
  for (let seconds = 0; seconds < 3_600; seconds += 5) {
    let inThisRun = 0;
    await run(seconds, () => {
      tries += 1;
      inThisRun += 1;
      return down();
    });
    expect(inThisRun).toBeLessThanOrEqual(1);
  }
  expect(tries).toBeGreaterThan(9);
  expect(tries).toBeLessThan(60);
  const sent: string[] = [];
  await run(3_600 + 900, async ({ id }) => sent.push(id));
  expect(sent.toSorted()).toEqual(mailIds.toSorted());
});

describe('A mail ends', () => {
  test('when the mail server refuses it for good, and the next one is sent', async () => {
    const refused = await queue();
    const other = await queue('INVITATION', 1);
    const sent: string[] = [];
    await run(1, async ({ id }) => {
      if (id === refused) throw new MailRefused('EENVELOPE 550');
      sent.push(id);
    });
    expect([await rowOf(refused), sent]).toMatchObject([{ outcome: 'REFUSED' }, [other]]);
  });

  test('when it could not be sent for a day', async () => {
    const mailId = await queue();
    await run(giveUpSeconds, down);
    expect(await rowOf(mailId)).toMatchObject({ outcome: null });
    await run(giveUpSeconds + 901, down);
    expect(await rowOf(mailId)).toMatchObject({ outcome: 'GAVE_UP' });
  });

  test('when there is nothing to send any more', async () => {
    const mailId = await queue();
    await run(0, down, async () => 'drop');
    expect(await rowOf(mailId)).toMatchObject({ outcome: 'DROPPED' });
  });

  test('when its event was not stored within an hour, and waits for the event until then', async () => {
    const mailId = await queue();
    await run(0, down, async () => 'not_yet');
    await run(eventlessSeconds, down, async () => 'not_yet');
    expect(await rowOf(mailId)).toMatchObject({ outcome: null });
    await run(eventlessSeconds + 901, down, async () => 'not_yet');
    expect(await rowOf(mailId)).toMatchObject({ outcome: 'DROPPED' });
  });
});

test('A mail that was queued before is not queued again until it is purged, two days after it ended', async () => {
  const mailId = await queue();
  await run(0, async () => undefined);
  const again = { issuerOrgId: 'org_a', mailId, kind: 'INVITATION', sealed: null, now: new Date(start) } as const;
  await asTenant(database.api, 'org_a', (db) => queueMail(db, again), { readOnly: false });
  expect(await run(10, async () => undefined)).toBe(0);
  await database.superuser.query(`update ops.mails set finished_at = now() - interval '47 hours'`);
  expect(await purgeMails(database.worker)).toBe(0);
  await database.superuser.query(`update ops.mails set finished_at = now() - interval '49 hours'`);
  expect(await purgeMails(database.worker)).toBe(1);
});

test('An organization sees no mail of another one', async () => {
  await queue('INVITATION', 0, 'org_a');
  const count = (organization: string) =>
    asTenant(database.api, organization, async (db) => (await db.query('select from ops.mails')).rowCount);
  expect([await count('org_a'), await count('org_b')]).toEqual([1, 0]);
});
