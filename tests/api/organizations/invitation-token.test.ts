import { expect, test } from 'vitest';
import { encodeCursor } from '../../../src/api/cursor.ts';
import { decodeInvitationToken, encodeInvitationToken } from '../../../src/api/organizations/invitation-token.ts';
import { createMailedToken } from '../../../src/identity/mailed/mailed-token.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { testId } from '../../support/license-fixtures.ts';

const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secrets = parseSecrets(secretOf(1));
const place = { organizationId: testId('org', 'a'), invitationId: testId('inv', 'b') };

test('An invitation token names its invitation, also under a newer secret', () => {
  const token = encodeInvitationToken(secrets, place);
  expect(token).toMatch(/^[A-Za-z0-9_-]{80,200}$/);
  expect(encodeInvitationToken(secrets, place)).toBe(token);
  expect(decodeInvitationToken(parseSecrets(`${secretOf(2)},${secretOf(1)}`), token)).toEqual({
    ...place,
    isMailed: false,
  });
});

test('The mailed token of an invitation is another one, which proves the address', () => {
  const mailed = createMailedToken(secrets, 'invitation', [place.organizationId, place.invitationId]);
  expect(decodeInvitationToken(parseSecrets(`${secretOf(2)},${secretOf(1)}`), mailed)).toEqual({
    ...place,
    isMailed: true,
  });
  const reset = createMailedToken(secrets, 'password-reset', [place.organizationId, place.invitationId]);
  const forged = `lgr_mail_${encodeInvitationToken(secrets, place)}`;
  for (const token of [reset, forged, `${mailed.slice(0, -2)}AA`, 'lgr_mail_'])
    expect(decodeInvitationToken(secrets, token)).toBeNull();
});

test('A text that this server did not create is not an invitation token', () => {
  const token = encodeInvitationToken(secrets, place);
  expect(decodeInvitationToken(parseSecrets(secretOf(2)), token)).toBeNull();
  expect(decodeInvitationToken(secrets, `A${token.slice(1)}`)).toBeNull();
  expect(decodeInvitationToken(secrets, '')).toBeNull();
  expect(decodeInvitationToken(secrets, encodeCursor(secrets, 'licenses', `${place.organizationId}.x`))).toBeNull();
  expect(decodeInvitationToken(secrets, encodeCursor(secrets, 'invitation', 'org.inv'))).toBeNull();
});
