import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import { MailDeferred, MailFailed, MailRefused } from '../../src/mail/mail.ts';
import { createSmtpMailer } from '../../src/mail/smtp.ts';

const from = 'License Ledger <ledger@vendor.example>';
const mail = { id: 'inv_1', to: 'bob@vendor.example', subject: 'Einladung für Ünal', text: 'Hello,\n\ntoken\n' };
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A mail server on a free port that takes mails unless `options` say otherwise. */
const startServer = async (options: SMTPServerOptions = {}) => {
  const mails: { from: unknown; to: readonly string[]; source: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, { envelope }, done) => {
      void text(stream).then((source) => {
        const { mailFrom, rcptTo } = envelope;
        mails.push({
          from: mailFrom !== false ? mailFrom.address : null,
          to: rcptTo.map(({ address }) => address),
          source,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { mails, port };
};

const mailerOn = (authority: string) => {
  const mailer = createSmtpMailer({ url: `smtp://${authority}`, from });
  open.push(async () => mailer.close());
  return mailer;
};

test('A mail server gets the mail as plain text, with the Message-ID of the mail’s id', async () => {
  const { mails, port } = await startServer();
  const mailer = mailerOn(`127.0.0.1:${port}`);
  await mailer.check();
  await mailer.send(mail);
  await mailer.send(mail);
  expect(mails.map(({ to }) => to)).toEqual([['bob@vendor.example'], ['bob@vendor.example']]);
  expect(mails[0]?.from).toBe('ledger@vendor.example');
  const source = mails[0]?.source ?? '';
  for (const line of [
    'Message-ID: <inv_1@vendor.example>',
    'To: bob@vendor.example',
    'From: License Ledger <ledger@vendor.example>',
    'Subject: =?UTF-8?Q?Einladung_f=C3=BCr_=C3=9Cnal?=',
    'Auto-Submitted: auto-generated',
    'Content-Type: text/plain; charset=utf-8',
  ])
    expect(source).toContain(line);
  expect(source).toContain('Hello,\r\n\r\ntoken');
});

test('An address is one recipient, even when it has a comma', async () => {
  const { mails, port } = await startServer();
  const to = 'bob@vendor.example,eve@evil.example';
  await mailerOn(`127.0.0.1:${port}`)
    .send({ ...mail, to })
    .catch(() => undefined);
  expect(mails.filter((received) => received.to.includes('eve@evil.example'))).toEqual([]);
});

type Answering = (error: Error) => void;
const saying = (responseCode: number, words: string) => (done: Answering) =>
  done(Object.assign(new Error(`${words} bob@vendor.example`), { responseCode }));
const atSender = (code: number, words: string): SMTPServerOptions => ({
  onMailFrom: (_address, _session, done) => saying(code, words)(done),
});
const atRecipient = (code: number, words: string): SMTPServerOptions => ({
  onRcptTo: (_address, _session, done) => saying(code, words)(done),
});
const atContent = (code: number, words: string): SMTPServerOptions => ({
  onData: (stream, _session, done) => {
    stream.resume().on('end', () => saying(code, words)(done));
  },
});

test.each([
  ['refuses the recipient', atRecipient(550, '5.1.1 Unknown'), MailRefused],
  ['refuses the recipient without an enhanced code', atRecipient(553, 'Unknown'), MailRefused],
  ['refuses the content', atContent(554, '5.6.0 Not this one'), MailRefused],
  ['wants the recipient later', atRecipient(450, '4.2.0 Greylisted'), MailDeferred],
  ['wants the content later', atContent(451, '4.3.0 Busy'), MailDeferred],
  ['does not relay for this login', atRecipient(554, '5.7.1 Relay access denied'), MailDeferred],
  ['wants a login at the recipient', atRecipient(530, 'Authentication required'), MailDeferred],
  ['wants a login at the sender', atSender(530, '5.7.0 Authentication required'), MailFailed],
  ['does not know the sender', atSender(550, '5.1.8 Unknown sender'), MailFailed],
  ['closes at the recipient', atRecipient(421, '4.3.2 Closing'), MailFailed],
])('A mail server that %s leads to the right error, without the address', async (_name, options, kind) => {
  const { port } = await startServer(options);
  const error = await mailerOn(`127.0.0.1:${port}`)
    .send(mail)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(kind);
  expect(String(error)).toMatch(/ [45]\d\d /);
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('bob@');
});

test('A mail server that is down, or refuses the login, leaves the mail for later', async () => {
  await expect(mailerOn('127.0.0.1:1').send(mail)).rejects.toBeInstanceOf(MailFailed);
  await expect(mailerOn('127.0.0.1:1').check()).rejects.toBeInstanceOf(MailFailed);
});

test('The name and the password of the mail server are never sent without TLS', async () => {
  const attempts: unknown[] = [];
  const { port, mails } = await startServer({
    onAuth: (auth, _session, done) => {
      attempts.push(auth);
      done(null, { user: 'ledger' });
    },
  });
  await expect(mailerOn(`ledger:secret@127.0.0.1:${port}`).send(mail)).rejects.toBeInstanceOf(MailFailed);
  expect([attempts, mails]).toEqual([[], []]);
});
