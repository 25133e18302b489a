import type shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { invalidArgument } from '../../src/embedded/eventstore/grpc-refusal.ts';

const { FilterOptions, ReadDirection } = streams.ReadReq.Options;
const { FORWARDS } = ReadDirection;

/** Changes the names of streams in messages on their way to a store and back. The messages themselves are changed. */
export type Renaming = {
  readonly append: (message: streams.AppendReq) => streams.AppendReq;
  /** Lets a read of `$all` find the streams with the prefix only. Throws a refusal for filters other than by prefix. */
  readonly read: (message: streams.ReadReq) => void;
  readonly response: (message: streams.ReadResp) => streams.ReadResp;
};

/**
 * Returns a renaming that puts `prefix` before the name of each stream. Metadata streams stay metadata streams. Reads
 * of `$all` from its start begin at `head`, before which no stream has the prefix.
 */
export const createRenaming = (prefix: string, head: streams.ReadReq.Options.Position | undefined): Renaming => {
  const long = (name: string) => (name.startsWith('$$') ? `$$${prefix}${name.slice(2)}` : `${prefix}${name}`);
  const short = (name: string) => {
    if (name.startsWith(`$$${prefix}`)) return `$$${name.slice(prefix.length + 2)}`;
    return name.startsWith(prefix) ? name.slice(prefix.length) : name;
  };
  const rename = (named: shared.StreamIdentifier | undefined, change: (name: string) => string): void => {
    if (named === undefined) return;
    const name = Buffer.from(named.getStreamName_asU8()).toString();
    named.setStreamName(Buffer.from(change(name)));
  };

  return {
    append: (message) => {
      rename(message.getOptions()?.getStreamIdentifier(), long);
      return message;
    },
    read: (message) => {
      const options = message.getOptions();
      if (options === undefined) return;
      rename(options.getStream()?.getStreamIdentifier(), long);
      const all = options.getAll();
      if (all === undefined) return;
      if (head !== undefined && all.hasStart() && options.getReadDirection() === FORWARDS) all.setPosition(head);
      const filter = options.getFilter() ?? unfiltered();
      const expression = filter.getStreamIdentifier();
      if (expression === undefined || expression.getRegex() !== '')
        throw invalidArgument('The proxy of the tests passes on filters by prefixes of stream names only');
      const prefixes = options.hasFilter() ? expression.getPrefixList().map(long) : [prefix, `$$${prefix}`];
      expression.setPrefixList(prefixes);
      options.setFilter(filter);
    },
    response: (message) => {
      rename(message.getStreamNotFound()?.getStreamIdentifier(), short);
      rename(message.getEvent()?.getEvent()?.getStreamIdentifier(), short);
      rename(message.getEvent()?.getLink()?.getStreamIdentifier(), short);
      return message;
    },
  };
};

const unfiltered = (): streams.ReadReq.Options.FilterOptions => {
  const filter = new FilterOptions();
  filter.setStreamIdentifier(new FilterOptions.Expression());
  filter.setMax(32);
  filter.setCheckpointintervalmultiplier(1);
  return filter;
};
