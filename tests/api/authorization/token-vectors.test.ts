import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { endedToken, type Forge, goodToken, tokenVectors } from '../../support/token-vectors.ts';

let ledger: Ledger;
let forge: Forge;
beforeAll(async () => {
  ledger = await shareLedger();
  const { organizationId } = ledger.a;
  const { userId, sessionId } = await ledger.createMember(organizationId, 'OWNER');
  forge = {
    key: ledger.ring.signing(),
    session: { sub: userId, tid: organizationId, sid: sessionId },
    nowSeconds: Math.floor(Date.now() / 1_000),
  };
});
afterAll(() => ledger.stop());

test('A valid token of the same issuer is accepted, and an old one is called expired', async () => {
  const good = await ledger.call('GET', '/v1/licenses', { key: goodToken(forge) });
  expect(good.status).toBe(200);
  const ended = await ledger.call('GET', '/v1/licenses', { key: endedToken(forge) });
  expect(ended).toMatchObject({ status: 401, body: { code: 'TOKEN_EXPIRED' } });
  expect(ended.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
});

const license = { licenseId: 'lic_01h455vb4pex5vsknk084sn02q' };

test.each([
  ['members of an organization', 'GET', '/v1/licenses', undefined],
  ['signed-in users', 'GET', '/v1/auth/me', undefined],
  ['callers who name a license by its id', 'POST', '/v1/licenses/validate', license],
] as const)(
  'A forged token gets the answer for a missing credential at an operation for %s',
  async (_, method, path, body) => {
    for (const [name, make] of tokenVectors) {
      const token = make(forge);
      const answer = await ledger.call(method, path, { key: token, body });
      // What is too long for any header is refused before anybody looks at it.
      const expected = token.length > 16_384 ? { status: 431 } : { status: 401, body: { code: 'UNAUTHENTICATED' } };
      expect(answer, name).toMatchObject(expected);
      expect(answer.text, name).not.toContain(forge.session.sub);
    }
  },
);
