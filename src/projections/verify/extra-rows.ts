import type { PoolClient } from 'pg';
import type { EventStore, Position } from '../../eventstore/event-store.ts';
import { rowOwners } from '../tables/rows.ts';
import type { ReadModel } from '../tables/tables.ts';
import { ownerColumn } from './compare-rows.ts';

type Needs = {
  readonly db: PoolClient;
  readonly store: Pick<EventStore, 'read'>;
  readonly model: ReadModel;
  /** The end of the log; null: the log is empty. */
  readonly upTo: Position | null;
};

/**
 * Reads a whole table and returns, page by page, the keys of the rows whose stream the log does not have, or has with
 * another issuer. Rows of other streams are counted with their stream.
 */
export async function* findExtraRows({ db, store, model, upTo }: Needs): AsyncGenerator<readonly string[]> {
  const { stream: kind, table } = model;
  for await (const page of rowOwners(db, table, ownerColumn(model))) {
    const issuers = new Map<string, unknown>();
    const owners = new Set(page.map(({ owner }) => owner)).values();
    const lane = async () => {
      for (const owner of owners) issuers.set(owner, await issuerOf(store, `${kind}-${owner}`, upTo));
    };
    await Promise.all(Array.from({ length: lanesMax }, lane));
    const extra = page.filter(({ owner, issuer }) => issuers.get(owner) !== issuer);
    if (extra.length > 0) yield extra.map(({ key }) => key);
  }
}

const lanesMax = 16;

/** The issuer that a stream's first event names; null: the log has no such stream. */
const issuerOf = async (store: Pick<EventStore, 'read'>, stream: string, upTo: Position | null): Promise<unknown> => {
  const [first] = (await store.read(stream, 0n, 1)).events;
  return first === undefined || upTo === null || first.position.commit > upTo.commit
    ? null
    : (first.metadata.issuerOrgId ?? null);
};
