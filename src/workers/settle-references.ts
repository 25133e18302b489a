import type { Pool, PoolClient } from 'pg';
import type { EventStore, Recorded } from '../eventstore/event-store.ts';
import { asTenant } from '../postgres/tenant.ts';
import { type OpenReference, openReferences, settleReference } from '../records/vault-references.ts';

type Needs = {
  /** As ledger_worker. */
  readonly pool: Pool;
  /** As ledger_api: values are removed as their own issuer. */
  readonly apiPool: Pool;
  readonly store: Pick<EventStore, 'readBackwards'>;
  /** Removes what was written under a reference. As its issuer. */
  readonly remove: (db: PoolClient, ref: string) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown, reference: OpenReference) => void;
};

const pageMax = 500;
const eventsMax = 1_000;

/**
 * Settles what was written for an event more than 25 hours ago: forgets the claim where a stored event holds the
 * reference, and removes the personal value or API key where none does. The stream itself decides. Returns how many
 * were removed.
 */
export const settleReferences = async (needs: Needs): Promise<number> => {
  const { pool, store, signal, onError } = needs;
  let removed = 0;
  let after: OpenReference | null = null;
  while (!signal.aborted) {
    const page: readonly OpenReference[] = await openReferences(pool, { limit: pageMax, after });
    for (const [stream, open] of byStream(page)) {
      if (signal.aborted) return removed;
      try {
        const held = await heldOf(store, stream, open);
        for (const reference of open) removed += await settle(needs, reference, held.has(reference.ref));
      } catch (error) {
        for (const reference of open) onError(error, reference);
      }
    }
    after = page.at(-1) ?? null;
    if (page.length < pageMax) break;
  }
  return removed;
};

const byStream = (page: readonly OpenReference[]): ReadonlyMap<string, readonly OpenReference[]> => {
  const streams = new Map<string, OpenReference[]>();
  for (const reference of page) streams.set(reference.stream, [...(streams.get(reference.stream) ?? []), reference]);
  return streams;
};

/**
 * Returns those of the references that an event holds. A claim may be younger than its event, so the whole stream
 * counts.
 */
const heldOf = async (
  store: Needs['store'],
  stream: string,
  open: readonly OpenReference[],
): Promise<ReadonlySet<string>> => {
  const held = new Set<string>();
  let from: bigint | 'end' = 'end';
  for (;;) {
    const events: readonly Recorded[] = await store.readBackwards(stream, from, eventsMax);
    for (const { data, metadata } of events) {
      const text = JSON.stringify([data, metadata]);
      for (const { ref } of open) if (text.includes(`"${ref}"`)) held.add(ref);
    }
    const last = events.at(-1);
    if (held.size === open.length || last === undefined || last.revision === 0n) return held;
    from = last.revision - 1n;
  }
};

const settle = ({ apiPool, remove }: Needs, reference: OpenReference, isHeld: boolean): Promise<number> =>
  asTenant(
    apiPool,
    reference.issuerOrgId,
    async (db) => {
      // Somebody claims it again at this moment, or has erased it.
      if (!(await settleReference(db, reference)) || isHeld) return 0;
      await remove(db, reference.ref);
      return 1;
    },
    { readOnly: false },
  );
