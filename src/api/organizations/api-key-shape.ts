import { z } from 'zod';
import { scopes } from '../../domain/organization/events.ts';
import type { ApiKeyView } from '../../projections/tables/api-keys.ts';
import { idOf, instantOut } from '../schemas.ts';

export const apiKeyId = idOf('key', 'key_01h455vb4pex5vsknk084sn02q');

/** An API key as the API shows it: never the secret. In force while neither of `expiresAt` and `revokedAt` has come. */
export const apiKeyShape = z
  .strictObject({
    id: apiKeyId,
    name: z.string().meta({ example: 'build server' }),
    scopes: z.array(z.enum(scopes)),
    hint: z.string().meta({ description: 'How the key begins.', example: 'lgr_live_4fT9xQ2b' }),
    createdAt: instantOut,
    expiresAt: instantOut.nullable(),
    revokedAt: instantOut.nullable(),
    lastUsedAt: instantOut.nullable().meta({ description: 'To the minute; null: never yet.' }),
  })
  .meta({ id: 'ApiKey' });

/** An API key as answered. */
export const apiKeyBody = (key: ApiKeyView): z.output<typeof apiKeyShape> => {
  const { apiKeyId: id, name, scopes: held, hint, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  return { id, name, scopes: [...held], hint, createdAt, expiresAt, revokedAt, lastUsedAt };
};
