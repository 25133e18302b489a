import type { Credential } from './credentials.ts';
import type { Expected } from './expected.ts';

/** On which side of a license an organization stands: it has issued it, or only holds it. */
export type Side = 'own' | 'held';

/** The sides on which an organization may stand to what an operation is about. */
export const sidesOf = (expected: Expected): readonly Side[] =>
  'held' in expected && expected.held !== undefined ? ['own', 'held'] : ['own'];

/** The code that a credential must be refused with, or ALLOWED. */
export const verdictOn = (expected: Expected, side: Side, { is }: Credential): string => {
  if (expected.for === 'anybody') return 'ALLOWED';
  switch (is.kind) {
    case 'nobody':
      return 'UNAUTHENTICATED';
    case 'expired token':
      return 'TOKEN_EXPIRED';
    case 'license key':
      return expected.for === 'license' ? 'ALLOWED' : 'UNAUTHENTICATED';
    case 'user':
      return expected.for === 'user' ? 'ALLOWED' : 'UNAUTHENTICATED';
    case "stranger's token":
      return expected.for === 'user' ? 'ALLOWED' : expected.strangers;
    case "stranger's key":
      return expected.for === 'user' || expected.own.scopes.length === 0 ? 'FORBIDDEN' : expected.strangers;
    case 'role':
      if (expected.for === 'user') return 'ALLOWED';
      return grantOn(expected, side).roles.includes(is.role) ? 'ALLOWED' : 'FORBIDDEN';
    case 'scope':
      if (expected.for === 'user') return 'FORBIDDEN';
      return grantOn(expected, side).scopes.includes(is.scope) ? 'ALLOWED' : 'FORBIDDEN';
  }
};

const grantOn = (expected: Extract<Expected, { own: unknown }>, side: Side) =>
  (side === 'held' ? expected.held : undefined) ?? expected.own;
