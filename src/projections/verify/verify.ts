import type { Pool, PoolClient } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { type Projection, readCheckpoint } from '../checkpoint.ts';
import { streamPrefixes } from '../fold/fold-event.ts';
import { createLogComparison, type LogComparison } from '../issuer-logs/compare-entries.ts';
import { issuersOfStreams } from '../issuer-logs/log-entries.ts';
import { atStart } from '../other-past.ts';
import { countParked, parkedAmong } from '../parked.ts';
import { ownRelease } from '../release.ts';
import { activeAmong, activeProjection, versionsOf } from '../versions.ts';
import { beyondLog } from './beyond-log.ts';
import { type Census, createCensus, portionsOf } from './census.ts';
import { type CheckedStream, type Checking, checkPage, pageMax, type ToCheck } from './check-streams.ts';
import {
  compareCounts,
  createRowCensus,
  createRowComparison,
  type RowCensus,
  type RowComparison,
  streamsWithRows,
} from './compare-rows.ts';
import { type Digest, digestSettings, digestsOf } from './digests.ts';
import { createFindings, type Finding, type Findings, nowhere, type Tell } from './findings.ts';
import { countEvents, streamsInLog } from './streams-in-log.ts';
import { type OutsideCopies, verifyCopies, verifyTrees } from './verify-trees.ts';
import type { Verdict, VerifyProgress } from './verify-verdict.ts';

type Options = {
  readonly store: Pick<EventStore, 'head' | 'read'>;
  /** Yields every event of the streams in log order, up to and including `upTo`. */
  readonly readLog: ReadLog;
  /** As ledger_projector. */
  readonly pool: Pool;
  /** Default: the serving version. */
  readonly projection?: Projection;
  /** Skips the hash chains. */
  readonly readModelsOnly?: boolean;
  /** The greatest number of findings in the verdict. */
  readonly findingsMax?: number;
  /** The checkpoints outside the databases. Default: none. */
  readonly copies?: OutsideCopies;
  /** Called with every finding, as soon as it is certain. */
  readonly onFinding?: (finding: Finding) => void;
  /** Called now and then while the log is read. `position`: up to there, of the log that ends at `head`. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Called at the end with the digests of what was compared. */
  readonly onDigest?: (digest: Digest) => void;
};

type ReadLog = (options: { streamPrefixes: readonly string[]; upTo: Position }) => AsyncIterable<Recorded>;

/**
 * Checks the hash chain of every stream to the end of the log. Compares every row of the read models, in one snapshot,
 * with the fold of the log up to their checkpoint. No row may be missing, additional or different. Goes on after a
 * finding. May run while a projector works. Compares no rows while read models of another release serve.
 *
 * Reads the log once to list its streams, and then each stream by itself, so that memory does not grow with the log.
 */
export const verifyLedger = async ({
  store,
  readLog,
  pool,
  readModelsOnly = false,
  findingsMax = 100,
  onFinding = () => undefined,
  onDigest,
  onProgress = () => undefined,
  copies = new Map(),
  ...options
}: Options): Promise<Verdict> => {
  const before = await activeProjection(pool);
  const isOurs = activeAmong(await versionsOf(pool))?.shape === ownRelease().shape;
  const db = await pool.connect();
  try {
    await db.query(beginSnapshot);
    const projection = options.projection ?? before;
    const { position, lastEvent } = isOurs ? await readCheckpoint(db, projection) : atStart;
    const head = await store.head({ timeoutMs: 10_000 });
    const projectedTo = position === 'start' ? -1n : position.commit;
    const kept: Finding[] = [];
    const findings = createFindings((finding) => {
      if (kept.length < findingsMax) kept.push(finding);
      onFinding(finding);
    });
    const rows = createRowComparison(db, findings.tell);
    const upTo = readModelsOnly && position !== 'start' ? position : head;
    const checking = { store, rows, tell: findings.tell, upTo, projectedTo, withChains: !readModelsOnly };
    const beyond = await beyondLog(store, { projectedTo, head, lastEvent });
    if (beyond !== null) findings.tell('BEYOND_LOG', beyond.place, beyond.what);
    findings.report();
    const { entries, ...counts } = await checkLog({
      ...checking,
      readLog,
      db,
      projection,
      findings,
      withRows: isOurs,
      isBeyondLog: beyond !== null,
      onProgress,
    });
    const withTrees = isOurs && !readModelsOnly;
    if (withTrees && position === 'start') await verifyCopies({ store, findings, copies });
    const trees =
      withTrees && position !== 'start'
        ? await verifyTrees({ db, store, readLog, findings, upTo: position, copies })
        : 0;
    const parked = await countParked(db, projection);
    if (onDigest !== undefined && isOurs) for await (const digest of digestsOf(db)) onDigest(digest);
    const { damaged, repaired } = findings.counts();
    if (damaged > 0) await refuseSwitched(db, before);
    const readModels = isOurs ? 'COMPARED' : 'OTHER_RELEASE';
    return {
      intact: damaged === 0,
      readModels,
      ...counts,
      rows: rows.compared() + entries,
      trees,
      parked,
      damaged,
      repaired,
      findings: kept,
    };
  } finally {
    // Closing the connection ends its transaction and its settings.
    db.release(true);
  }
};

const beginSnapshot = `begin isolation level repeatable read read only; ${digestSettings}`;

// After a switch of versions the names are those of other tables. An older snapshot may see too few rows of them.
const refuseSwitched = async (db: PoolClient, { version }: Projection): Promise<void> => {
  await db.query('rollback');
  if ((await activeProjection(db)).version !== version)
    throw new Error('Another version of the read models serves since a moment ago. Verify again.');
};

type CheckingLog = Omit<Checking, 'upTo'> & {
  readonly readLog: ReadLog;
  /** Null: the log is empty. */
  readonly upTo: Position | null;
  readonly db: PoolClient;
  readonly projection: Projection;
  readonly rows: RowComparison;
  readonly findings: Findings;
  readonly withRows: boolean;
  readonly isBeyondLog: boolean;
  readonly onProgress: (progress: VerifyProgress) => void;
};

type Counts = { readonly events: number; readonly streams: number; readonly notProjected: number };

/** `entries`: how many entries of the logs of issuers were compared. */
type LogCounts = Counts & { readonly entries: number };

const checkLog = async (options: CheckingLog): Promise<LogCounts> => {
  const { upTo, db, withRows, projectedTo } = options;
  const logs = withRows ? createLogComparison(db, projectedTo) : null;
  const census = createCensus();
  const rowCensus = createRowCensus(db);
  const check = createStreamChecks(options, census, rowCensus);
  if (upTo !== null) {
    await checkAllStreams(options, upTo, census, { check: check.first, compare: logs?.add });
    await findMissingEvents(options, upTo, census, check);
  }
  const unevenGroups = withRows ? await rowCensus.unevenGroups() : [];
  for (const groups of portionsOf(unevenGroups, check.counts().streams)) {
    const { checked, reported } = await check.again([...(await streamsWithRows(db, groups))]);
    const unreported = checked.filter(({ stream }) => !reported.has(stream));
    await compareCounts(db, unreported, options.tell);
    options.findings.report();
  }
  return { ...check.counts(), entries: logs === null ? 0 : await finishLogs(options, logs) };
};

/** Reports how the logs of issuers differ. Returns how many entries were compared. */
const finishLogs = async ({ db, tell, findings, isBeyondLog }: CheckingLog, logs: LogComparison): Promise<number> => {
  const { compared, differences } = await logs.finish();
  // The index of an event follows from all earlier events of its issuer. So these rows also differ when one is missing.
  const damagedLogs = await issuersOfStreams(db, findings.damagedStreams());
  for (const { issuer, place, what } of isBeyondLog ? [] : differences)
    if (!damagedLogs.has(issuer)) tell('ROWS_DIFFER', place, what);
  findings.report();
  return compared;
};

type StreamChecks = {
  /** Checks streams for the first time, and counts them. */
  readonly first: (streams: readonly string[]) => Promise<void>;
  /**
   * Checks streams again without reporting anything. `reported`: the streams with a finding, which are reported
   * already.
   */
  readonly again: (streams: readonly string[]) => Promise<{
    readonly checked: readonly CheckedStream[];
    readonly reported: ReadonlySet<string | null>;
  }>;
  readonly counts: () => Counts;
};

const createStreamChecks = (options: CheckingLog, census: Census, rowCensus: RowCensus): StreamChecks => {
  const { upTo, db, projection, findings, rows } = options;
  const checking: Checking = { ...options, upTo: upTo?.commit ?? -1n };
  const counts = { events: 0, streams: 0, notProjected: 0 };
  return {
    counts: () => counts,
    first: async (streams) => {
      const checked = await checkPage(await withParking(db, projection, streams), checking);
      await rows.settle();
      findings.report();
      rowCensus.add(checked);
      for (const { stream, events, notProjected } of checked) {
        census.add(stream, -events);
        counts.events += events;
        counts.notProjected += notProjected;
      }
      counts.streams += streams.length;
    },
    again: async (streams) => {
      const reported = new Set<string | null>();
      const note: Tell = (code, place) => {
        if (code !== 'CHAIN_REPAIRED') reported.add(place.stream);
      };
      const comparison = createRowComparison(db, note);
      const page = await withParking(db, projection, streams);
      const checked = await checkPage(page, { ...checking, rows: comparison, tell: note });
      await comparison.settle();
      return { checked, reported };
    },
  };
};

/** Compares every event with the logs of issuers. Checks, in pages, every stream with its first event in the log. */
const checkAllStreams = async (
  { readLog, onProgress }: CheckingLog,
  upTo: Position,
  census: Census,
  { check, compare }: { readonly check: StreamChecks['first']; readonly compare: LogComparison['add'] | undefined },
): Promise<void> => {
  let page: string[] = [];
  let events = 0;
  for await (const recorded of readLog({ streamPrefixes, upTo })) {
    const { stream, revision, position } = recorded;
    await compare?.(recorded);
    census.add(stream, 1);
    events += 1;
    if (events % progressEvents === 0) onProgress({ events, position: position.commit, head: upTo.commit });
    if (revision === 0n) page.push(stream);
    if (page.length < pageMax) continue;
    await check(page);
    page = [];
  }
  await check(page);
};

const progressEvents = 200;

/** Reports streams that do not have the events that the log has of them. */
const findMissingEvents = async (
  { readLog, store, tell, findings }: CheckingLog,
  upTo: Position,
  census: Census,
  check: StreamChecks,
): Promise<void> => {
  for (const groups of portionsOf(census.unevenGroups(), check.counts().streams))
    for (const { stream, events, hasFirst } of await streamsInLog(readLog({ streamPrefixes, upTo }), groups)) {
      if (!hasFirst) await check.first([stream]);
      const inStream = await countEvents(store, stream, upTo);
      if (inStream === events || (await check.again([stream])).reported.has(stream)) continue;
      const what = `the log has ${events} events of the stream, and the stream itself has ${inStream}`;
      tell('EVENT_MISSING', { ...nowhere, stream }, what);
      findings.report();
    }
};

const withParking = async (
  db: PoolClient,
  projection: Projection,
  streams: readonly string[],
): Promise<readonly ToCheck[]> => {
  const parked = await parkedAmong(db, projection, streams);
  return streams.map((stream) => ({ stream, parkedFrom: parked.get(stream) ?? null }));
};
