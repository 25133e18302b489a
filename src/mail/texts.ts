import type { Mail } from './mail.ts';

/** The words of a mail. */
type Words = Pick<Mail, 'subject' | 'text'>;

/**
 * Returns the mail that invites a person. `expiresAt` is an ISO 8601 instant, `publicUrl` the URL of the API. The subject
 * has no word that the inviter chose: anybody may name an organization and invite strangers.
 */
export const invitationText = ({
  organizationName,
  role,
  token,
  expiresAt,
  publicUrl,
}: {
  readonly organizationName: string;
  readonly role: string;
  readonly token: string;
  readonly expiresAt: string;
  readonly publicUrl: string;
}): Words => ({
  subject: 'Invitation to an organization on License Ledger',
  text: `Hello,

${quoted(organizationName)} invites you to join as ${role} on License Ledger, at
${publicUrl}

This is your token. It works once, for this e-mail address, until
${expiresAt}:

${token}

If you have no account, choose a password of at least 10 characters and send:

  curl ${at(publicUrl, '/v1/invitations/accept')} \\
    -H 'content-type: application/json' \\
    -d '{"token":"<the token>","password":"<your password>"}'

If the answer is EMAIL_TAKEN, an account has this e-mail address. If it is not
yours, add "replaceAccount":true, and you get a new one.

If you have an account, send the token alone, with your access token:

  curl ${at(publicUrl, '/v1/invitations/accept')} \\
    -H 'authorization: Bearer <your access token>' \\
    -H 'content-type: application/json' \\
    -d '{"token":"<the token>"}'

Give the token to nobody. If you do not expect this mail, ignore it.
`,
});

/** Returns the mail that resets a password. `expiresAt` is an ISO 8601 instant, `publicUrl` the URL of the API. */
export const passwordResetText = ({
  token,
  expiresAt,
  publicUrl,
}: {
  readonly token: string;
  readonly expiresAt: string;
  readonly publicUrl: string;
}): Words => ({
  subject: 'Reset your License Ledger password',
  text: `Hello,

somebody asked to reset the password of your account on License Ledger, at
${publicUrl}

This is your token. It works once, until
${expiresAt}:

${token}

Choose a password of at least 10 characters and send:

  curl ${at(publicUrl, '/v1/auth/password-resets/redeem')} \\
    -H 'content-type: application/json' \\
    -d '{"token":"<the token>","newPassword":"<your password>"}'

Every session of your account then ends, and the answer signs you in.

Give the token to nobody. If you did not ask for this mail, ignore it: your
password stays as it is.
`,
});

const nameMax = 80;

// A URL, an e-mail address, a scheme or port, an IPv4 address, or a domain. Browsers take other full stops for dots.
const linkLike = /\/\/|@|:[^:]|\d\.\d+\.\d+\.\d|[^.][.\u2024\u3002\uff0e\uff61]\p{L}{2}/u;

/**
 * Returns a name that others chose, on one line and not too long, so that it cannot pass for the text of the mail. A word
 * that a mail program could show as a link becomes a mark.
 */
const quoted = (name: string): string => {
  const words = name
    .replaceAll(/[\p{C}\p{Z}"]+/gu, ' ')
    .trim()
    .split(' ');
  const line = words.map((word) => (linkLike.test(word) ? '[address]' : word)).join(' ');
  const characters = [...line];
  return `"${characters.length > nameMax ? `${characters.slice(0, nameMax).join('')}…` : line}"`;
};

const at = (publicUrl: string, route: string): string => publicUrl.replace(/\/+$/, '') + route;
