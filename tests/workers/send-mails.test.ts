import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Mail, MailDeferred, MailFailed, MailRefused } from '../../src/mail/mail.ts';
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

test('A mail that the server wants later, or that cannot be composed, waits and holds up no other mail', async () => {
  const [greylisted, unreadable, good] = [await queue(), await queue('INVITATION', 1), await queue('INVITATION', 2)];
  const sent: string[] = [];
  const send = async ({ id }: Mail) => {
    if (id === greylisted && sent.length < 1) throw new MailDeferred('EENVELOPE 450 RCPT TO');
    sent.push(id);
  };
  const compose = async (claimed: ClaimedMail) => {
    if (claimed.mailId === unreadable) throw new Error('The address cannot be unsealed.');
    return mailOf(claimed);
  };
  expect(await run(2, send, compose)).toBe(1);
  expect(sent).toEqual([good]);
  expect([await rowOf(greylisted), await rowOf(unreadable)]).toMatchObject([
    { tries: 1, outcome: null },
    { tries: 1, outcome: null },
  ]);
  await run(32, send, compose);
  expect(sent).toEqual([good, greylisted]);
  for (const seconds of [giveUpSeconds, giveUpSeconds + 1_000]) await run(seconds, send, compose);
  expect(await rowOf(unreadable)).toMatchObject({ outcome: 'GAVE_UP' });
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

const repeat = (mailId: string, atSeconds: number, kind: MailKind = 'INVITATION') => {
  const now = new Date(start + atSeconds * 1_000);
  const mail = { issuerOrgId: 'org_a', mailId, kind, sealed: kind === 'INVITATION' ? null : Buffer.from('again'), now };
  return asTenant(database.api, 'org_a', (db) => queueMail(db, mail), { readOnly: false });
};

describe('A late repetition of a request', () => {
  const late = eventlessSeconds + 1;
  const notYet = async () => 'not_yet' as const;

  test.each(['INVITATION', 'PASSWORD_RESET'] as const)('queues a dropped mail again: %s', async (kind) => {
    const mailId = await queue(kind);
    await run(late, down, notYet);
    expect(await rowOf(mailId)).toMatchObject({ outcome: 'DROPPED', sealed: null });
    await repeat(mailId, 2 * late, kind);
    await run(2 * late, down, notYet);
    const sent: string[] = [];
    expect(await run(2 * late + 900, async ({ id }) => sent.push(id))).toBe(1);
    expect([sent, await rowOf(mailId)]).toMatchObject([[mailId], { outcome: 'SENT' }]);
  });

  test('keeps its mail when it comes while a worker is about to drop it', async () => {
    const mailId = await queue();
    await run(late, down, async () => {
      await repeat(mailId, late);
      return 'not_yet';
    });
    expect(await rowOf(mailId)).toMatchObject({ outcome: null });
    expect(await run(late + claimSeconds, async () => undefined)).toBe(1);
  });

  test('sends no mail twice when it comes while a worker sends it', async () => {
    const mailId = await queue();
    await run(1, () => repeat(mailId, 2));
    expect(await rowOf(mailId)).toMatchObject({ outcome: 'SENT' });
  });
});

test('A mail that was queued before is not queued again until it is purged, two days after it ended', async () => {
  const mailId = await queue();
  await run(0, async () => undefined);
  await repeat(mailId, 0);
  expect(await run(10, async () => undefined)).toBe(0);
  await database.superuser.query(`update ops.mails set finished_at = now() - interval '47 hours'`);
  expect(await purgeMails(database.worker)).toBe(0);
  await database.superuser.query(`update ops.mails set finished_at = now() - interval '49 hours'`);
  expect(await purgeMails(database.worker)).toBe(1);
});

test('An organization sees and changes no mail of another one', async () => {
  await queue('INVITATION', 0, 'org_a');
  const count = (organization: string) =>
    asTenant(database.api, organization, async (db) => (await db.query('select from ops.mails')).rowCount);
  const change = (organization: string) =>
    asTenant(
      database.api,
      organization,
      async (db) => (await db.query('update ops.mails set next_try_at = now()')).rowCount,
      { readOnly: false },
    );
  expect([await count('org_a'), await count('org_b')]).toEqual([1, 0]);
  expect([await change('org_a'), await change('org_b')]).toEqual([1, 0]);
});
