import type { Pool } from 'pg';
import type { Rejection } from '../domain/decider.ts';
import { encodeId } from '../domain/ids.ts';
import { partId } from '../eventstore/ids.ts';
import type { Happened } from '../eventstore/waiting.ts';
import { type PersonalValue, removeValue, storeValue } from '../projections/tables/vault.ts';
import { asTenant } from '../projections/tenant.ts';
import type { Attempt } from './idempotency.ts';
import type { Problem } from './problems.ts';

/** What the events of a request refer to a personal value of the request by; no other request has it. */
export const referenceOf = (attempt: Attempt, kind: string): string => encodeId('ref', partId(attempt, kind));

type Sent = Pick<Happened, 'outcome'> | Rejection<string> | Problem;

/**
 * Sends a command that refers to personal values of an issuer. They are in the vault before the event that refers to them,
 * and out of it again when there is no such event; what was erased since the event was stored stays so.
 */
export const besideValues = async <Answer extends Sent>(
  pool: Pool,
  issuerOrgId: string,
  values: readonly PersonalValue[],
  send: () => Promise<Answer>,
): Promise<Answer> => {
  if (values.length === 0) return send();
  const added = await eachOf(pool, issuerOrgId, values, storeValue);
  const sent = await send();
  // Only what was not there before: an event of long ago may refer to the rest.
  if (!('outcome' in sent) || sent.outcome !== 'appended')
    await eachOf(pool, issuerOrgId, added, (db, { ref }) => removeValue(db, ref));
  return sent;
};

/** Does the same with each of some values, in one transaction; returns those of which it says true. */
const eachOf = async (
  pool: Pool,
  issuerOrgId: string,
  values: readonly PersonalValue[],
  work: typeof storeValue,
): Promise<readonly PersonalValue[]> => {
  if (values.length === 0) return [];
  return asTenant(
    pool,
    issuerOrgId,
    async (db) => {
      const done: PersonalValue[] = [];
      for (const value of values) if (await work(db, value)) done.push(value);
      return done;
    },
    { readOnly: false },
  );
};
