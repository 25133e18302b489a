import type { Pool, PoolClient } from 'pg';
import { licenseDecider } from '../domain/license/decider.ts';
import type { License } from '../domain/license/license.ts';
import { genesisHash, hashOf, verifyLink } from '../eventstore/chain.ts';
import { decodeLicense } from '../eventstore/codec.ts';
import type { EventStore, Position, Recorded } from '../eventstore/event-store.ts';
import { type Projection, readCheckpoint, readModels } from './checkpoint.ts';
import { foldBatch, Unprojectable } from './fold-batch.ts';
import { licenseOf, streamPrefixes } from './fold-event.ts';
import { createExpectation, type Expectation } from './verify-rows.ts';

type Options = {
  readonly store: Pick<EventStore, 'head'>;
  /** Every event of those streams in log order, up to and including `upTo`. */
  readonly readLog: (options: { streamPrefixes: readonly string[]; upTo: Position }) => AsyncIterable<Recorded>;
  /** As ledger_projector. */
  readonly pool: Pool;
  readonly projection?: Projection;
};

/** The first thing that is wrong, and where; null where a fault has no such place, as a row that no event made. */
export type Finding = {
  readonly position: bigint | null;
  readonly stream: string | null;
  readonly revision: bigint | null;
  readonly what: string;
};

/** `events` and `streams`: whose chain is intact. `rows`: compared. `notProjected`: events beyond the checkpoint. */
export type Verdict =
  | {
      readonly intact: true;
      readonly events: number;
      readonly streams: number;
      readonly rows: number;
      readonly notProjected: number;
    }
  | { readonly intact: false; readonly finding: Finding };

/**
 * Checks the hash chain of every stream to the end of the log, and every row of the read models against the fold of the
 * log up to their checkpoint, in one snapshot: nothing missing, nothing more, nothing different. May run beside a working
 * projector. Keeps the folded state of every stream in memory.
 */
export const verifyLedger = async ({ store, readLog, pool, projection = readModels }: Options): Promise<Verdict> => {
  const db = await pool.connect();
  try {
    await db.query(beginSnapshot);
    const { position } = await readCheckpoint(db, projection);
    const head = await store.head({ timeoutMs: 10_000 });
    const projectedTo = position === 'start' ? -1n : position.commit;
    if (projectedTo > (head?.commit ?? -1n))
      throw fault(
        null,
        `the read models are at ${projectedTo}, beyond the end of the log, ${head?.commit ?? 'which is empty'}`,
      );

    const log = head === null ? [] : readLog({ streamPrefixes, upTo: head });
    return await compare(db, log, projectedTo);
  } catch (error) {
    if (error instanceof Fault) return { intact: false, finding: error.finding };
    throw error;
  } finally {
    // Closed, not reused: its transaction and its settings end with it.
    db.release(true);
  }
};

const beginSnapshot = `begin isolation level repeatable read read only;
  set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`;
const batchMax = 500;

const compare = async (
  db: PoolClient,
  log: AsyncIterable<Recorded> | Iterable<Recorded>,
  projectedTo: bigint,
): Promise<Verdict> => {
  const chains = new Map<string, { revision: bigint; hash: string }>();
  const states = new Map<string, License>();
  const expectation = createExpectation(db);
  let batch: Recorded[] = [];
  let events = 0;
  let notProjected = 0;
  for await (const recorded of log) {
    checkChain(chains, recorded);
    events += 1;
    if (recorded.position.commit > projectedTo) notProjected += 1;
    else batch.push(recorded);
    if (batch.length < batchMax) continue;
    await checkBatch(expectation, states, batch);
    batch = [];
  }
  await checkBatch(expectation, states, batch);
  const differing = await expectation.finish();
  if (differing !== null) throw new Fault(differing);
  return { intact: true, events, streams: chains.size, rows: expectation.rows(), notProjected };
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
    const recorded = error instanceof Unprojectable ? batch[error.index] : undefined;
    throw recorded === undefined || !(error instanceof Unprojectable) ? error : fault(recorded, error.message);
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
