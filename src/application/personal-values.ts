import type { Pool, PoolClient } from 'pg';
import { encodeId } from '../domain/ids.ts';
import type { Happened } from '../eventstore/executor/waiting.ts';
import { partId } from '../eventstore/ids.ts';
import { removeStoredApiKey } from '../identity/stored-api-keys.ts';
import { asTenant } from '../postgres/tenant.ts';
import { type PersonalValue, removeValue, storeValues, takeBackValues } from '../records/vault.ts';
import type { ReferencePlace } from '../records/vault-references.ts';
import type { Attempt } from './attempt.ts';
import type { Refusal } from './refusal.ts';

/** Returns the reference by which the events of a request name a personal value of it; no other request has it. */
export const referenceOf = (attempt: Attempt, kind: string): string => encodeId('ref', partId(attempt, kind));

type Sent = Pick<Happened, 'outcome'> | Refusal;

/**
 * Sends a command that refers to personal values of an issuer. They are in the vault before the event that refers to
 * them. Without such an event they are taken back: at once where no other attempt at the request can store it, and else
 * by the worker, which reads the stream once no attempt can be under way.
 */
export const withPersonalValues = async <Answer extends Sent>(
  pool: Pool,
  attempt: Attempt,
  { issuerOrgId, stream, values }: ReferencePlace & { readonly values: readonly PersonalValue[] },
  send: () => Promise<Answer>,
): Promise<Answer> => {
  if (values.length === 0) return send();
  const added = await asTenant(pool, issuerOrgId, (db) => storeValues(db, stream, values), { readOnly: false });
  const sent = await send();
  const isStored = 'outcome' in sent && sent.outcome !== 'unchanged';
  // Only what was not there before: an event of long ago may refer to the rest.
  if (!isStored && added.length > 0) await attempt.whenOnly(issuerOrgId, (db) => takeBackValues(db, added));
  return sent;
};

/** Removes the personal value or the API key that the reference names. As its issuer. */
export const removeWritten = async (db: PoolClient, ref: string): Promise<void> => {
  if (ref.startsWith('key_')) await removeStoredApiKey(db, ref);
  else await removeValue(db, ref);
};
