import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { SigningKey } from '../../src/identity/key-files.ts';

/** What a forger has to work with: a token that is good, and, so that nothing else is wrong with it, the very key that signed it. */
export type Forge = {
  readonly key: SigningKey;
  readonly session: { readonly sub: string; readonly tid: string | null; readonly sid: string };
  readonly nowSeconds: number;
};

/** A token that must be refused: what is wrong with it, and how it is made. */
export type TokenVector = readonly [name: string, make: (forge: Forge) => string];

const ended = -3_600;

const headerOf = ({ key }: Forge) => ({ alg: 'ES256', typ: 'at+jwt', kid: key.kid });

const claimsOf = ({ session, nowSeconds }: Forge) => ({
  ...{ iss: 'license-ledger', aud: 'license-ledger-api', ...session, jti: randomUUID() },
  ...{ iat: nowSeconds, exp: nowSeconds + 600 },
});

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const es256 = (text: string, privateKey: KeyObject, hash = 'sha256') =>
  sign(hash, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');

/** Signed with the right key, whatever it says. */
const signed = ({ key }: Forge, header: string, claims: string): string => {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${es256(input, key.privateKey)}`;
};
const withHeader = (forge: Forge, changed: object): string =>
  signed(forge, JSON.stringify({ ...headerOf(forge), ...changed }), JSON.stringify(claimsOf(forge)));
const withClaims = (forge: Forge, changed: object): string =>
  signed(forge, JSON.stringify(headerOf(forge)), JSON.stringify({ ...claimsOf(forge), ...changed }));
const withClaimsText = (forge: Forge, change: (text: string) => string): string =>
  signed(forge, JSON.stringify(headerOf(forge)), change(JSON.stringify(claimsOf(forge))));

/** A good token made by hand: that it is taken shows that each vector is refused for what its name says. */
export const goodToken = (forge: Forge): string => withClaims(forge, {});

/** A token that was good an hour ago. */
export const endedToken = (forge: Forge): string => goodToken({ ...forge, nowSeconds: forge.nowSeconds + ended - 600 });

const unsigned = (forge: Forge, alg: string): string =>
  `${base64url(JSON.stringify({ ...headerOf(forge), alg }))}.${base64url(JSON.stringify(claimsOf(forge)))}.`;

const hmac = (forge: Forge, alg: 'HS256' | 'HS384' | 'HS512', secret: string | Buffer): string => {
  const header = JSON.stringify({ ...headerOf(forge), alg });
  const input = `${base64url(header)}.${base64url(JSON.stringify(claimsOf(forge)))}`;
  return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest('base64url')}`;
};

const otherKey = (forge: Forge, alg: string, curve: 'P-256' | 'P-384' | 'secp256k1', hash: string): string => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const input = `${base64url(JSON.stringify({ ...headerOf(forge), alg }))}.${base64url(JSON.stringify(claimsOf(forge)))}`;
  return `${input}.${es256(input, privateKey, hash)}`;
};

const rsa = (forge: Forge): string => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const header = JSON.stringify({ ...headerOf(forge), alg: 'RS256' });
  const input = `${base64url(header)}.${base64url(JSON.stringify(claimsOf(forge)))}`;
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
};

/** Another bit of the signature is wrong. */
const flipped = (forge: Forge, bit: number): string => {
  const [header, claims, signature = ''] = goodToken(forge).split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return `${header}.${claims}.${bytes.toString('base64url')}`;
};

/** The same bytes of a signature spelled differently: the last symbol carries bits that stand for nothing. */
const respelled = (forge: Forge): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const token = goodToken(forge);
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) + 1];
};

const twice = (text: string, name: string, value: unknown): string =>
  text.replace('{', `{${JSON.stringify(name)}:${JSON.stringify(value)},`);

const part = (token: string, index: number): string => token.split('.')[index] ?? '';

const ids = {
  otherUser: 'usr_01h455vb4pex5vsknk084sn02q',
  license: 'lic_01h455vb4pex5vsknk084sn02q',
};
const claimNames = ['iss', 'aud', 'sub', 'tid', 'sid', 'jti', 'iat', 'exp'] as const;

/** Tokens of which every one must be refused, and not one said to be expired. */
export const tokenVectors: readonly TokenVector[] = [
  ...['none', 'None', 'NONE', 'nOnE', ''].map(
    (alg): TokenVector => [`algorithm ${JSON.stringify(alg)}, unsigned`, (forge) => unsigned(forge, alg)],
  ),
  [
    'algorithm none, with the signature of another token',
    (forge) => unsigned(forge, 'none') + part(goodToken(forge), 2),
  ],
  ['algorithm ES256, without signature', (forge) => unsigned(forge, 'ES256')],
  ...(['HS256', 'HS384', 'HS512'] as const).flatMap((alg): readonly TokenVector[] => [
    [
      `${alg} with the public key as PEM`,
      (forge) => hmac(forge, alg, forge.key.publicKey.export({ type: 'spki', format: 'pem' })),
    ],
    [
      `${alg} with the public key as DER`,
      (forge) => hmac(forge, alg, forge.key.publicKey.export({ type: 'spki', format: 'der' })),
    ],
  ]),
  ['HS256 with an empty secret', (forge) => hmac(forge, 'HS256', '')],
  ['RS256 under the kid of an ES256 key', rsa],
  ['ES384 by a key of P-384', (forge) => otherKey(forge, 'ES384', 'P-384', 'sha384')],
  ['ES256 by a key of P-384', (forge) => otherKey(forge, 'ES256', 'P-384', 'sha256')],
  ['ES256 by a key of secp256k1', (forge) => otherKey(forge, 'ES256', 'secp256k1', 'sha256')],
  ['ES256 by another key of P-256', (forge) => otherKey(forge, 'ES256', 'P-256', 'sha256')],
  ['algorithm es256 in lower case', (forge) => withHeader(forge, { alg: 'es256' })],
  ['a list of algorithms', (forge) => withHeader(forge, { alg: ['ES256'] })],
  ['no algorithm', (forge) => withHeader(forge, { alg: undefined })],

  ['an unknown kid', (forge) => withHeader(forge, { kid: 'AAAAAAAAAAAAAAAA' })],
  ['a kid that is a path', (forge) => withHeader(forge, { kid: `../../${forge.key.kid}.pem` })],
  ['a kid that is SQL', (forge) => withHeader(forge, { kid: `' or kid = '${forge.key.kid}` })],
  ['a kid that is a file', (forge) => withHeader(forge, { kid: '/dev/null' })],
  ['a kid with NUL', (forge) => withHeader(forge, { kid: `${forge.key.kid}\0` })],
  ['a very long kid', (forge) => withHeader(forge, { kid: 'A'.repeat(2_000) })],
  ['a kid that is a property of every object', (forge) => withHeader(forge, { kid: '__proto__' })],
  ['a kid that is a number', (forge) => withHeader(forge, { kid: 1 })],
  ['a list of kids', (forge) => withHeader(forge, { kid: [forge.key.kid] })],
  ['no kid', (forge) => withHeader(forge, { kid: undefined })],
  ['crit with an unknown extension', (forge) => withHeader(forge, { crit: ['x'], x: true })],
  ['crit that is empty', (forge) => withHeader(forge, { crit: [] })],
  ['crit b64', (forge) => withHeader(forge, { crit: ['b64'], b64: false })],
  ['jku', (forge) => withHeader(forge, { jku: 'https://example.com/jwks.json' })],
  ['x5u', (forge) => withHeader(forge, { x5u: 'https://example.com/x.pem' })],
  ['x5c', (forge) => withHeader(forge, { x5c: ['AA=='] })],
  ['jwk', (forge) => withHeader(forge, { jwk: forge.key.publicKey.export({ format: 'jwk' }) })],
  ...['JWT', 'jwt', 'AT+JWT', 'rt+jwt', 'id+jwt', 'application/at+jwt', ''].map(
    (typ): TokenVector => [`type ${JSON.stringify(typ)}`, (forge) => withHeader(forge, { typ })],
  ),
  ['no type', (forge) => withHeader(forge, { typ: undefined })],
  [
    'a refresh token as JWT',
    (forge) =>
      signed(
        forge,
        JSON.stringify({ ...headerOf(forge), typ: 'rt+jwt' }),
        JSON.stringify({ ...claimsOf(forge), aud: 'license-ledger-refresh' }),
      ),
  ],
  [
    'an ID token',
    (forge) =>
      signed(
        forge,
        JSON.stringify({ ...headerOf(forge), typ: 'JWT' }),
        JSON.stringify({ ...claimsOf(forge), aud: 'some-client', nonce: 'n' }),
      ),
  ],

  ...claimNames.map((name): TokenVector => [`no ${name}`, (forge) => withClaims(forge, { [name]: undefined })]),
  ...claimNames
    .filter((name) => name !== 'tid')
    .map((name): TokenVector => [`${name} null`, (forge) => withClaims(forge, { [name]: null })]),
  ...(['exp', 'iat'] as const).flatMap((name): readonly TokenVector[] => [
    [`${name} a float`, (forge) => withClaims(forge, { [name]: forge.nowSeconds + 0.5 })],
    [`${name} a text`, (forge) => withClaims(forge, { [name]: String(forge.nowSeconds) })],
    [
      `${name} 1e999`,
      (forge) => withClaimsText(forge, (text) => text.replace(new RegExp(`"${name}":\\d+`), `"${name}":1e999`)),
    ],
    [
      `${name} written with an exponent`,
      (forge) => withClaimsText(forge, (text) => text.replace(new RegExp(`"${name}":\\d+`), `"${name}":9e9`)),
    ],
    [`${name} beyond what a number holds exactly`, (forge) => withClaims(forge, { [name]: 2 ** 60 })],
    [`${name} negative`, (forge) => withClaims(forge, { [name]: -1 })],
    [`${name} a list`, (forge) => withClaims(forge, { [name]: [forge.nowSeconds] })],
    [`${name} true`, (forge) => withClaims(forge, { [name]: true })],
  ]),
  ['made in the future', (forge) => goodToken({ ...forge, nowSeconds: forge.nowSeconds + 60 })],
  ['not before the future', (forge) => withClaims(forge, { nbf: forge.nowSeconds + 60 })],
  ['not before a text', (forge) => withClaims(forge, { nbf: '0' })],
  ['another audience', (forge) => withClaims(forge, { aud: 'another-api' })],
  ['a list of audiences with ours in it', (forge) => withClaims(forge, { aud: ['license-ledger-api', 'another-api'] })],
  ['another issuer', (forge) => withClaims(forge, { iss: 'https://example.com' })],
  ['expired and of another audience', (forge) => withClaims(forge, { ...endedTimes(forge), aud: 'another-api' })],
  ['expired and without session', (forge) => withClaims(forge, { ...endedTimes(forge), sid: undefined })],
  ['a license as user', (forge) => withClaims(forge, { sub: ids.license })],
  ['a user as organization', (forge) => withClaims(forge, { tid: ids.otherUser })],
  ['an empty session', (forge) => withClaims(forge, { sid: '' })],
  ['a session that is a list', (forge) => withClaims(forge, { sid: ['a'] })],

  [
    'the algorithm twice in the header',
    (forge) => signed(forge, twice(JSON.stringify(headerOf(forge)), 'alg', 'none'), JSON.stringify(claimsOf(forge))),
  ],
  [
    'the kid twice in the header',
    (forge) =>
      signed(forge, twice(JSON.stringify(headerOf(forge)), 'kid', 'AAAAAAAAAAAAAAAA'), JSON.stringify(claimsOf(forge))),
  ],
  ['the user twice', (forge) => withClaimsText(forge, (text) => twice(text, 'sub', ids.otherUser))],
  ['the end twice', (forge) => withClaimsText(forge, (text) => twice(text, 'exp', 1))],
  [
    'the user twice, once escaped',
    (forge) => withClaimsText(forge, (text) => text.replace('{', `{"s\\u0075b":"${ids.otherUser}",`)),
  ],
  [
    'spaces in the header',
    (forge) => signed(forge, ` ${JSON.stringify(headerOf(forge))}`, JSON.stringify(claimsOf(forge))),
  ],
  ['claims that are a list', (forge) => withClaimsText(forge, (text) => `[${text}]`)],
  ['claims that are null', (forge) => withClaimsText(forge, () => 'null')],
  ['claims that are a text', (forge) => withClaimsText(forge, (text) => JSON.stringify(text))],
  ['claims that are no JSON', (forge) => withClaimsText(forge, (text) => text.slice(0, -1))],
  ['no claims at all', (forge) => withClaimsText(forge, () => '')],
  ['a header that is null', (forge) => signed(forge, 'null', JSON.stringify(claimsOf(forge)))],
  ['a header that is no JSON', (forge) => signed(forge, '{alg:ES256}', JSON.stringify(claimsOf(forge)))],

  ['bytes behind the signature', (forge) => `${goodToken(forge)}AA`],
  ['a symbol that says nothing behind the signature', (forge) => `${goodToken(forge)}=`],
  ['a signature that is spelled differently', respelled],
  ['a signature cut short', (forge) => goodToken(forge).slice(0, -4)],
  [
    'a signature in DER',
    (forge) => {
      const input = goodToken(forge).split('.').slice(0, 2).join('.');
      return `${input}.${sign('sha256', Buffer.from(input), forge.key.privateKey).toString('base64url')}`;
    },
  ],
  ['a signature of zeros', (forge) => `${unsigned(forge, 'ES256')}${Buffer.alloc(64).toString('base64url')}`],
  ...[0, 7, 8, 255, 256, 300, 511].map(
    (bit): TokenVector => [`bit ${bit} of the signature flipped`, (forge) => flipped(forge, bit)],
  ),
  [
    'the claims of one token with the signature of another',
    (forge) => {
      const other = goodToken({ ...forge, session: { ...forge.session, sub: ids.otherUser } });
      return `${part(goodToken(forge), 0)}.${part(other, 1)}.${part(goodToken(forge), 2)}`;
    },
  ],
  ['four parts', (forge) => `${goodToken(forge)}.AA`],
  ['four parts, the last empty', (forge) => `${goodToken(forge)}.`],
  ['two parts', (forge) => goodToken(forge).split('.').slice(0, 2).join('.')],
  ['five parts, as an encrypted token has', (forge) => `${goodToken(forge)}.AA.AA`],
  ['100 kB', (forge) => withClaims(forge, { filler: 'x'.repeat(75_000) })],
  ['just over 4 kB', (forge) => withClaims(forge, { filler: 'x'.repeat(2_800) })],
  ['dots only', () => '..'],
  ['standard base64', (forge) => Buffer.from(goodToken(forge)).toString('base64')],
  ['a word', () => 'undefined'],
  ['JSON', (forge) => JSON.stringify(claimsOf(forge))],
];

const endedTimes = ({ nowSeconds }: Forge) => ({ iat: nowSeconds + ended - 600, exp: nowSeconds + ended });
