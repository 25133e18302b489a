import { type Examined, examineChain, isRepairable, type Repairer, repairChain } from '../aggregates/repair-chain.ts';
import { loadConfig } from '../config.ts';
import { keyOfBreak } from '../eventstore/chain/chain.ts';
import { operatorId, repairReason } from '../eventstore/chain/repair-event.ts';
import { type EventStore, type Recorded, StoreUnavailable } from '../eventstore/event-store.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { connectLogReader, type LogReader } from '../eventstore/read-log.ts';
import { streamPrefixes } from '../projections/fold/fold-event.ts';
import { createLog } from './create-log.ts';
import { exitCodes, UsageError } from './exit-codes.ts';
import { createRepairJson, type RepairReport, repairText } from './output/repair-report.ts';
import { createProgress, type Progress, partOfLog } from './progress.ts';
import { openCommandServers } from './server/command-servers.ts';
import { servedLog } from './server/require-open-log.ts';

type Options = {
  readonly stream: readonly string[];
  readonly apply: boolean;
  readonly operator?: string;
  readonly reason?: string;
  readonly json: boolean;
};

/**
 * `ledger repair-chain`: prints every wrong link of the streams, and whether a repair can accept it. With `--apply` it
 * appends the repairs. Without it nothing changes.
 */
export const repairChainCommand = async (options: Options): Promise<void> => {
  const repairer = options.apply ? repairerOf(options) : null;
  const config = loadConfig();
  const log = createLog(config.logLevel, { format: config.logFormat });
  const servers = await openCommandServers(config, (line) => log.debug(line), repairer === null ? 'READ' : 'CHANGE');
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const reader = connectLogReader({ url: servers.eventStoreUrl });
  const progress = createProgress();
  try {
    if (repairer !== null) await servedLog(store);
    const streams = options.stream.length > 0 ? options.stream : streamsOfLog(store, reader, progress);
    process.exitCode = await repair(streams, store, repairer, options.json ? createRepairJson() : repairText);
  } finally {
    progress.end();
    await reader.close();
    await store.close();
    await servers.stop();
  }
};

const repairerOf = ({ operator, reason }: Options): Repairer => {
  if (!operatorId.safeParse(operator).success || operator === undefined)
    throw new UsageError(
      `${operator === undefined ? '--apply needs --operator' : `--operator ${operator} is not an operator id`}. Give your id in your organization: letters, digits, dots, dashes and underscores. ` +
        'The log stores it for ever, so give no name and no e-mail address.',
    );
  if (!repairReason.safeParse(reason).success || reason === undefined)
    throw new UsageError(
      `${reason === undefined ? '--apply needs --reason' : `--reason ${reason} is not a reason code`}. Give a code of capitals, digits and underscores, such as TWO_WRITERS or INCIDENT_4711.`,
    );
  return { operator, reason, at: new Date().toISOString() };
};

async function* streamsOfLog(
  store: Pick<EventStore, 'head'>,
  reader: LogReader,
  progress: Progress,
): AsyncGenerator<string> {
  const upTo = await store.head({ timeoutMs: 10_000 });
  if (upTo === null) return;
  let events = 0;
  for await (const { stream, revision, position } of reader.read({ streamPrefixes, upTo })) {
    events += 1;
    progress.show({ phase: 'checking', events, part: partOfLog(position.commit, upTo.commit) });
    if (revision === 0n) yield stream;
  }
  progress.end();
}

/**
 * Repairs streams one after another, or only prints them. Returns the exit code. A failing stream does not stop the
 * others.
 */
export const repair = async (
  streams: Iterable<string> | AsyncIterable<string>,
  store: Pick<EventStore, 'read' | 'append'>,
  repairer: Repairer | null,
  report: RepairReport = repairText,
): Promise<number> => {
  const counts = { streams: 0, faulty: 0, repairable: 0, repaired: 0 };
  for await (const stream of streams) {
    const examined = await examineChain(store, stream);
    const { last } = examined;
    if (last === null) {
      report.empty(stream);
      continue;
    }
    counts.streams += 1;
    if (examined.faults === 0) continue;
    counts.faulty += 1;
    report.broken(stream, examined);
    if (!isRepairable(examined)) continue;
    counts.repairable += 1;
    if (repairer !== null && (await repairOne(store, { ...examined, last }, repairer, report))) counts.repaired += 1;
  }
  report.end(counts, repairer !== null);
  if (counts.streams === 0) return exitCodes.nothingToCheck;
  return counts.faulty === counts.repaired ? exitCodes.fine : exitCodes.damaged;
};

/** Repairs a stream and prints the result. Returns true when its chain is intact now. */
const repairOne = async (
  store: Pick<EventStore, 'read' | 'append'>,
  before: Examined & { readonly last: Recorded },
  repairer: Repairer,
  report: RepairReport,
): Promise<boolean> => {
  const { stream } = before.last;
  try {
    const after = await repairChain(store, stream, repairer);
    const known = new Set(before.repaired.map(keyOfBreak));
    const appended = after.repaired.filter((repaired) => !known.has(keyOfBreak(repaired)));
    report.repaired(stream, appended.length, after.faults === 0);
    return after.faults === 0;
  } catch (error) {
    // Every other stream would fail, too.
    if (error instanceof StoreUnavailable) throw error;
    report.failed(stream, error instanceof Error ? error.message : String(error));
    return false;
  }
};
