import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type Filter, parseFilter } from './filter.ts';
import { afterAll, beforeAll, type Direction, type Scope } from './pages.ts';
import { parseStream } from './proposals.ts';
import { invalidArgument, unimplemented } from './refusal.ts';

const { Options } = streams.ReadReq;

/** Structured ids are two 64-bit numbers; clients choose. */
export type IdFormat = 'string' | 'structured';

type Common = { readonly scope: Scope; readonly filter: Filter | undefined; readonly ids: IdFormat };

/** A read that ends. `cursor` is exclusive; undefined: there can be nothing in that direction. */
export type ReadOnce = Common & {
  readonly kind: 'read';
  readonly direction: Direction;
  readonly cursor: bigint | undefined;
  readonly count: bigint;
};

/** A read that goes on with whatever is written later; undefined: from the end of the log as it is now. */
export type Subscribe = Common & { readonly kind: 'subscribe'; readonly cursor: bigint | undefined };

/** What a client asks of Streams.Read, or the refusal of what this server does not do. */
export const parseRead = (request: streams.ReadReq): ReadOnce | Subscribe => {
  const options = request.getOptions();
  if (!options) throw invalidArgument('The read has no options');
  if (options.getResolveLinks())
    throw unimplemented('Links are not implemented by this server: read without resolving');
  const { scope, from } = parseTarget(options);
  const filterOptions = options.getFilter();
  if (filterOptions && scope.kind === 'stream') throw invalidArgument('Only $all can be filtered');
  const common: Common = {
    scope,
    filter: filterOptions && parseFilter(filterOptions),
    ids: options.getUuidOption()?.hasStructured() ? 'structured' : 'string',
  };
  const direction = parseDirection(options.getReadDirection());

  const { CountOptionCase: given } = Options;
  switch (options.getCountOptionCase()) {
    case given.COUNT: {
      const count = BigInt(options.getCount());
      return { ...common, kind: 'read', direction, cursor: readCursor(scope, direction, from), count };
    }
    case given.SUBSCRIPTION:
      if (direction === 'backwards') throw invalidArgument('A subscription reads forwards');
      return { ...common, kind: 'subscribe', cursor: subscriptionCursor(from) };
    case given.COUNT_OPTION_NOT_SET:
      throw invalidArgument('The read has neither a count nor a subscription');
  }
};

type From = 'start' | 'end' | bigint;

const parseTarget = (options: streams.ReadReq.Options): { scope: Scope; from: From } => {
  const stream = options.getStream();
  if (stream) {
    const scope: Scope = { kind: 'stream', stream: parseStream(stream.getStreamIdentifier()) };
    if (stream.hasEnd()) return { scope, from: 'end' };
    return { scope, from: stream.hasRevision() ? BigInt(stream.getRevision()) : 'start' };
  }
  const all = options.getAll();
  if (!all) throw invalidArgument('The read names neither a stream nor $all');
  const scope: Scope = { kind: 'all' };
  if (all.hasEnd()) return { scope, from: 'end' };
  const position = all.getPosition();
  return { scope, from: position ? BigInt(position.getCommitPosition()) : 'start' };
};

const parseDirection = (direction: number): Direction => {
  if (direction === Options.ReadDirection.FORWARDS) return 'forwards';
  if (direction === Options.ReadDirection.BACKWARDS) return 'backwards';
  throw invalidArgument('The read direction is unknown');
};

/**
 * Reads include the event they start from, with one exception that production has as well: backwards over $all a position
 * is the place between two records, so the event at that position is not read again.
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

/** Subscriptions begin after the event they name: it is the last one their owner has processed. */
const subscriptionCursor = (from: From): bigint | undefined => {
  if (from === 'end') return undefined;
  return from === 'start' ? beforeAll : atMost(from);
};

/** The wire has unsigned numbers, the log has signed ones. */
const atMost = (value: bigint): bigint => (value > afterAll ? afterAll : value);
