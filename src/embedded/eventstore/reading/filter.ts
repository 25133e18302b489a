import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from '../events.ts';
import { invalidArgument } from '../grpc-refusal.ts';
import { type NameMatcher, nameRegex } from '../regex/name-regex.ts';
import { nextTurn } from '../regex/turns-of-filters.ts';

const { FilterOptions } = streams.ReadReq.Options;

/** The events of the log that a reader gets, and how often the server reports its position in between. */
export type Filter = {
  readonly matches: (event: StoredEvent) => boolean;
  /** Returns a promise when the reader must wait before the next event, because others have their turn. */
  readonly rest: () => Promise<void> | undefined;
  /** In scanned events, whether they match or not. */
  readonly checkpointEvery: number;
};

/** The search window when the client sets none. */
const searchWindowDefault = 32;

/** Parses a filter. Throws a refusal when it is invalid. */
export const parseFilter = async (options: streams.ReadReq.Options.FilterOptions): Promise<Filter> => {
  const multiplier = options.getCheckpointintervalmultiplier();
  if (multiplier < 1) throw invalidArgument('The checkpoint interval of a filter must be at least 1');
  const window = options.hasMax() ? options.getMax() : searchWindowDefault;
  if (window < 1) throw invalidArgument('The search window of a filter must be at least 1');
  return { ...(await parseMatch(options)), checkpointEvery: multiplier * window };
};

type Match = Pick<Filter, 'matches' | 'rest'>;

const parseMatch = async (options: streams.ReadReq.Options.FilterOptions): Promise<Match> => {
  const { FilterCase: on } = FilterOptions;
  switch (options.getFilterCase()) {
    case on.STREAM_IDENTIFIER: {
      const { accepts, rest } = await parseExpression(options.getStreamIdentifier());
      return { matches: ({ stream }) => accepts(stream), rest };
    }
    case on.EVENT_TYPE: {
      const { accepts, rest } = await parseExpression(options.getEventType());
      return { matches: ({ type }) => accepts(type), rest };
    }
    case on.FILTER_NOT_SET:
      throw invalidArgument('A filter is on the stream name or on the event type');
  }
};

type Expression = { readonly accepts: (name: string) => boolean; readonly rest: Filter['rest'] };

/** A filter of the product has five prefixes. */
const prefixesMax = 1_000;
const prefixBytesMax = 64 * 1024;

const parseExpression = async (
  expression: streams.ReadReq.Options.FilterOptions.Expression | undefined,
): Promise<Expression> => {
  const prefixes = expression?.getPrefixList() ?? [];
  const source = expression?.getRegex() ?? '';
  if (prefixes.length > 0 && source !== '') throw invalidArgument('A filter has prefixes or a regex, not both');
  if (prefixes.length === 0 && source === '') throw invalidArgument('A filter needs at least one prefix, or a regex');
  const matcher = prefixes.length > 0 ? prefixMatcher(prefixes) : await nameRegex(source);
  return { accepts: matcher.matches, rest: () => (matcher.steps() >= turnStepsMax ? endTurn(matcher) : undefined) };
};

/** A prefix counts as one step, because the bytes of all prefixes are bounded. */
const prefixMatcher = (prefixes: readonly string[]): NameMatcher => {
  if (prefixes.length > prefixesMax) throw invalidArgument(`A filter has more than ${prefixesMax} prefixes`);
  if (prefixes.reduce((sum, prefix) => sum + Buffer.byteLength(prefix), 0) > prefixBytesMax)
    throw invalidArgument(`The prefixes of a filter have more than ${prefixBytesMax} bytes`);
  let steps = 0;
  return {
    matches: (name) => {
      steps += prefixes.length;
      return prefixes.some((prefix) => name.startsWith(prefix));
    },
    steps: () => steps,
    resetSteps: () => {
      steps = 0;
    },
  };
};

/** So many steps take a few milliseconds at most. */
const turnStepsMax = 100_000;

const endTurn = (matcher: NameMatcher): Promise<void> => {
  matcher.resetSteps();
  return nextTurn();
};
