import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from '../events.ts';
import { invalidArgument } from '../grpc-refusal.ts';
import { type NameRegex, nameRegex } from '../regex/name-regex.ts';
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

const parseExpression = async (
  expression: streams.ReadReq.Options.FilterOptions.Expression | undefined,
): Promise<Expression> => {
  const prefixes = expression?.getPrefixList() ?? [];
  const source = expression?.getRegex() ?? '';
  if (prefixes.length > 0 && source !== '') throw invalidArgument('A filter has prefixes or a regex, not both');
  if (prefixes.length > 0) {
    return { accepts: (name) => prefixes.some((prefix) => name.startsWith(prefix)), rest: () => undefined };
  }
  if (source === '') throw invalidArgument('A filter needs at least one prefix, or a regex');
  const regex = await nameRegex(source);
  return { accepts: regex.matches, rest: () => (regex.steps() >= turnStepsMax ? endTurn(regex) : undefined) };
};

/** So many steps of a regex take a few milliseconds at most. */
const turnStepsMax = 100_000;

const endTurn = (regex: NameRegex): Promise<void> => {
  regex.resetSteps();
  return nextTurn();
};
