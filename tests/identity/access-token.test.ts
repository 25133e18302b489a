import { describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { createAccessTokens } from '../../src/identity/access-token.ts';
import { readKeyFiles } from '../../src/identity/key-files.ts';
import { openKeyRing } from '../../src/identity/key-ring.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { endedToken, type Forge, goodToken, tokenVectors } from '../support/token-vectors.ts';

const session = {
  sub: encodeId('usr', '01890a5d-ac96-774b-bcce-b302099a8057'),
  tid: encodeId('org', '01890a5d-ac96-774b-bcce-b302099a8058'),
  sid: '01890a5d-ac96-774b-bcce-b302099a8059',
};
const lifetimeSeconds = 3_600;

const startTokens = async () => {
  const directory = await temporaryDirectory();
  const ring = await openKeyRing({ directory, now: () => new Date(), warn: expect.unreachable });
  ring.close();
  const clock = { ms: Date.UTC(2026, 10, 24) };
  const tokens = createAccessTokens({ ring, accessTokenSeconds: lifetimeSeconds, nowMs: () => clock.ms });
  const forge = (): Forge => ({ key: ring.signing(), session, nowSeconds: Math.floor(clock.ms / 1_000) });
  return { ...tokens, ring, clock, forge, directory };
};

describe('An access token', () => {
  test.each([session, { ...session, tid: null }])(
    'is accepted and returns the claims that it was signed with',
    async (of) => {
      const { signAccessToken, verifyAccessToken, forge } = await startTokens();
      const { token, claims } = signAccessToken(of);
      expect(claims).toMatchObject({ ...of, iat: forge().nowSeconds, exp: forge().nowSeconds + lifetimeSeconds });
      expect(await verifyAccessToken(token)).toEqual(claims);
      expect(await verifyAccessToken(token)).toEqual(claims);
      expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toEqual({
        alg: 'ES256',
        typ: 'at+jwt',
        kid: forge().key.kid,
      });
    },
  );

  test('is expired five seconds after its end, also when it was used before', async () => {
    const { signAccessToken, verifyAccessToken, clock } = await startTokens();
    const { token, claims } = signAccessToken(session);
    expect(await verifyAccessToken(token)).toEqual(claims);
    clock.ms += (lifetimeSeconds + 5) * 1_000 - 1;
    expect(await verifyAccessToken(token)).toEqual(claims);
    clock.ms += 1;
    expect(await verifyAccessToken(token)).toBe('expired');
    expect(await verifyAccessToken(token)).toBe('expired');
  });

  test('lives no longer than the configured time, also when it was signed for longer', async () => {
    const { verifyAccessToken, forge, clock, ring } = await startTokens();
    const token = goodToken(forge());
    clock.ms += 65_000;
    expect(await verifyAccessToken(token)).toMatchObject(session);
    const shorter = createAccessTokens({ ring, accessTokenSeconds: 60, nowMs: () => clock.ms });
    expect(await shorter.verifyAccessToken(token)).toBe('expired');
  });

  test('is refused before the time it was issued, also after use on a clock that was then set back', async () => {
    const { signAccessToken, verifyAccessToken, clock } = await startTokens();
    const { token } = signAccessToken(session);
    expect(await verifyAccessToken(token)).toMatchObject(session);
    clock.ms -= 5_000;
    expect(await verifyAccessToken(token)).toMatchObject(session);
    clock.ms -= 1_000;
    expect(await verifyAccessToken(token)).toBeNull();
  });

  test('of the test vectors is accepted without a fault, so each vector is refused for the fault that it is named after', async () => {
    const { verifyAccessToken, forge } = await startTokens();
    expect(await verifyAccessToken(goodToken(forge()))).toMatchObject(session);
    expect(await verifyAccessToken(endedToken(forge()))).toBe('expired');
  });

  test('with any fault is refused, and is not reported as expired', async () => {
    const { verifyAccessToken, forge } = await startTokens();
    expect(tokenVectors.length).toBeGreaterThan(110);
    expect(new Set(tokenVectors.map(([name]) => name)).size).toBe(tokenVectors.length);
    for (const [name, make] of tokenVectors) {
      const token = make(forge());
      expect(await verifyAccessToken(token), name).toBeNull();
      expect(await verifyAccessToken(token), `${name}, again`).toBeNull();
    }
  });

  test('with one flipped bit is refused', async () => {
    const { verifyAccessToken, forge } = await startTokens();
    const token = goodToken(forge());
    for (let at = 0; at < token.length; at += 1) {
      const other = String.fromCharCode(token.charCodeAt(at) ^ (1 << (at % 7)));
      expect(await verifyAccessToken(token.slice(0, at) + other + token.slice(at + 1)), `${at}`).toBeNull();
    }
  });

  test('is refused as soon as its key is removed', async () => {
    const { signAccessToken, clock, directory } = await startTokens();
    const { token } = signAccessToken(session);
    const { keys } = await readKeyFiles(directory);
    const left = new Map(keys.map((key) => [key.kid, key.publicKey]));
    const ring = {
      signing: () => expect.unreachable(),
      find: async (kid: string) => left.get(kid) ?? null,
      has: (kid: string) => left.has(kid),
    };
    const tokens = createAccessTokens({ ring, accessTokenSeconds: lifetimeSeconds, nowMs: () => clock.ms });
    expect(await tokens.verifyAccessToken(token)).toMatchObject(session);
    left.clear();
    expect(await tokens.verifyAccessToken(token)).toBeNull();
  });
});
