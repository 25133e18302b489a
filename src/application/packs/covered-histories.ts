import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import type { IndexedEvent } from '../../packs/write-pack.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { indexesOf } from '../../projections/issuer-logs/log-leaves.ts';
import { demandCheckpoint, readServedCheckpoint } from '../../records/issuer-trees.ts';
import { type SignedCheckpoint, signedOf } from '../logs/open-log.ts';

/** A pack cannot be made. The message is a sentence for the one who requested it. */
export class PackImpossible extends Error {
  override readonly name = 'PackImpossible';
}

/** No checkpoint covers the events in time. A later one may. */
export class NotCovered extends PackImpossible {}

/** What reading histories needs. `pool`: with the role ledger_api. */
export type HistoryNeeds = {
  readonly store: Pick<EventStore, 'read' | 'readBackwards'>;
  readonly pool: Pool;
  readonly signal: AbortSignal;
  /** How long to wait for a checkpoint, in milliseconds. */
  readonly waitMs: number;
  /** Is called at least once a second while it waits. */
  readonly onWait: () => Promise<void>;
};

/** A checkpoint that covers some licenses. `last`: for each of them, the revision of its last event that it covers. */
export type Covered = { readonly checkpoint: SignedCheckpoint; readonly last: ReadonlyMap<string, bigint> };

/**
 * Waits for a checkpoint that covers all present events of these licenses. Asks the notary for it. Throws NotCovered when
 * there is none in time, and PackImpossible when a license is not one of the organization.
 */
export const awaitCover = async (
  needs: HistoryNeeds,
  organizationId: string,
  licenses: readonly string[],
): Promise<Covered> => {
  const present = await lastRevisions(needs, organizationId, licenses);
  const until = performance.now() + needs.waitMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
    needs.signal.throwIfAborted();
    const { checkpoint, last } = await readCover(needs.pool, organizationId, licenses);
    const isCovered = licenses.every((id) => (last.get(id) ?? -1n) >= (present.get(id) ?? 0n));
    if (checkpoint !== null && isCovered) return { checkpoint, last };
    if (performance.now() >= until) throw new NotCovered(notCovered(checkpoint));
    await needs.onWait();
    await asTenant(needs.pool, organizationId, (db) => demandCheckpoint(db, organizationId), { readOnly: false });
    await delay(pauseMs, undefined, { signal: needs.signal });
  }
};

/**
 * Returns the events of a license up to its revision `last`, in pages, with their indexes in the log. Throws
 * PackImpossible for an event without an index.
 */
export async function* readHistoryOf(
  { store, pool, signal }: Pick<HistoryNeeds, 'store' | 'pool' | 'signal'>,
  organizationId: string,
  { licenseId, last }: { readonly licenseId: string; readonly last: bigint },
): AsyncGenerator<readonly IndexedEvent[]> {
  const stream = `license-${licenseId}`;
  for (let from = 0n; from <= last; from += BigInt(pageMax)) {
    signal.throwIfAborted();
    const { events } = await store.read(stream, from, pageMax);
    const page = events.filter(({ revision }) => revision <= last);
    const indexes = await asTenant(pool, organizationId, (db) =>
      indexesOf(db, organizationId, { stream, from, count: pageMax }),
    );
    yield page.map((recorded) => ({ recorded, index: indexIn(indexes, recorded) }));
  }
}

const pageMax = 100;

const indexIn = (indexes: ReadonlyMap<bigint, number>, { stream, revision }: Recorded): number => {
  const index = indexes.get(revision);
  if (index === undefined)
    throw new PackImpossible(
      `The log of the organization does not have the event at revision ${revision} of ${stream}. Run ledger verify, which says what is wrong with it.`,
    );
  return index;
};

const lastRevisions = async (
  { store, signal, onWait }: HistoryNeeds,
  organizationId: string,
  licenses: readonly string[],
): Promise<ReadonlyMap<string, bigint>> => {
  const last = new Map<string, bigint>();
  for (const licenseId of licenses) {
    signal.throwIfAborted();
    const [event] = await store.readBackwards(`license-${licenseId}`, 'end', 1);
    if (event === undefined || event.metadata.issuerOrgId !== organizationId)
      throw new PackImpossible(`The organization has not issued the license ${licenseId}.`);
    last.set(licenseId, event.revision);
    if (last.size % 100 === 0) await onWait();
  }
  return last;
};

type ReadCover = { readonly checkpoint: SignedCheckpoint | null; readonly last: ReadonlyMap<string, bigint> };

/**
 * Returns the served checkpoint, and the last event of each license that it covers. It may be later than those that the
 * pack waited for: the leaves go up to the checkpoint, and so must the histories.
 */
const readCover = (pool: Pool, organizationId: string, licenses: readonly string[]): Promise<ReadCover> =>
  asTenant(pool, organizationId, async (db) => {
    const served = await readServedCheckpoint(db, organizationId);
    if (served === null) return { checkpoint: null, last: new Map() };
    const { rows } = await db.query<{ license_id: string; revision: string }>({
      name: 'covered-by-checkpoint',
      text: `select l.license_id, e.revision from unnest($1::text[]) l (license_id)
        cross join lateral (select revision from rm.log_entries where stream = 'license-' || l.license_id
          and issuer_org_id = $2 and log_index < $3 order by revision desc limit 1) e`,
      values: [licenses, organizationId, served.size],
    });
    return {
      checkpoint: signedOf(served),
      last: new Map(rows.map(({ license_id, revision }) => [license_id, BigInt(revision)])),
    };
  });

const notCovered = (checkpoint: SignedCheckpoint | null): string =>
  `${checkpoint === null ? 'No checkpoint of the log is signed' : `The last checkpoint, of ${checkpoint.size} events, does not cover all events of these licenses`}, and the notary signed no other one in time. Start a process with the role notary, and request the pack again.`;
