import { createHash, type KeyObject, randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { decodeId } from '../domain/ids.ts';
import type { KeyRing } from './key-ring.ts';

/** What an access token says. Its holder's rights are not in it: they are looked up. */
export type AccessClaims = {
  /** The user, `usr_…`. */
  readonly sub: string;
  /** The organization it was made for, `org_…`; null for a user who is in none. */
  readonly tid: string | null;
  /** The session it belongs to. */
  readonly sid: string;
  readonly jti: string;
  /** Seconds since 1970. */
  readonly iat: number;
  /** Seconds since 1970, exclusive. */
  readonly exp: number;
};

/** Signs and verifies access tokens. */
export type AccessTokens = {
  /** A token for the session, good from now on for as long as access tokens are. */
  signAccessToken(session: Pick<AccessClaims, 'sub' | 'tid' | 'sid'>): {
    readonly token: string;
    readonly claims: AccessClaims;
  };
  /** The claims; 'expired' for a token that would be good but for its time; null for everything else. */
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

// Strict: nothing that could name another key or method (jku, x5u, jwk, x5c), nor anything critical, has a place in it.
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

/** Makes and checks access tokens with the keys of the ring. A token that was good is remembered until it ends. */
export const createAccessTokens = ({ ring, accessTokenSeconds, nowMs }: Needs): AccessTokens => {
  const remembered = new LRUCache<string, { readonly claims: AccessClaims; readonly kid: string }>({
    max: rememberedMax,
  });
  const nowSeconds = () => Math.floor(nowMs() / 1_000);

  const isInTime = ({ iat, exp }: AccessClaims): boolean => {
    const now = nowSeconds();
    const end = Math.min(exp, iat + accessTokenSeconds);
    return now >= iat - toleranceSeconds && now < end + toleranceSeconds;
  };

  const check = (token: string, key: KeyObject, time: 'in time' | 'whenever'): AccessClaims | 'late' | null => {
    const options: jwt.VerifyOptions = {
      ...{ algorithms: [algorithm], issuer, audience, clockTolerance: toleranceSeconds },
      // For 0 the library would take the clock of the machine.
      clockTimestamp: Math.max(1, nowSeconds()),
      ...(time === 'in time' ? { maxAge: accessTokenSeconds } : { ignoreExpiration: true }),
    };
    try {
      const claims = claimsSchema.safeParse(jwt.verify(token, key, options));
      return claims.success ? claims.data : null;
    } catch (error) {
      // Whatever else it throws on what a stranger sent: the token is none.
      return error instanceof jwt.TokenExpiredError ? 'late' : null;
    }
  };

  const verify = async (token: string): Promise<{ claims: AccessClaims; kid: string } | 'expired' | null> => {
    const kid = kidOf(token);
    const key = kid === null ? null : await ring.find(kid);
    if (kid === null || key === null) return null;
    const claims = check(token, key, 'in time');
    // The library judges the time before audience and issuer.
    if (claims === 'late') return check(token, key, 'whenever') === null ? null : 'expired';
    return claims === null || !isInTime(claims) ? null : { claims, kid };
  };

  return {
    signAccessToken: ({ sub, tid, sid }) => {
      const { kid, privateKey } = ring.signing();
      const iat = nowSeconds();
      const claims = { sub, tid, sid, jti: randomUUID(), iat, exp: iat + accessTokenSeconds };
      const header = { alg: algorithm, typ: type, kid };
      const token = jwt.sign({ iss: issuer, aud: audience, ...claims }, privateKey, { algorithm, header });
      return { token, claims };
    },
    verifyAccessToken: async (token) => {
      // Before any work: it may be of any size.
      if (token.length > lengthMax) return null;
      const digest = createHash('sha256').update(token).digest('base64');
      const known = remembered.get(digest);
      if (known !== undefined && ring.has(known.kid) && isInTime(known.claims)) return known.claims;
      remembered.delete(digest);
      const found = await verify(token);
      if (found === null || found === 'expired') return found;
      remembered.set(digest, found);
      return found.claims;
    },
  };
};

/** The key that a token says it was signed with; null when it is not three parts as we write them. */
const kidOf = (token: string): string | null => {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  if (more.length > 0 || bytesOf(signature)?.length !== signatureBytes) return null;
  const header = headerSchema.safeParse(jsonOf(head));
  return header.success && jsonOf(body) !== null ? header.data.kid : null;
};

/**
 * The object in a part of a token. Null unless it is written as `JSON.stringify` writes it: so nothing stands in it twice,
 * for one parser to read the first and another the last, and no number has two spellings.
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

/** Base64url as we write it, to the last bit: the same token has one spelling. */
const bytesOf = (part: string): Buffer | null => {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
};
