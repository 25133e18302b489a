import type { Credential, Standing } from './credentials.ts';
import type { Expected } from './expected.ts';

/** On which side of a license an organization stands: it has issued it, or only holds it. */
export type Side = 'own' | 'held';

/** The sides on which an organization may stand to what an operation is about. */
export const sidesOf = (expected: Expected): readonly Side[] =>
  'held' in expected && expected.held !== undefined ? ['own', 'held'] : ['own'];

/** The code that a credential must be refused with, or ALLOWED. */
export const verdictOn = (expected: Expected, side: Side, { is, authorization }: Credential): string => {
  switch (expected.for) {
    case 'anybody':
      return 'ALLOWED';
    case 'user':
      return dead(is) ?? (isUser(is) ? toUser(expected, is) : 'FORBIDDEN');
    case 'license':
      return is.kind === 'license key' ? 'ALLOWED' : (dead(is) ?? toOrganization(expected, side, is));
    case 'organization':
      if (authorization === null && is.kind === 'nobody' && expected.nobody !== undefined) return expected.nobody;
      return dead(is) ?? toOrganization(expected, side, is);
  }
};

/** What is not good for anything that takes a credential; null for the others. */
const dead = ({ kind }: Standing): string | null => {
  if (kind === 'expired token') return 'TOKEN_EXPIRED';
  return kind === 'nobody' || kind === 'license key' ? 'UNAUTHENTICATED' : null;
};

const isUser = ({ kind }: Standing): boolean => kind === 'role' || kind === 'user' || kind === "stranger's token";

const toUser = ({ roles = {}, others = 'ALLOWED' }: For<'user'>, is: Standing): string =>
  (is.kind === 'role' ? roles[is.role] : undefined) ?? others;

const toOrganization = (expected: For<'license' | 'organization'>, side: Side, is: Standing): string => {
  const grant = (side === 'held' ? expected.held : undefined) ?? expected.own;
  switch (is.kind) {
    case 'role':
      return grant.roles.includes(is.role) ? 'ALLOWED' : 'FORBIDDEN';
    case 'scope':
      return grant.scopes.includes(is.scope) ? 'ALLOWED' : 'FORBIDDEN';
    case "stranger's token":
      return expected.strangers;
    case "stranger's key":
      return isForKeys(expected) ? expected.strangers : 'FORBIDDEN';
    default:
      return 'UNAUTHENTICATED';
  }
};

const isForKeys = (expected: For<'license' | 'organization'>): boolean =>
  expected.own.scopes.length > 0 || ('keys' in expected && expected.keys === false);

type For<Whom extends Expected['for']> = Extract<Expected, { for: Whom }>;
