import type { ClientBase } from 'pg';

/** How many tokens of users need a secret. */
export type TokenCounts = { readonly refreshTokens: number; readonly deviceTokens: number };

/** Returns the hashes of API keys under this secret. A null reference: the hash of the creation. As ledger_owner. */
export const readApiKeysOfSecret = async (
  db: ClientBase,
  id: string,
): Promise<readonly { readonly apiKeyId: string; readonly secretRef: string | null }[]> => {
  const { rows } = await db.query<{ apiKeyId: string; secretRef: string | null }>(
    'select api_key_id as "apiKeyId", secret_ref as "secretRef" from identity.api_keys_of_secret($1)',
    [id],
  );
  return rows;
};

/** Counts the tokens that work and were created in a period. As ledger_owner. */
export const readTokensCreatedBetween = async (
  db: ClientBase,
  { from, until }: { readonly from: Date; readonly until: Date },
): Promise<TokenCounts> => {
  const { rows } = await db.query<{ refresh: string; device: string }>(
    'select refresh_tokens as refresh, device_tokens as device from identity.tokens_created_between($1, $2)',
    [from, until],
  );
  return { refreshTokens: Number(rows[0]?.refresh ?? 0), deviceTokens: Number(rows[0]?.device ?? 0) };
};
