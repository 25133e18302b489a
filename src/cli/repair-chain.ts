import { type Examined, examineChain, isRepairable, type Repairer, repairChain } from '../aggregates/repair-chain.ts';
import { loadConfig } from '../config.ts';
import { keyOfBreak } from '../eventstore/chain/chain.ts';
import { operatorId, repairReason } from '../eventstore/chain/repair-event.ts';
import { type EventStore, StoreUnavailable } from '../eventstore/event-store.ts';
import { connectEventStore } from '../eventstore/eventstoredb.ts';
import { connectLogReader, type LogReader } from '../eventstore/read-log.ts';
import { streamPrefixes } from '../projections/fold/fold-event.ts';
import { createLog } from './create-log.ts';
import { exitCodes, UsageError } from './exit-codes.ts';
import { changeServers, readServers } from './server/read-servers.ts';

type Options = {
  readonly stream: readonly string[];
  readonly apply: boolean;
  readonly operator?: string;
  readonly reason?: string;
};

/**
 * `ledger repair-chain`: prints every wrong link of the streams, and whether a repair can accept it. With `--apply` it
 * appends the repairs. Without it nothing changes.
 */
export const repairChainCommand = async (options: Options): Promise<void> => {
  const repairer = options.apply ? repairerOf(options) : null;
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const servers = await (repairer === null ? readServers : changeServers)(config, (line) => log.debug(line));
  const store = connectEventStore({ url: servers.eventStoreUrl });
  const reader = connectLogReader({ url: servers.eventStoreUrl });
  try {
    const streams = options.stream.length > 0 ? options.stream : streamsOfLog(store, reader);
    process.exitCode = await repair(streams, store, repairer);
  } finally {
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

async function* streamsOfLog(store: Pick<EventStore, 'head'>, reader: LogReader): AsyncGenerator<string> {
  const upTo = await store.head({ timeoutMs: 10_000 });
  if (upTo === null) return;
  for await (const { stream, revision } of reader.read({ streamPrefixes, upTo })) if (revision === 0n) yield stream;
}

/**
 * Repairs streams one after another, or only prints them. Returns the exit code. A failing stream does not stop the
 * others.
 */
export const repair = async (
  streams: Iterable<string> | AsyncIterable<string>,
  store: Pick<EventStore, 'read' | 'append'>,
  repairer: Repairer | null,
): Promise<number> => {
  const counts = { streams: 0, faulty: 0, repairable: 0, repaired: 0 };
  for await (const stream of streams) {
    const examined = await examineChain(store, stream);
    if (examined.last === null) {
      console.log(`${stream}: has no event.`);
      continue;
    }
    counts.streams += 1;
    if (examined.faults === 0) continue;
    counts.faulty += 1;
    for (const line of linesOf(stream, examined)) console.log(line);
    if (!isRepairable(examined)) continue;
    counts.repairable += 1;
    if (repairer !== null && (await repairOne(store, stream, examined, repairer))) counts.repaired += 1;
  }
  console.log(summary(counts, repairer !== null));
  if (counts.streams === 0) return exitCodes.nothingToCheck;
  return counts.faulty === counts.repaired ? exitCodes.fine : exitCodes.damaged;
};

/** Repairs a stream and prints the result. Returns true when its chain is intact now. */
const repairOne = async (
  store: Pick<EventStore, 'read' | 'append'>,
  stream: string,
  before: Examined,
  repairer: Repairer,
): Promise<boolean> => {
  try {
    const after = await repairChain(store, stream, repairer);
    const known = new Set(before.repaired.map(keyOfBreak));
    const appended = after.repaired.filter((repaired) => !known.has(keyOfBreak(repaired)));
    console.log(
      after.faults === 0
        ? `${stream}: REPAIRED, ${appended.length} events were appended.`
        : `${stream}: STILL BROKEN. Another process has changed it. Run the command again.`,
    );
    return after.faults === 0;
  } catch (error) {
    // Every other stream would fail, too.
    if (error instanceof StoreUnavailable) throw error;
    console.log(`${stream}: NOT REPAIRED. ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
};

const linesOf = (stream: string, examined: Examined): readonly string[] => {
  const { faults, first, breaks } = examined;
  const lines = breaks.map(
    ({ revision, expected, actual }) =>
      `${stream}: the event at revision ${revision} links to ${actual}; its previous event is ${expected}.`,
  );
  if (isRepairable(examined)) return lines;
  const what = `${stream}: CANNOT BE REPAIRED. ${faults - breaks.length} of its events are altered or missing`;
  return [...lines, `${what}, the first at or before revision ${first?.recorded.revision}. Restore the event store.`];
};

const summary = (
  { streams, faulty, repairable, repaired }: { streams: number; faulty: number; repairable: number; repaired: number },
  isApplied: boolean,
): string => {
  if (streams === 0) return 'There is no event to check.';
  if (faulty === 0) return `The hash chains of ${streams} streams are whole. There is nothing to repair.`;
  const findings = `${faulty} of ${streams} streams have a broken hash chain; ${repairable} of them can be repaired`;
  if (isApplied) {
    const left = faulty - repaired;
    return `${findings}, and ${repaired} were repaired.${left === 0 ? '' : ` ${left} are still broken: see above.`}`;
  }
  const next =
    'Stop every process of a release before this one, then repeat with --apply --operator <id> --reason <code>';
  return `${findings}. Nothing was changed. ${repairable === 0 ? 'Restore the event store from a backup' : next}.`;
};
