import type { PoolClient } from 'pg';
import { type ChainFault, type ChainReport, createChainCheck } from '../../eventstore/chain/chain-check.ts';
import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import { readPages } from '../../eventstore/read-pages.ts';
import { lacksEntry } from '../issuer-logs/log-entry.ts';
import { type CountedStream, compareCounts, createRowComparison, type RowComparison } from './compare-rows.ts';
import { createFindings, type FindingCode, nowhere, type Tell } from './findings.ts';
import { createStreamFold } from './fold-stream.ts';

/** What is wrong with the rows of a stream. */
export type Difference = { readonly stream: string; readonly what: string };

type Needs = {
  readonly store: Pick<EventStore, 'read'>;
  /** As ledger_projector, in a snapshot or where nobody writes. */
  readonly db: PoolClient;
  /** The commit position that the tables are at. */
  readonly upTo: bigint;
};

/**
 * Folds each stream from its first event and compares its rows in every table. No row may be missing, additional or
 * different. Returns the first difference of each stream.
 */
export const checkStreams = async (
  streams: readonly string[],
  { store, db, upTo }: Needs,
): Promise<readonly Difference[]> => {
  const differences: Difference[] = [];
  const { tell, report } = createFindings(({ stream, what }) => {
    if (stream !== null) differences.push({ stream, what });
  });
  const rows = createRowComparison(db, tell);
  const checking = { store, rows, tell, upTo, projectedTo: upTo, withChains: false };
  for (let first = 0; first < streams.length; first += pageMax) {
    const page = streams.slice(first, first + pageMax).map((stream) => ({ stream, parkedFrom: null }));
    const checked = await checkPage(page, checking);
    await rows.settle();
    await compareCounts(db, checked, tell);
    report();
  }
  return differences;
};

/** Returns at most `count` random streams that have rows. */
export const drawStreams = async (db: PoolClient, count: number): Promise<readonly string[]> => {
  const { rows } = await db.query<{ stream: string }>(
    `select stream from (
        select 'license-' || license_id as stream from licenses
        union all select 'organization-' || organization_id from organizations
        union all select 'catalog-' || issuer_org_id from catalogs
      ) known order by random() limit $1`,
    [count],
  );
  return rows.map(({ stream }) => stream);
};

/** A stream to check. `parkedFrom`: the revision from which on its events are not in the tables. */
export type ToCheck = { readonly stream: string; readonly parkedFrom: bigint | null };

/** The counts of a checked stream. */
export type CheckedStream = CountedStream & {
  readonly events: number;
  readonly notProjected: number;
};

export type Checking = {
  readonly store: Pick<EventStore, 'read'>;
  readonly rows: RowComparison;
  readonly tell: Tell;
  /** The commit position up to which streams are read. */
  readonly upTo: bigint;
  /** The commit position that the tables are at. A negative number: the start of the log. */
  readonly projectedTo: bigint;
  readonly withChains: boolean;
};

/** Checks some streams, several at once. The caller then settles `rows`. */
export const checkPage = async (page: readonly ToCheck[], checking: Checking): Promise<readonly CheckedStream[]> => {
  const checked: CheckedStream[] = [];
  const waiting = page.values();
  const checkNext = async () => {
    for (const stream of waiting) checked.push(await checkStream(stream, checking));
  };
  await Promise.all(Array.from({ length: concurrencyMax }, checkNext));
  return checked;
};

/** The number of streams that are checked before their rows are counted together. */
export const pageMax = 500;
const concurrencyMax = 16;

const checkStream = async (
  { stream, parkedFrom }: ToCheck,
  { store, rows, tell, upTo, projectedTo, withChains }: Checking,
): Promise<CheckedStream> => {
  const chain = createChainCheck();
  const fold = createStreamFold(stream, rows, tell);
  const isInTables = ({ position, revision }: Recorded) =>
    position.commit <= projectedTo && (parkedFrom === null || revision < parkedFrom);
  let events = 0;
  let notProjected = 0;
  const unlogged = createUnlogged(stream, tell);
  for await (const page of readPages(store, stream)) {
    const known = page.filter(({ position }) => position.commit <= upTo);
    if (withChains) for (const recorded of known) chain.add(recorded);
    events += known.length;
    for (const recorded of known) unlogged.add(recorded);
    notProjected += known.filter(({ position }) => position.commit > projectedTo).length;
    await fold.add(known.filter(isInTables));
    if (known.length < page.length) break;
  }
  tellOfChain(stream, chain.report(), tell);
  unlogged.report();
  return { stream, counts: await fold.finish(), events, notProjected };
};

/** Counts the events of a stream that have no place in the log of an issuer, and tells of the first one. */
const createUnlogged = (stream: string, tell: Tell) => {
  let first: Recorded | null = null;
  let count = 0;
  return {
    add: (recorded: Recorded): void => {
      if (!lacksEntry(recorded)) return;
      first ??= recorded;
      count += 1;
    },
    report: (): void => {
      if (first === null) return;
      const { revision, position } = first;
      const all = count === 1 ? '' : `; ${count} of its events have none`;
      const what = `the event has no valid envelope, so it has no place in the log of an issuer${all}`;
      tell('NOT_IN_A_LOG', { stream, revision, position: position.commit }, what);
    },
  };
};

/** Tells what the check of a hash chain has found. */
export const tellOfChain = (stream: string, { first, faults, breaks, repaired }: ChainReport, tell: Tell): void => {
  if (repaired.length > 0) {
    const revisions = repaired.map(({ revision }) => revision).join(', ');
    tell('CHAIN_REPAIRED', { ...nowhere, stream }, `an operator has repaired its hash chain at revision ${revisions}`);
  }
  if (first === null) return;
  const { revision, position } = first.recorded;
  const all = faults === 1 ? '' : `; ${faults} of its events are faulty`;
  const repairable = faults === breaks.length ? '; ledger repair-chain can repair it' : '';
  const { code, what } = inWords(first);
  tell(code, { stream, revision, position: position.commit }, `${what}${all}${repairable}`);
};

const inWords = ({
  fault,
  broken,
  expectedRevision,
}: ChainFault): { readonly code: FindingCode; readonly what: string } => {
  if (fault === 'REVISION_MISSING')
    return { code: 'EVENT_MISSING', what: `events are missing before it: revision ${expectedRevision} was expected` };
  if (fault === 'HASH_DIFFERS')
    return { code: 'EVENT_ALTERED', what: 'the event was altered: its hash is not that of its content' };
  const what = 'the event does not continue the hash chain of its stream';
  return { code: broken === null ? 'EVENT_ALTERED' : 'CHAIN_BROKEN', what };
};
