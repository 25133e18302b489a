import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';

const { ReadResp } = streams;

/** Returns the first message of a subscription. */
export const confirmationReply = (subscriptionId: string): streams.ReadResp => {
  const confirmation = new ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(subscriptionId);
  return new ReadResp().setConfirmation(confirmation);
};

/** Returns the message that a filtered subscription has scanned the log up to `position`. */
export const checkpointReply = (position: bigint): streams.ReadResp => {
  const checkpoint = new ReadResp.Checkpoint();
  checkpoint.setCommitPosition(position.toString());
  checkpoint.setPreparePosition(position.toString());
  return new ReadResp().setCheckpoint(checkpoint);
};

/** Returns the message that a subscription has reached the end of the log. */
export const caughtUpReply = (): streams.ReadResp => new ReadResp().setCaughtUp(new ReadResp.CaughtUp());

/** Returns the message that the first event of a stream is at `revision` or later. */
export const firstPositionReply = (revision: bigint): streams.ReadResp =>
  new ReadResp().setFirstStreamPosition(String(revision));

/** Returns the message that the last event of a stream is at `revision`. */
export const lastPositionReply = (revision: bigint): streams.ReadResp =>
  new ReadResp().setLastStreamPosition(String(revision));

/** Returns the message that a stream does not exist. For reads, the protocol has a message for it, not an error. */
export const streamNotFoundReply = (stream: string): streams.ReadResp => {
  const notFound = new ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(toIdentifier(stream));
  return new ReadResp().setStreamNotFound(notFound);
};

const toIdentifier = (stream: string) => {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  return identifier;
};
