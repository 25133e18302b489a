import streams from '@eventstore/db-client/generated/streams_pb.js';
import { invalidArgument } from '../grpc-refusal.ts';
import { parseStream } from '../proposals.ts';
import { type Filter, parseFilter } from './filter.ts';
import { afterAll, beforeAll, type Direction, type Scope } from './pages.ts';
import { positionOf, requireOptions, revisionOf } from './required-options.ts';

const { Options } = streams.ReadReq;

/** The form of event ids, which the client chooses. `structured`: two 64-bit numbers. */
export type IdFormat = 'string' | 'structured';

type Common = {
  readonly scope: Scope;
  readonly filter: Filter | undefined;
  readonly ids: IdFormat;
  /** Whether events that are links are sent with the events that they lead to. */
  readonly resolvesLinks: boolean;
};

/** A read that ends. `cursor` is exclusive; undefined when there can be no event in that direction. */
export type ReadOnce = Common & {
  readonly kind: 'read';
  readonly direction: Direction;
  readonly cursor: bigint | undefined;
  readonly count: bigint;
  /** Whether the client wants to know the first and last revision of the stream. */
  readonly asksForPositions: boolean;
};

/** A read that goes on with new events. `cursor` undefined: from the current end of the log. */
export type Subscribe = Common & { readonly kind: 'subscribe'; readonly cursor: bigint | undefined };

/** Parses a request of Streams.Read. Throws a refusal when it is invalid or not implemented. */
export const parseRead = async (request: streams.ReadReq): Promise<ReadOnce | Subscribe> => {
  const options = request.getOptions();
  if (!options) throw invalidArgument('The read has no options');
  const { scope, from } = parseTarget(options);
  requireOptions(options);
  const filterOptions = options.getFilter();
  if (filterOptions && scope.kind === 'stream') throw invalidArgument('Only $all can be filtered');
  const common: Common = {
    scope,
    filter: filterOptions && (await parseFilter(filterOptions)),
    ids: options.getUuidOption()?.hasStructured() ? 'structured' : 'string',
    resolvesLinks: options.getResolveLinks(),
  };
  const direction = parseDirection(options.getReadDirection());

  const { CountOptionCase: option } = Options;
  switch (options.getCountOptionCase()) {
    case option.COUNT: {
      const count = BigInt(options.getCount());
      const asksForPositions = (options.getControlOption()?.getCompatibility() ?? 0) >= 1;
      return {
        ...common,
        kind: 'read',
        direction,
        cursor: readCursor(scope, direction, from),
        count,
        asksForPositions,
      };
    }
    case option.SUBSCRIPTION:
      if (direction === 'backwards') throw invalidArgument('A subscription reads forwards');
      return { ...common, kind: 'subscribe', cursor: subscriptionCursor(from) };
    case option.COUNT_OPTION_NOT_SET:
      throw invalidArgument('The read has neither a count nor a subscription');
  }
};

type From = 'start' | 'end' | bigint;

const parseTarget = (options: streams.ReadReq.Options): { scope: Scope; from: From } => {
  const stream = options.getStream();
  if (stream) {
    const scope: Scope = { kind: 'stream', stream: parseStream(stream.getStreamIdentifier()) };
    if (stream.hasEnd()) return { scope, from: 'end' };
    return { scope, from: stream.hasRevision() ? revisionOf(stream.getRevision()) : 'start' };
  }
  const all = options.getAll();
  if (!all) throw invalidArgument('The read names neither a stream nor $all');
  const scope: Scope = { kind: 'all' };
  if (all.hasEnd()) return { scope, from: 'end' };
  const position = all.getPosition();
  return { scope, from: position ? positionOf(position) : 'start' };
};

const parseDirection = (direction: number): Direction => {
  if (direction === Options.ReadDirection.FORWARDS) return 'forwards';
  if (direction === Options.ReadDirection.BACKWARDS) return 'backwards';
  throw invalidArgument('The read direction is unknown');
};

/**
 * Returns the exclusive cursor of a read. A read includes the event at its start, with one exception as in
 * EventStoreDB: a backward read of $all does not include the event at its position.
 */
const readCursor = (scope: Scope, direction: Direction, from: From): bigint | undefined => {
  if (direction === 'forwards') {
    if (from === 'end') return undefined;
    return from === 'start' ? beforeAll : atMost(from - 1n);
  }
  if (from === 'end') return afterAll;
  if (scope.kind === 'all') return from === 'start' ? undefined : atMost(from);
  return from === 'start' ? 1n : atMost(from + 1n);
};

/**
 * Returns the exclusive cursor of a subscription. It begins after the named event, the last one that the client has
 * processed.
 */
const subscriptionCursor = (from: From): bigint | undefined => {
  if (from === 'end') return undefined;
  return from === 'start' ? beforeAll : atMost(from);
};

/** Limits a number to the largest in the log. */
const atMost = (value: bigint): bigint => (value > afterAll ? afterAll : value);
