import { loadConfig } from '../../config.ts';
import { decodeId } from '../../domain/ids.ts';
import type { Position, Recorded } from '../../eventstore/event-store.ts';
import { connectEventStore } from '../../eventstore/eventstoredb.ts';
import { streamPrefixes } from '../../projections/fold/fold-event.ts';
import { CommandEnded, exitCodeOf, exitCodes, UsageError } from '../exit-codes.ts';
import { painter } from '../output/colors.ts';
import { type Out, openOut } from '../output/write-out.ts';
import { runningServers } from '../server/running-servers.ts';
import { eventObject, eventText } from './event-line.ts';
import { eventsUpTo, followLog } from './follow-log.ts';

type Options = {
  readonly follow: boolean;
  /** A position as `Ledger-Position` has it: events after it. Default: `now` with `follow`, otherwise `start`. */
  readonly from?: string;
  readonly stream?: string;
  readonly type?: readonly string[];
  readonly organization?: string;
  readonly limit?: number;
  readonly json: boolean;
};

/**
 * `ledger events`: prints the events of all organizations from the log, in its order. Ends with 6 when no event matches.
 * With `--follow` it also prints new events, and reconnects, until Ctrl-C.
 */
export const eventsCommand = async (options: Options): Promise<void> => {
  refuseWrong(options);
  const config = loadConfig();
  const open = async () => connectEventStore({ url: (await runningServers(config, 'log')).eventStoreUrl });
  const store = await open();
  const out = openOut();
  try {
    const head = await store.head({ timeoutMs: 10_000 });
    const from = positionOf(options, head);
    const range = { from, streamPrefixes: prefixesOf(options), signal: out.signal };
    const reconnecting = { open, onLost: sayLost, mayRetry: isUnreachable, pauseMs: reconnectMs };
    if (options.follow) await print(followLog(range, reconnecting), options, out);
    else {
      const printed = head === null ? 0 : await print(eventsUpTo(store, range, head), options, out);
      if (printed === 0 && !out.signal.aborted)
        throw new CommandEnded(exitCodes.nothingToCheck, 'No event of the log matches.');
    }
  } finally {
    out.close();
    await store.close();
  }
};

const reconnectMs = 1_000;

const sayLost = (error: unknown): void =>
  console.error(
    `The event store is not reachable. Trying again until it is. ${error instanceof Error ? error.message : ''}`,
  );

const isUnreachable = (error: unknown): boolean => exitCodeOf(error) === exitCodes.unreachable;

const refuseWrong = ({ from, stream, organization }: Options): void => {
  const isPosition = from === undefined || from === 'start' || from === 'now' || /^\d{1,19}$/.test(from);
  if (!isPosition)
    throw new UsageError(
      `--from ${from} is not a position. Give start, now, or a position such as Ledger-Position names.`,
    );
  if (stream !== undefined && !streamPrefixes.some((prefix) => stream.startsWith(prefix)))
    throw new UsageError(
      `--stream ${stream} is not a stream of License Ledger. Names begin with ${streamPrefixes.join(', ')}.`,
    );
  if (organization !== undefined && decodeId('org', organization) === null)
    throw new UsageError(`--organization ${organization} is not the id of an organization. It begins with org_.`);
};

const positionOf = (
  { follow, from = follow ? 'now' : 'start' }: Options,
  head: Position | null,
): Position | 'start' => {
  if (from === 'start') return 'start';
  if (from === 'now') return head ?? 'start';
  return { commit: BigInt(from), prepare: BigInt(from) };
};

const prefixesOf = ({ stream }: Options): readonly string[] => (stream === undefined ? streamPrefixes : [stream]);

/** Prints the events that match. Returns how many. */
const print = async (events: AsyncIterable<Recorded>, options: Options, out: Out): Promise<number> => {
  const { json, limit = Number.POSITIVE_INFINITY } = options;
  const paint = painter(process.stdout);
  let printed = 0;
  for await (const event of events) {
    if (!isChosen(event, options)) continue;
    const widthMax = process.stdout.columns ?? unboundedWidth;
    await out.line(json ? JSON.stringify(eventObject(event)) : eventText(event, widthMax, paint));
    printed += 1;
    if (printed >= limit || out.signal.aborted) break;
  }
  return printed;
};

// Elsewhere than on a terminal a line has the whole data, up to a length that editors and pagers take.
const unboundedWidth = 2_000;

const isChosen = ({ stream, type, metadata }: Recorded, options: Options): boolean => {
  const { issuerOrgId, holderOrgId } = metadata;
  const { organization } = options;
  return (
    (options.stream === undefined || options.stream === stream) &&
    (options.type === undefined || options.type.includes(type)) &&
    (organization === undefined || issuerOrgId === organization || holderOrgId === organization)
  );
};
