import type { Pool, PoolClient } from 'pg';
import { encodeId } from '../domain/ids.ts';
import type { CommandResult } from '../eventstore/executor/waiting.ts';
import { partId } from '../eventstore/uuids.ts';
import { removeStoredApiKey, removeStoredSecret } from '../identity/stored-api-keys.ts';
import { asTenant } from '../postgres/tenant.ts';
import { type PersonalValue, removeValue, storeValues, takeBackValues } from '../records/vault.ts';
import type { ReferencePlace } from '../records/vault-references.ts';
import type { Attempt } from './idempotent-attempt.ts';
import type { Refusal } from './refusal.ts';

/** Returns the reference of a personal value of a request, for its events. No other request has the same reference. */
export const referenceOf = (attempt: Attempt, kind: string): string => encodeId('ref', partId(attempt, kind));

type Sent = Pick<CommandResult, 'outcome' | 'events'> | Refusal;

/**
 * Sends a command that refers to personal values of an issuer. They are in the vault before the event that refers to
 * them. Values without such an event are removed. That happens immediately when no other attempt at the request can
 * store the event. Otherwise the worker removes them: it reads the stream when no attempt can be in flight.
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
  // Only new values are removed, because an older event may refer to the others.
  const unused = added.filter(({ ref }) => !isStored(sent, ref));
  if (unused.length > 0) await attempt.whenOnly(issuerOrgId, (db) => takeBackValues(db, unused));
  return sent;
};

// An append may record less than the request says, or only what had fallen due before.
const isStored = (sent: Sent, ref: string): boolean => {
  if (!('outcome' in sent) || sent.outcome === 'unchanged') return false;
  if (sent.outcome === 'repeated') return true;
  return sent.events.some(({ data, metadata }) => JSON.stringify([data, metadata]).includes(`"${ref}"`));
};

/** Removes the personal value, API key or secret of a reference, as its issuer. */
export const removeWritten = async (db: PoolClient, ref: string): Promise<void> => {
  if (ref.startsWith('key_')) await removeStoredApiKey(db, ref);
  else {
    await removeValue(db, ref);
    await removeStoredSecret(db, ref);
  }
};
