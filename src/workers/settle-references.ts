import type { Pool, PoolClient } from 'pg';
import { groupBy } from '../domain/group-by.ts';
import type { EventStore, Recorded } from '../eventstore/event-store.ts';
import { asTenant } from '../postgres/tenant.ts';
import { type OpenReference, openReferences, settleReference } from '../records/vault-references.ts';

type Needs = {
  /** A pool with the role ledger_worker. */
  readonly pool: Pool;
  /** A pool with the role ledger_api, which removes values as their issuer. */
  readonly apiPool: Pool;
  readonly store: Pick<EventStore, 'readBackwards'>;
  /** Removes the value of a reference, as its issuer. */
  readonly remove: (db: PoolClient, ref: string) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown, reference: OpenReference) => void;
};

const pageMax = 500;
const eventsMax = 1_000;

/**
 * Settles references that were written for an event more than 25 hours ago. Forgets the claim when a stored event has
 * the reference, and else removes the personal value or API key. Also removes metadata of a device that a later event
 * has replaced. The stream decides. Returns the number of removed values.
 */
export const settleReferences = async (needs: Needs): Promise<number> => {
  const { pool, store, signal, onError } = needs;
  let removed = 0;
  let after: OpenReference | null = null;
  while (!signal.aborted) {
    const page: readonly OpenReference[] = await openReferences(pool, { limit: pageMax, after });
    for (const [stream, open] of groupBy(page, ({ stream }) => stream)) {
      if (signal.aborted) return removed;
      try {
        const stored = await storedReferences(store, stream, open);
        for (const reference of open) removed += await settle(needs, reference, stored.has(reference.ref));
      } catch (error) {
        for (const reference of open) onError(error, reference);
      }
    }
    after = page.at(-1) ?? null;
    if (page.length < pageMax) break;
  }
  return removed;
};

/** Returns the references that an event has. A claim may be younger than its event, so the whole stream is read. */
const storedReferences = async (
  store: Needs['store'],
  stream: string,
  open: readonly OpenReference[],
): Promise<ReadonlySet<string>> => {
  const stored = new Set<string>();
  const withoutReplaced = createWithoutReplaced();
  let from: bigint | 'end' = 'end';
  for (;;) {
    const events: readonly Recorded[] = await store.readBackwards(stream, from, eventsMax);
    for (const event of events) {
      const text = JSON.stringify([withoutReplaced(event), event.metadata]);
      for (const { ref } of open) if (text.includes(`"${ref}"`)) stored.add(ref);
    }
    const last = events.at(-1);
    if (stored.size === open.length || last === undefined || last.revision === 0n) return stored;
    from = last.revision - 1n;
  }
};

/**
 * Returns a function that returns the data of an event without the reference of metadata of a device that a later event
 * has replaced. It gets the events of a stream from the newest one on.
 */
const createWithoutReplaced = (): ((event: Recorded) => object) => {
  const changedLater = new Set<unknown>();
  return ({ type, data }) => {
    if (type !== 'ActivationDetailsChanged' || data.metadataRef === undefined) return data;
    const isReplaced = changedLater.has(data.activationId);
    changedLater.add(data.activationId);
    return isReplaced ? { ...data, metadataRef: null } : data;
  };
};

const settle = ({ apiPool, remove }: Needs, reference: OpenReference, isStored: boolean): Promise<number> =>
  asTenant(
    apiPool,
    reference.issuerOrgId,
    async (db) => {
      // Another request claims the reference at this moment, or has erased its value.
      if (!(await settleReference(db, reference)) || isStored) return 0;
      await remove(db, reference.ref);
      return 1;
    },
    { readOnly: false },
  );
