import type { PoolClient } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { checkCopiesOnly, checkIssuerTree, checkpointPrefix, type OutsideCopy } from '../issuer-logs/check-trees.ts';
import type { Findings } from './findings.ts';

/** The checkpoints outside the databases, by the id of the issuer. */
export type OutsideCopies = ReadonlyMap<string, readonly OutsideCopy[]>;

type Needs = {
  readonly db: PoolClient;
  readonly store: Pick<EventStore, 'read'>;
  readonly readLog: (options: { streamPrefixes: readonly string[]; upTo: Position }) => AsyncIterable<Recorded>;
  readonly findings: Findings;
  /** The position of the snapshot. */
  readonly upTo: Position;
  readonly copies: OutsideCopies;
};

/**
 * Checks the tree of every issuer, one after another: those with entries, tiles, checkpoints or an outside copy. Returns
 * how many there are. Remembers the id of each issuer.
 */
export const verifyTrees = async ({ db, store, readLog, findings, upTo, copies }: Needs): Promise<number> => {
  const issuers = new Set([...(await issuersInTables(db)), ...copies.keys()]);
  for await (const { stream } of readLog({ streamPrefixes: [checkpointPrefix], upTo }))
    issuers.add(stream.slice(checkpointPrefix.length));
  for (const issuer of [...issuers].toSorted()) {
    const needs = { db, store, upTo: upTo.commit, copies: copies.get(issuer) ?? [] };
    for (const { code, place, what } of await checkIssuerTree(issuer, needs)) findings.tell(code, place, what);
    findings.report();
  }
  return issuers.size;
};

/** Checks the outside copies while nothing is projected, so that there is no tree to compare. */
export const verifyCopies = async ({ store, findings, copies }: Pick<Needs, 'store' | 'findings' | 'copies'>) => {
  for (const [issuer, ofIssuer] of copies)
    for (const { code, place, what } of await checkCopiesOnly(issuer, { store, copies: ofIssuer }))
      findings.tell(code, place, what);
  findings.report();
};

// One step along the index for each issuer, however many entries it has.
const issuersInTables = async (db: PoolClient): Promise<readonly string[]> => {
  const { rows } = await db.query<{ issuer: string }>(
    `with recursive issuers (issuer) as (
       (select issuer_org_id from log_entries order by issuer_org_id limit 1)
       union all
       select (select e.issuer_org_id from log_entries e where e.issuer_org_id > issuers.issuer order by e.issuer_org_id limit 1)
       from issuers where issuers.issuer is not null)
     select issuer from issuers where issuer is not null union select issuer_org_id from ops.log_trees
       union select issuer_org_id from ops.log_keys`,
  );
  return rows.map(({ issuer }) => issuer);
};
