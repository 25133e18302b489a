import type { MailAllowance } from '../../application/organizations/invite-member.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { emailPseudonym } from '../auth/auth-needs.ts';
import type { Call } from '../route.ts';

/** Returns the allowance of mailed invitations to an address. All organizations share it. */
export const mailAllowance = (
  { secrets }: { readonly secrets: Secrets },
  { limits }: Pick<Call, 'limits'>,
  email: string,
): MailAllowance => {
  const key = emailPseudonym(secrets, mailboxOf(email));
  return {
    take: async () => (await limits.take('invite_address', key)) === null,
    takeBack: () => limits.takeBack('invite_address', key),
  };
};

/**
 * Returns one text for the addresses that many mail servers deliver to one mailbox: with dots, and with a tag after `+`. Only
 * for counting, because other mail servers tell them apart.
 */
const mailboxOf = (email: string): string => {
  const at = email.lastIndexOf('@');
  const [local = ''] = email.slice(0, at).split('+');
  return local.replaceAll('.', '') + email.slice(at);
};
