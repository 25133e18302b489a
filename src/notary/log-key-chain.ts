import type { Pool } from 'pg';
import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import type { EventStore, Recorded } from '../eventstore/event-store.ts';
import { readPages } from '../eventstore/read-pages.ts';
import { InvalidProof, mustBe } from '../proof/invalid.ts';
import { parseRotation } from '../proof/notes/key-rotations.ts';
import { parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { textSignedBy } from '../signing/log-notes.ts';

/**
 * Returns the public keys (vkey) of a log under an origin, the oldest one first: each one but the first is signed by the
 * one before it. The events are the truth. The rows of the keys only say at which revisions they are, so that a long
 * stream is read at a few places. Throws InvalidProof for a rotation that the older key did not sign.
 */
export const logKeyChain = async (
  pool: Pool,
  store: Pick<EventStore, 'read'>,
  { organizationId, origin }: { readonly organizationId: string; readonly origin: string },
): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const { type, data } of keyEvents(pool, store, organizationId)) {
    const vkey = String(data.vkey);
    if (parseVerifierKey(vkey).name !== origin) continue;
    const older = keys.at(-1);
    if (type === 'LogKeyRotated') {
      if (older === undefined) throw new InvalidProof(`The first key of ${origin} is missing.`);
      const rotation = parseRotation(textSignedBy(String(data.note), older));
      mustBe(rotation.origin === origin && rotation.vkey === vkey, `The key before ${vkey} signed another one.`);
    }
    keys.push(vkey);
  }
  return keys;
};

/** Yields the events that begin the use of a key: those that have a row, and those after the last row of any kind. */
async function* keyEvents(
  pool: Pool,
  store: Pick<EventStore, 'read'>,
  organizationId: string,
): AsyncGenerator<Recorded> {
  const stream = issuerLogAggregate.stream(organizationId);
  const { rows } = await pool.query<{ revision: string }>(
    'select revision from ops.log_keys where issuer_org_id = $1 order by revision',
    [organizationId],
  );
  for (const { revision } of rows)
    yield* (await store.read(stream, BigInt(revision), 1)).events.filter(({ type }) => keyTypes.has(type));
  const { rows: ends } = await pool.query<{ next: string }>(
    `select 1 + greatest(
      (select coalesce(max(revision), -1) from ops.log_checkpoints where issuer_org_id = $1),
      (select coalesce(max(revision), -1) from ops.log_keys where issuer_org_id = $1)) as next`,
    [organizationId],
  );
  for await (const page of readPages(store, stream, BigInt(ends[0]?.next ?? 0)))
    yield* page.filter(({ type }) => keyTypes.has(type));
}

const keyTypes: ReadonlySet<string> = new Set(['LogStarted', 'LogKeyRotated', 'LogRestarted']);
