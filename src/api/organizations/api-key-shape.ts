import { z } from 'zod';
import { scopes } from '../../domain/organization/events.ts';
import type { ApiKeyView } from '../../projections/tables/api-keys.ts';
import { idOf, instantOut } from '../schemas.ts';

/** Who created an API key or invited somebody. */
export const creator = z.string().nullable().meta({
  description: 'The user or API key that did this. Null means the program or its operator.',
  example: 'usr_01h455vb4pex5vsknk084sn02q',
});

export const apiKeyId = idOf('key', 'key_01h455vb4pex5vsknk084sn02q');

/** An API key as the API shows it, without the secret. It works until `expiresAt` or `revokedAt`. */
export const apiKeyShape = z
  .strictObject({
    id: apiKeyId,
    name: z.string().meta({ example: 'build server' }),
    scopes: z.array(z.enum(scopes)),
    products: z.array(z.string()).nullable().meta({
      description: 'The codes of the only products that the key reaches. Null when it reaches all.',
      example: null,
    }),
    hint: z.string().meta({ description: 'The beginning of the secret.', example: 'lgr_live_4fT9xQ2b' }),
    previousHint: z.string().nullable().meta({
      description: 'The beginning of the secret before the last rotation. Null when the key was never rotated.',
    }),
    overlapUntil: instantOut.nullable().meta({
      description: 'The secret before the last rotation works until then. Null when no earlier secret works.',
    }),
    createdAt: instantOut,
    createdBy: creator,
    expiresAt: instantOut.nullable(),
    revokedAt: instantOut.nullable(),
    lastUsedAt: instantOut
      .nullable()
      .meta({ description: 'When the key was last used, to the minute. Null means never.' }),
  })
  .meta({ id: 'ApiKey' });

/** Returns an API key as the API shows it. */
export const apiKeyBody = (key: ApiKeyView): z.output<typeof apiKeyShape> => {
  const { apiKeyId: id, name, scopes: granted, hint, createdAt, createdBy, expiresAt, revokedAt, lastUsedAt } = key;
  const products = key.products === null ? null : [...key.products];
  const rotation = { previousHint: key.previousHint, overlapUntil: key.overlapUntil };
  return {
    id,
    name,
    scopes: [...granted],
    products,
    hint,
    ...rotation,
    createdAt,
    createdBy,
    expiresAt,
    revokedAt,
    lastUsedAt,
  };
};
