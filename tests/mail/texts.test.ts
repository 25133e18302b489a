import { describe, expect, test } from 'vitest';
import { invitationText, passwordResetText } from '../../src/mail/texts.ts';

const reset = { token: 'lgr_mail_abc', expiresAt: '2027-01-31T12:30:00.000Z', publicUrl: 'https://ledger.example/' };
const invitation = { ...reset, organizationName: 'Example Software', role: 'ADMIN' };

test('The mail of a password reset has the token, its end, and the request to send', () => {
  expect(passwordResetText(reset)).toEqual({
    subject: 'Reset your License Ledger password',
    text: `Hello,

somebody asked to reset the password of your account on License Ledger, at
https://ledger.example/

This is your token. It works once, until
2027-01-31T12:30:00.000Z:

lgr_mail_abc

Choose a password of at least 10 characters and send:

  curl https://ledger.example/v1/auth/password-resets/redeem \\
    -H 'content-type: application/json' \\
    -d '{"token":"<the token>","newPassword":"<your password>"}'

Every session of your account then ends, and the answer signs you in.

Give the token to nobody. If you did not ask for this mail, ignore it: your
password stays as it is.
`,
  });
});

test('The mail of an invitation names the organization and the role, and both ways to accept', () => {
  const { subject, text } = invitationText(invitation);
  expect(subject).toBe('Invitation to an organization on License Ledger');
  for (const part of [
    '"Example Software" invites you to join as ADMIN on License Ledger, at\nhttps://ledger.example/',
    'until\n2027-01-31T12:30:00.000Z:\n\nlgr_mail_abc\n',
    `-d '{"token":"<the token>","password":"<your password>"}'`,
    'add "replaceAccount":true, and you get a new one.\n',
    `-H 'authorization: Bearer <your access token>'`,
    'https://ledger.example/v1/invitations/accept',
  ])
    expect(text).toContain(part);
});

describe('The name of an organization, which anybody may choose,', () => {
  const textOf = (organizationName: string) => invitationText({ ...invitation, organizationName }).text;
  const namedIn = (organizationName: string) => /^Hello,\n\n(.*) invites you/.exec(textOf(organizationName))?.[1];

  test('stays out of the subject', () => {
    const { subject } = invitationText({ ...invitation, organizationName: 'Buy now http://evil.example' });
    expect(subject).toBe('Invitation to an organization on License Ledger');
  });

  test('stays on one line and within its quotation marks', () => {
    expect(namedIn('Evil"\r\nBcc: all\u2028\u202e x')).toBe('"Evil Bcc: all x"');
  });

  test('is cut after 80 characters', () => {
    expect(namedIn('🔑'.repeat(200))).toBe(`"${'🔑'.repeat(80)}…"`);
  });

  test.each([
    'http://evil.example',
    'HTTPS://evil.example/a?b=c',
    'hxxp://evil',
    '//evil',
    'www.evil.example',
    'evil.example',
    'evil.example/path',
    '(evil.co.uk)',
    'evil。example',
    'evil．example',
    'xn--vil-sqa.xn--p1ai',
    '💰.la',
    '198.51.100.7',
    'evil.example:8080',
    'localhost:8080',
    'eve@evil.example',
    'eve@evil',
    'mailto:eve',
    'tel:+4912345',
    'a.b.evil.example,',
  ])('has no address, such as %s', (address) => {
    expect(namedIn(`Buy now ${address} today`)).toBe('"Buy now [address] today"');
  });

  test.each(['Smith & Sons Ltd.', 'St. Gallen S.p.A.', 'A/B Testing: the firm', 'Release 2.0', '24/7', 'Größe – №1 …'])(
    'is kept when it has none, such as %s',
    (name) => expect(namedIn(name)).toBe(`"${name}"`),
  );

  test('gets no address by the cut', () => {
    expect(namedIn(`${'a'.repeat(70)} x.evil.example`)).toBe(`"${'a'.repeat(70)} [address]"`);
  });
});
