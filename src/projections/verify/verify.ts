import type { Pool, PoolClient } from 'pg';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { readPages } from '../../eventstore/read-pages.ts';
import { type Projection, readCheckpoint } from '../checkpoint.ts';
import { streamPrefixes } from '../fold/fold-event.ts';
import { countParked, parkedAmong } from '../parked.ts';
import { ownRelease } from '../release.ts';
import { activeAmong, activeProjection, versionsOf } from '../versions.ts';
import { createCensus, groupOf, portionsOf } from './census.ts';
import { type Checking, checkPage, pageMax, type ToCheck } from './check-streams.ts';
import {
  compareCounts,
  createRowCensus,
  createRowComparison,
  type RowComparison,
  streamsWithRows,
} from './compare-rows.ts';
import { type Digest, digestSettings, digestsOf } from './digests.ts';
import { createFindings, type Finding, type Findings, nowhere, type Tell } from './findings.ts';

type Options = {
  readonly store: Pick<EventStore, 'head' | 'read'>;
  /** Every event of those streams in log order, up to and including `upTo`. */
  readonly readLog: ReadLog;
  /** As ledger_projector. */
  readonly pool: Pool;
  /** Default: the version that serves. */
  readonly projection?: Projection;
  /** Leaves the hash chains out. */
  readonly readModelsOnly?: boolean;
  /** How many findings the verdict holds. */
  readonly findingsMax?: number;
  /** Told every finding, as soon as it is certain. */
  readonly onFinding?: (finding: Finding) => void;
  /** Told the digests of what was compared, at the end. */
  readonly onDigest?: (digest: Digest) => void;
};

type ReadLog = (options: { streamPrefixes: readonly string[]; upTo: Position }) => AsyncIterable<Recorded>;

/**
 * What a ledger turned out to be. `intact`: nothing is damaged; repaired chains are no damage. `readModels`: whether
 * rows were compared; those of another release have other tables. `events` and `streams`: that were checked. `rows`:
 * that were compared. `notProjected`: events beyond the checkpoint. `parked`: streams that were folded up to the event
 * that does not fit. `damaged` and `repaired`: how many findings of each kind there are; `findings`: the first of them.
 */
export type Verdict = {
  readonly intact: boolean;
  readonly readModels: 'COMPARED' | 'OTHER_RELEASE';
  readonly events: number;
  readonly streams: number;
  readonly rows: number;
  readonly notProjected: number;
  readonly parked: number;
  readonly damaged: number;
  readonly repaired: number;
  readonly findings: readonly Finding[];
};

/**
 * Checks the hash chain of every stream to the end of the log, and every row of the read models against the fold of the
 * log up to their checkpoint, in one snapshot: nothing missing, nothing more, nothing different. Goes on after a
 * finding. May run beside a working projector. Compares no rows while read models of another release serve.
 *
 * Reads the log once to learn its streams, and each stream by itself, so that memory does not grow with the log.
 */
export const verifyLedger = async ({
  store,
  readLog,
  pool,
  readModelsOnly = false,
  findingsMax = 100,
  onFinding = () => undefined,
  onDigest,
  ...options
}: Options): Promise<Verdict> => {
  const before = await activeProjection(pool);
  const isOurs = activeAmong(await versionsOf(pool))?.shape === ownRelease().shape;
  const db = await pool.connect();
  try {
    await db.query(beginSnapshot);
    const projection = options.projection ?? before;
    const { position } = isOurs ? await readCheckpoint(db, projection) : ({ position: 'start' } as const);
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
    const counts = await checkLog({ ...checking, readLog, db, projection, findings, withRows: isOurs });
    if (projectedTo > (head?.commit ?? -1n)) {
      const end = head?.commit ?? 'which is empty';
      findings.tell('BEYOND_LOG', nowhere, `the read models are at ${projectedTo}, beyond the end of the log, ${end}`);
      findings.report();
    }
    const parked = await countParked(db, projection);
    if (onDigest !== undefined && isOurs) for await (const digest of digestsOf(db)) onDigest(digest);
    const { damaged, repaired } = findings.counts();
    if (damaged > 0) await refuseSwitched(db, before);
    const readModels = isOurs ? 'COMPARED' : 'OTHER_RELEASE';
    return {
      intact: damaged === 0,
      readModels,
      ...counts,
      rows: rows.compared(),
      parked,
      damaged,
      repaired,
      findings: kept,
    };
  } finally {
    // Closed, not reused: its transaction and its settings end with it.
    db.release(true);
  }
};

const beginSnapshot = `begin isolation level repeatable read read only; ${digestSettings}`;

// The names of tables mean those of another version from then on, of which an older snapshot sees too little.
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
};

const checkLog = async ({ readLog, upTo, db, projection, findings, withRows, ...rest }: CheckingLog) => {
  const counts = { events: 0, streams: 0, notProjected: 0 };
  const [census, rowCensus] = [createCensus(), createRowCensus(db)];
  const checking = { ...rest, upTo: upTo?.commit ?? -1n };
  const { store, rows, tell } = rest;

  const check = async (streams: readonly string[]): Promise<void> => {
    const page = await withParking(db, projection, streams);
    const checked = await checkPage(page, checking);
    await rows.settle();
    findings.report();
    rowCensus.add(checked);
    for (const { stream, events, notProjected } of checked) {
      census.add(stream, -events);
      counts.events += events;
      counts.notProjected += notProjected;
    }
    counts.streams += streams.length;
  };

  // What is reported of a stream already must not be counted a second time: `known` are those streams.
  const checkAgain = async (streams: readonly string[]) => {
    const known = new Set<string | null>();
    const note: Tell = (code, place) => {
      if (code !== 'CHAIN_REPAIRED') known.add(place.stream);
    };
    const again = createRowComparison(db, note);
    const page = await withParking(db, projection, streams);
    const checked = await checkPage(page, { ...checking, rows: again, tell: note });
    await again.settle();
    return { checked, known };
  };

  if (upTo !== null) {
    const log = () => readLog({ streamPrefixes, upTo });
    let page: string[] = [];
    for await (const { stream, revision } of log()) {
      census.add(stream, 1);
      if (revision === 0n) page.push(stream);
      if (page.length < pageMax) continue;
      await check(page);
      page = [];
    }
    await check(page);
    for (const groups of portionsOf(census.unevenGroups(), counts.streams))
      for (const { stream, events, hasFirst } of await streamsInLog(log(), groups)) {
        if (!hasFirst) await check([stream]);
        const inStream = await countEvents(store, stream, upTo);
        if (inStream === events || (await checkAgain([stream])).known.has(stream)) continue;
        const what = `the log has ${events} events of the stream, and the stream itself has ${inStream}`;
        tell('EVENT_MISSING', { ...nowhere, stream }, what);
        findings.report();
      }
  }
  for (const groups of portionsOf(withRows ? await rowCensus.unevenGroups() : [], counts.streams)) {
    const { checked, known } = await checkAgain([...(await streamsWithRows(db, groups))]);
    const unreported = checked.filter(({ stream }) => !known.has(stream));
    await compareCounts(db, unreported, tell);
    findings.report();
  }
  return counts;
};

const withParking = async (
  db: PoolClient,
  projection: Projection,
  streams: readonly string[],
): Promise<readonly ToCheck[]> => {
  const parked = await parkedAmong(db, projection, streams);
  return streams.map((stream) => ({ stream, parkedFrom: parked.get(stream) ?? null }));
};

/** Events of one stream in the log. `hasFirst`: the one of revision 0 is among them, by which the stream was known. */
type InLog = { readonly stream: string; events: number; hasFirst: boolean };

const streamsInLog = async (
  log: AsyncIterable<Recorded>,
  groups: ReadonlySet<number>,
): Promise<Iterable<Readonly<InLog>>> => {
  const streams = new Map<string, InLog>();
  for await (const { stream, revision } of log) {
    if (!groups.has(groupOf(stream))) continue;
    const known = streams.get(stream) ?? { stream, events: 0, hasFirst: false };
    streams.set(stream, known);
    known.events += 1;
    if (revision === 0n) known.hasFirst = true;
  }
  return streams.values();
};

const countEvents = async (store: Pick<EventStore, 'read'>, stream: string, upTo: Position): Promise<number> => {
  let events = 0;
  for await (const page of readPages(store, stream))
    events += page.filter(({ position }) => position.commit <= upTo.commit).length;
  return events;
};
