import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from '../events.ts';
import { invalidArgument } from '../grpc-refusal.ts';

const { FilterOptions } = streams.ReadReq.Options;

/** The events of the log that a reader gets, and how often the server reports its position in between. */
export type Filter = {
  readonly matches: (event: StoredEvent) => boolean;
  /** In scanned events, whether they match or not. */
  readonly checkpointEvery: number;
};

/** The search window when the client sets none. */
const searchWindowDefault = 32;

/** Parses a filter. Throws a refusal when it is invalid. */
export const parseFilter = (options: streams.ReadReq.Options.FilterOptions): Filter => {
  const multiplier = options.getCheckpointintervalmultiplier();
  if (multiplier < 1) throw invalidArgument('The checkpoint interval of a filter must be at least 1');
  const window = options.hasMax() ? options.getMax() : searchWindowDefault;
  if (window < 1) throw invalidArgument('The search window of a filter must be at least 1');
  return { matches: parseMatch(options), checkpointEvery: multiplier * window };
};

const parseMatch = (options: streams.ReadReq.Options.FilterOptions): Filter['matches'] => {
  const { FilterCase: on } = FilterOptions;
  switch (options.getFilterCase()) {
    case on.STREAM_IDENTIFIER: {
      const accepts = parseExpression(options.getStreamIdentifier());
      return ({ stream }) => accepts(stream);
    }
    case on.EVENT_TYPE: {
      const accepts = parseExpression(options.getEventType());
      return ({ type }) => accepts(type);
    }
    case on.FILTER_NOT_SET:
      throw invalidArgument('A filter is on the stream name or on the event type');
  }
};

const parseExpression = (
  expression: streams.ReadReq.Options.FilterOptions.Expression | undefined,
): ((name: string) => boolean) => {
  const prefixes = expression?.getPrefixList() ?? [];
  const source = expression?.getRegex() ?? '';
  if (prefixes.length > 0 && source !== '') throw invalidArgument('A filter has prefixes or a regex, not both');
  if (prefixes.length > 0) return (name) => prefixes.some((prefix) => name.startsWith(prefix));
  if (source === '') throw invalidArgument('A filter needs at least one prefix, or a regex');
  const regex = parseRegex(source);
  return (name) => regex.test(name);
};

/** EventStoreDB has .NET's dialect of regexes. An expression that only .NET understands is refused here. */
const parseRegex = (source: string): RegExp => {
  try {
    return new RegExp(source, 'u');
  } catch {
    throw invalidArgument(
      `Not a regex this server understands: ${source}. It supports prefixes and JavaScript regexes`,
    );
  }
};
