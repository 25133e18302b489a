import streams from '@eventstore/db-client/generated/streams_pb.js';
import { invalidArgument } from '../grpc-refusal.ts';
import { parseRevision } from '../proposals.ts';

const { Options } = streams.ReadReq;

/** Throws a refusal when a read lacks an option that EventStoreDB requires. Clients of every language send them all. */
export const requireOptions = (options: streams.ReadReq.Options): void => {
  if (!options.hasUuidOption()) throw invalidArgument('The read has no uuid_option: choose structured or string');
  if (options.getFilterOptionCase() === Options.FilterOptionCase.FILTER_OPTION_NOT_SET)
    throw invalidArgument('The read has neither a filter nor no_filter');
  const { RevisionOptionCase: revision } = Options.StreamOptions;
  if (options.getStream()?.getRevisionOptionCase() === revision.REVISION_OPTION_NOT_SET)
    throw invalidArgument('The read of a stream has neither a revision nor start nor end');
  if (options.getAll()?.getAllOptionCase() === Options.AllOptions.AllOptionCase.ALL_OPTION_NOT_SET)
    throw invalidArgument('The read of $all has neither a position nor start nor end');
};

/** The largest unsigned number stands for the end of a stream or of the log. */
const end = String(2n ** 64n - 1n);

/** Parses the revision from which a stream is read. Throws a refusal when no event can have it. */
export const revisionOf = (text: string): bigint | 'end' => (text === end ? 'end' : parseRevision(text));

/** Parses the position from which $all is read. Throws a refusal when no event can have it. */
export const positionOf = (position: streams.ReadReq.Options.Position): bigint | 'end' => {
  const [commit, prepare] = [position.getCommitPosition(), position.getPreparePosition()];
  if (commit === end && prepare === end) return 'end';
  if (parseRevision(commit) < parseRevision(prepare))
    throw invalidArgument(`The position is invalid: its commit ${commit} is before its prepare ${prepare}`);
  return BigInt(commit);
};
