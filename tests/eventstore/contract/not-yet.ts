/**
 * The statements that the embedded server does not hold yet. They are skipped. `LEDGER_CONTRACT_ALL=1` runs them, and
 * against another server they always run.
 */
export const notYet: readonly string[] = [
  // ServerFeatures
  'The server lists Delete and Tombstone',
  // Gossip
  'A single node names itself as the leader that is alive',
  'A client that discovers the node through gossip appends and reads',
  'A client with several hosts finds the one that answers',
  // A read that cannot be answered
  'A read without a form of the ids is INVALID_ARGUMENT',
  'A read without a filter option is INVALID_ARGUMENT',
  'A read of $all from a commit before its prepare is INVALID_ARGUMENT',
  // A read of a stream
  'A client that asks for the last position of a stream gets it',
  // Filters
  'A regular expression on stream names may have an escaped dash',
  'A regular expression that cannot be matched in linear time is refused with the reason',
  // Delete
  'A deleted stream is not found',
  'The answer to a delete has a position after the events',
  'The events of a deleted stream stay in $all',
  'A delete at another revision is refused with stream, expected and actual revision',
  'The refusal of a delete is FAILED_PRECONDITION with the trailers of wrong-expected-version',
  'A delete with stream_exists takes a stream with events',
  'A deleted stream is created again with no_stream, and its revisions go on',
  'A deleted stream is created again with any, and its revisions go on',
  'A deleted stream is created again with its last revision, and its revisions go on',
  'An append with stream_exists to a deleted stream is refused',
  'The metadata of a stream that was created again hides the events from before',
  // Tombstone
  'A read of a tombstoned stream fails with stream-deleted and its name',
  'Every append to a tombstoned stream fails with stream-deleted, by both calls',
  'A tombstoned stream is neither deleted nor tombstoned again',
  'The metadata of a tombstoned stream cannot be changed',
  'The events of a tombstoned stream stay in $all, followed by $streamDeleted',
  'A tombstone at another revision is refused',
  'A stream that never existed can be tombstoned',
  'A deleted stream can be tombstoned',
  // Metadata
  'Metadata is returned as set, with limits, access list and own values',
  'Metadata is an event of type $metadata in the stream with two dollar signs before the name',
  'A metadata stream shows only its newest version',
  'Metadata is written by an append like any event',
  'Metadata at another revision is refused',
  'A stream with metadata only is not found by a read and exists for an append',
  // Retention
  '$maxCount shows the newest events only, in both directions',
  '$tb hides the events before a revision',
  '$maxAge hides events when they are older',
  'Hidden events count for revisions and stay in $all',
  'Without its limits a stream shows its events again',
  // System events
  '$all has the metadata of a stream as an event',
  'A subscription that excludes system events does not get it',
  // Links
  'A read that resolves links returns the target as event and the link as link',
  'A link to an event that does not exist has no event',
  'A link to a hidden event has no event',
  'A subscription resolves links, too',
];
