import { expect, test } from 'vitest';
import { type Credential, grant, lacking, ownOnly, type Side, withinProducts } from '../../src/domain/authority.ts';

const member: Credential = { kind: 'user', role: 'MEMBER' };
const billing: Credential = { kind: 'user', role: 'BILLING' };
const key: Credential = { kind: 'apiKey', scopes: ['licenses:read'] };
const keyOfProducts: Credential = { ...key, products: ['local_cli'] };
const keyOfAllProducts: Credential = { ...key, products: null };

const issue = ownOnly(grant(['OWNER', 'ADMIN'], 'licenses:write'));
const activate = {
  own: grant(['OWNER', 'ADMIN'], 'licenses:activate'),
  holder: grant(['OWNER', 'MEMBER'], 'licenses:activate', 'projects:write'),
};
const signedInOnly = ownOnly(grant(['OWNER']));
const limitedToProducts = 'This API key is limited to products. Use one without this limit, or sign in.';

type Row = readonly [string, Credential, typeof issue, Side | undefined, string];

test.each<Row>([
  ['a user', member, issue, 'own', 'This takes the role OWNER or ADMIN; yours is MEMBER.'],
  [
    'a user on any side',
    billing,
    activate,
    undefined,
    'This takes the role OWNER or ADMIN or MEMBER; yours is BILLING.',
  ],
  ['an API key', key, issue, 'own', 'This API key does not have the scope licenses:write.'],
  [
    'an API key on any side',
    key,
    activate,
    undefined,
    'This API key does not have the scope licenses:activate or projects:write.',
  ],
  [
    'an API key of the holder',
    key,
    activate,
    'holder',
    'This API key does not have the scope licenses:activate or projects:write.',
  ],
  ['an API key where no key may', key, signedInOnly, 'own', 'No API key may do this; sign in as a user.'],
  ['the holder of what only the issuer may', member, issue, 'holder', 'Only the issuer may do this.'],
  ['an API key that is limited to products', keyOfProducts, issue, 'own', limitedToProducts],
  [
    'an API key that is limited to products, where such keys may',
    keyOfProducts,
    withinProducts(issue),
    'own',
    'This API key does not have the scope licenses:write.',
  ],
  [
    'an API key of all products',
    keyOfAllProducts,
    issue,
    'own',
    'This API key does not have the scope licenses:write.',
  ],
])('The refusal tells %s what is missing', (_, credential, permission, side, sentence) => {
  expect(lacking(credential, permission, side)).toBe(sentence);
});
