import type { Pool, PoolClient } from 'pg';
import { licenseDecider } from '../../domain/license/decider.ts';
import type { License } from '../../domain/license/license.ts';
import { genesisHash, hashOf, verifyLink } from '../../eventstore/chain.ts';
import { decodeLicense } from '../../eventstore/codec.ts';
import { isRepair } from '../../eventstore/codec-repair.ts';
import type { EventStore, Position, Recorded } from '../../eventstore/event-store.ts';
import { type Projection, readCheckpoint } from '../checkpoint.ts';
import { foldBatch, Unprojectable } from '../fold/fold-batch.ts';
import { licenseOf, streamPrefixes } from '../fold/fold-event.ts';
import { listParked } from '../parked.ts';
import { activeProjection } from '../versions.ts';
import { type Digest, digestSettings, digestsOf } from './digests.ts';
import { createExpectation, type Expectation } from './verify-rows.ts';

type Options = {
  readonly store: Pick<EventStore, 'head'>;
  /** Every event of those streams in log order, up to and including `upTo`. */
  readonly readLog: (options: { streamPrefixes: readonly string[]; upTo: Position }) => AsyncIterable<Recorded>;
  /** As ledger_projector. */
  readonly pool: Pool;
  /** Default: the version that serves. */
  readonly projection?: Projection;
  /** Leaves the hash chains out, and tells the digests of what was compared. */
  readonly readModelsOnly?: boolean;
};

/** The first thing that is wrong, and where; null where a fault has no such place, as a row that no event made. */
export type Finding = {
  readonly position: bigint | null;
  readonly stream: string | null;
  readonly revision: bigint | null;
  readonly what: string;
};

/**
 * `events` and `streams`: whose chain is intact, or which were folded. `rows`: compared. `notProjected`: events beyond the
 * checkpoint. `parked`: streams that were folded up to the event that does not fit. `digests`: asked for, or none.
 */
export type Verdict =
  | {
      readonly intact: true;
      readonly events: number;
      readonly streams: number;
      readonly rows: number;
      readonly notProjected: number;
      readonly parked: number;
      readonly digests: readonly Digest[];
    }
  | { readonly intact: false; readonly finding: Finding };

/**
 * Checks the hash chain of every stream to the end of the log, and every row of the read models against the fold of the
 * log up to their checkpoint, in one snapshot: nothing missing, nothing more, nothing different. May run beside a working
 * projector. Keeps the folded state of every stream in memory.
 */
export const verifyLedger = async ({
  store,
  readLog,
  pool,
  readModelsOnly = false,
  ...options
}: Options): Promise<Verdict> => {
  const before = await activeProjection(pool);
  const db = await pool.connect();
  try {
    await db.query(beginSnapshot);
    const projection = options.projection ?? before;
    const parked = new Map(
      (await listParked(db, projection)).map(({ stream, fromRevision }) => [stream, fromRevision]),
    );
    const { position } = await readCheckpoint(db, projection);
    const head = await store.head({ timeoutMs: 10_000 });
    const projectedTo = position === 'start' ? -1n : position.commit;
    if (projectedTo > (head?.commit ?? -1n))
      throw fault(
        null,
        `the read models are at ${projectedTo}, beyond the end of the log, ${head?.commit ?? 'which is empty'}`,
      );

    const upTo = readModelsOnly && position !== 'start' ? position : head;
    const log = upTo === null ? [] : readLog({ streamPrefixes, upTo });
    const verdict = await compare({ db, log, projectedTo, parked, chains: !readModelsOnly });
    return readModelsOnly ? { ...verdict, digests: await digestsOf(db) } : verdict;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    await refuseSwitched(db, before);
    return { intact: false, finding: error.finding };
  } finally {
    // Closed, not reused: its transaction and its settings end with it.
    db.release(true);
  }
};

const beginSnapshot = `begin isolation level repeatable read read only; ${digestSettings}`;
const batchMax = 500;

// The names of tables mean those of another version from then on, of which an older snapshot sees too little.
const refuseSwitched = async (db: PoolClient, { version }: Projection): Promise<void> => {
  await db.query('rollback');
  if ((await activeProjection(db)).version !== version)
    throw new Error('Another version of the read models serves since a moment ago. Verify again.');
};

type Comparing = {
  readonly db: PoolClient;
  readonly log: AsyncIterable<Recorded> | Iterable<Recorded>;
  readonly projectedTo: bigint;
  /** The revision from which on events of a stream are not in the tables. */
  readonly parked: ReadonlyMap<string, bigint>;
  readonly chains: boolean;
};

const compare = async ({ db, log, projectedTo, parked, chains: withChains }: Comparing) => {
  const chains = new Map<string, { revision: bigint; hash: string }>();
  const streams = new Set<string>();
  const states = new Map<string, License>();
  const expectation = createExpectation(db);
  let batch: Recorded[] = [];
  let events = 0;
  let notProjected = 0;
  for await (const recorded of log) {
    if (withChains) checkChain(chains, recorded);
    streams.add(recorded.stream);
    events += 1;
    if (recorded.position.commit > projectedTo) notProjected += 1;
    else if (recorded.revision < (parked.get(recorded.stream) ?? recorded.revision + 1n)) batch.push(recorded);
    if (batch.length < batchMax) continue;
    await checkBatch(expectation, states, batch);
    batch = [];
  }
  await checkBatch(expectation, states, batch);
  const differing = await expectation.finish();
  if (differing !== null) throw new Fault(differing);
  const rows = expectation.rows();
  return { intact: true as const, events, streams: streams.size, rows, notProjected, parked: parked.size, digests: [] };
};

const checkChain = (chains: Map<string, { revision: bigint; hash: string }>, recorded: Recorded): void => {
  const before = chains.get(recorded.stream);
  const expected = before === undefined ? 0n : before.revision + 1n;
  if (recorded.revision !== expected)
    throw fault(recorded, `revision ${expected} was expected: events are missing or out of order`);
  const broken = verifyLink(recorded, before?.hash ?? genesisHash);
  if (broken === 'HASH_DIFFERS') throw fault(recorded, 'the event was altered: its hash is not that of its content');
  if (broken === 'PREVIOUS_HASH_DIFFERS')
    throw fault(recorded, 'the event does not continue the hash chain of its stream');
  chains.set(recorded.stream, { revision: recorded.revision, hash: hashOf(recorded) });
};

const checkBatch = async (
  expectation: Expectation,
  states: Map<string, License>,
  batch: readonly Recorded[],
): Promise<void> => {
  try {
    const changes = foldBatch(batch, expectation.stored);
    const differing = await expectation.add(changes, batch);
    if (differing !== null) throw new Fault(differing);
  } catch (error) {
    throw error instanceof Unprojectable ? fault(error.recorded, error.message) : error;
  }
  foldWhole(states, batch);
  for (const last of new Map(batch.map((recorded) => [recorded.stream, recorded])).values()) {
    compareFolds(expectation, states, last);
  }
};

// The decider's own fold, collections and all, must come to the same facts as the projector's.
const foldWhole = (states: Map<string, License>, batch: readonly Recorded[]): void => {
  for (const recorded of batch) {
    const licenseId = licenseOf(recorded.stream);
    if (licenseId === null) continue;
    const { event, at } = decodeLicense(recorded);
    if (isRepair(event)) continue;
    states.set(licenseId, licenseDecider.evolve(states.get(licenseId) ?? licenseDecider.initial(), event, at));
  }
};

const compareFolds = ({ stored }: Expectation, states: Map<string, License>, recorded: Recorded): void => {
  const licenseId = licenseOf(recorded.stream);
  const state = licenseId === null ? undefined : states.get(licenseId);
  if (licenseId === null || state?.kind !== 'issued') return;
  const facts = stored.licenses.get(licenseId)?.facts;
  if (facts === undefined || JSON.stringify(state.facts) !== JSON.stringify(facts)) {
    throw fault(recorded, 'the decider and the projector fold the stream differently');
  }
  if (state.facts.usage.activations !== state.activations.size) {
    throw fault(
      recorded,
      `${state.activations.size} activations are open, the events count ${state.facts.usage.activations}`,
    );
  }
};

class Fault extends Error {
  override readonly name = 'Fault';
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.what);
    this.finding = finding;
  }
}

const fault = (recorded: Recorded | null, what: string): Fault =>
  new Fault({
    position: recorded?.position.commit ?? null,
    stream: recorded?.stream ?? null,
    revision: recorded?.revision ?? null,
    what,
  });
