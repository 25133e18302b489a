import { createHash, type KeyObject, randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { decodeId } from '../domain/ids.ts';
import type { KeyRing } from './key-ring.ts';

/** The claims of an access token. It does not contain the rights of the user; the server reads them at each request. */
export type AccessClaims = {
  /** The user, `usr_…`. */
  readonly sub: string;
  /** The organization of the session, `org_…`. Null when the session has none. */
  readonly tid: string | null;
  /** The session of the token. */
  readonly sid: string;
  readonly jti: string;
  /** Seconds since 1970. */
  readonly iat: number;
  /** Seconds since 1970, exclusive. */
  readonly exp: number;
};

/** Signs and verifies access tokens. */
export type AccessTokens = {
  /** Returns a token for the session, valid from now on for `accessTokenSeconds`. */
  signAccessToken(session: Pick<AccessClaims, 'sub' | 'tid' | 'sid'>): {
    readonly token: string;
    readonly claims: AccessClaims;
  };
  /** Returns the claims, 'expired' for a token that was valid and has expired, or null for any other text. */
  verifyAccessToken(token: string): Promise<AccessClaims | 'expired' | null>;
};

type Needs = {
  readonly ring: Pick<KeyRing, 'signing' | 'find' | 'has'>;
  readonly accessTokenSeconds: number;
  readonly nowMs: () => number;
};

const algorithm = 'ES256';
const type = 'at+jwt';
const issuer = 'license-ledger';
const audience = 'license-ledger-api';
const lengthMax = 4_096;
const toleranceSeconds = 5;
const signatureBytes = 64;
const rememberedMax = 10_000;

// Strict, because a header with jku, x5u, jwk, x5c or crit could name another key or method.
const headerSchema = z.strictObject({ alg: z.literal(algorithm), typ: z.literal(type), kid: z.string() });

const seconds = z.int().min(0);
const idOf = (prefix: 'usr' | 'org') => z.string().refine((id) => decodeId(prefix, id) !== null);
const claimsSchema = z
  .object({
    iss: z.literal(issuer),
    aud: z.literal(audience),
    sub: idOf('usr'),
    tid: idOf('org').nullable(),
    sid: z.string().min(1).max(100),
    jti: z.string().min(1).max(100),
    iat: seconds,
    exp: seconds,
  })
  .transform(({ sub, tid, sid, jti, iat, exp }): AccessClaims => ({ sub, tid, sid, jti, iat, exp }));

/**
 * Signs and verifies access tokens with the keys of the ring. It remembers each valid token until the token ends, so
 * that its signature is checked once.
 */
export const createAccessTokens = ({ ring, accessTokenSeconds, nowMs }: Needs): AccessTokens => {
  const nowSeconds = () => Math.floor(nowMs() / 1_000);
  const remembered = new LRUCache<string, VerifiedToken>({ max: rememberedMax });
  return {
    signAccessToken: (session) => sign(session, { ring, accessTokenSeconds, now: nowSeconds() }),
    verifyAccessToken: async (token) => {
      // A longer text costs more work, so its length is checked first.
      if (token.length > lengthMax) return null;
      const digest = createHash('sha256').update(token).digest('base64');
      const known = remembered.get(digest);
      const now = nowSeconds();
      if (known !== undefined && ring.has(known.kid) && isInTime(known.claims, { accessTokenSeconds, now })) {
        return known.claims;
      }
      remembered.delete(digest);
      const result = await verify(token, { ring, accessTokenSeconds, nowSeconds });
      if (result === null || result === 'expired') return result;
      remembered.set(digest, result);
      return result.claims;
    },
  };
};

type VerifiedToken = { readonly claims: AccessClaims; readonly kid: string };

/** How long access tokens are valid, and the current time in seconds since 1970. */
type Validity = { readonly accessTokenSeconds: number; readonly now: number };

const sign = (
  { sub, tid, sid }: Pick<AccessClaims, 'sub' | 'tid' | 'sid'>,
  { ring, accessTokenSeconds, now }: Validity & { readonly ring: Pick<KeyRing, 'signing'> },
): { readonly token: string; readonly claims: AccessClaims } => {
  const { kid, privateKey } = ring.signing();
  const claims = { sub, tid, sid, jti: randomUUID(), iat: now, exp: now + accessTokenSeconds };
  const header = { alg: algorithm, typ: type, kid };
  const token = jwt.sign({ iss: issuer, aud: audience, ...claims }, privateKey, { algorithm, header });
  return { token, claims };
};

const verify = async (
  token: string,
  { ring, accessTokenSeconds, nowSeconds }: Pick<Needs, 'ring' | 'accessTokenSeconds'> & { nowSeconds: () => number },
): Promise<VerifiedToken | 'expired' | null> => {
  const kid = kidOf(token);
  const key = kid === null ? null : await ring.find(kid);
  if (kid === null || key === null) return null;
  const validity = { accessTokenSeconds, now: nowSeconds() };
  const claims = claimsOf(token, key, 'valid now', validity);
  // The library checks the time before audience and issuer, so an expired token is checked again without its time.
  if (claims === 'late') return claimsOf(token, key, 'at any time', validity) === null ? null : 'expired';
  return claims === null || !isInTime(claims, validity) ? null : { claims, kid };
};

const claimsOf = (
  token: string,
  key: KeyObject,
  time: 'valid now' | 'at any time',
  { accessTokenSeconds, now }: Validity,
): AccessClaims | 'late' | null => {
  const options: jwt.VerifyOptions = {
    algorithms: [algorithm],
    issuer,
    audience,
    clockTolerance: toleranceSeconds,
    // For 0 the library would use the clock of the machine.
    clockTimestamp: Math.max(1, now),
    ...(time === 'valid now' ? { maxAge: accessTokenSeconds } : { ignoreExpiration: true }),
  };
  try {
    const claims = claimsSchema.safeParse(jwt.verify(token, key, options));
    return claims.success ? claims.data : null;
  } catch (error) {
    // The library throws many kinds of errors for malformed tokens. All of them mean that the token is invalid.
    return error instanceof jwt.TokenExpiredError ? 'late' : null;
  }
};

const isInTime = ({ iat, exp }: AccessClaims, { accessTokenSeconds, now }: Validity): boolean => {
  const end = Math.min(exp, iat + accessTokenSeconds);
  return now >= iat - toleranceSeconds && now < end + toleranceSeconds;
};

/** Returns the `kid` of a token's header, or null for a text that is not spelled like a token of this server. */
const kidOf = (token: string): string | null => {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  if (more.length > 0 || bytesOf(signature)?.length !== signatureBytes) return null;
  const header = headerSchema.safeParse(jsonOf(head));
  return header.success && jsonOf(body) !== null ? header.data.kid : null;
};

/**
 * Returns the object in a part of a token, or null when `JSON.stringify` would write it differently. So no name occurs
 * twice, where parsers differ in which value they use, and no number has two spellings.
 */
const jsonOf = (part: string): object | null => {
  const text = bytesOf(part)?.toString('utf8') ?? '';
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && JSON.stringify(value) === text ? value : null;
  } catch {
    return null;
  }
};

/** Returns the bytes of base64url text, or null for another spelling of the same bytes. So a token has one spelling. */
const bytesOf = (part: string): Buffer | null => {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
};
