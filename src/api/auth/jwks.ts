import { z } from 'zod';
import { none, publicRoute, type Route } from '../route.ts';
import type { AuthNeeds } from './auth-needs.ts';

const jwk = z
  .strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    kid: z.string(),
    alg: z.literal('ES256'),
    use: z.literal('sig'),
  })
  .meta({ id: 'PublicKey' });

/** GET /.well-known/jwks.json: returns the keys that anybody can check access tokens with. */
export const jwks = ({ accounts }: AuthNeeds): Route =>
  publicRoute({
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'jwks',
    summary: 'Get the public keys of access tokens',
    tag: 'Authentication',
    effect: 'none',
    request: z.object({ params: none, query: none }),
    replies: {
      200: {
        description: 'A JSON Web Key Set. It has two keys during a rotation.',
        body: z.strictObject({ keys: z.array(jwk) }),
      },
    },
    rejections: [],
    // A new key signs immediately. A client that meets an unknown kid must ask again.
    handle: async () => ({ status: 200, body: accounts.jwks(), headers: { 'Cache-Control': 'public, max-age=300' } }),
  });
