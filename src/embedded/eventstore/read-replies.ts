import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from './events.ts';
import type { IdFormat } from './read-request.ts';

const { ReadResp } = streams;

/** Returns the message with an event. */
export const eventReply = (event: StoredEvent, ids: IdFormat): streams.ReadResp => {
  const recorded = new ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(toUuid(event.id, ids));
  recorded.setStreamIdentifier(toIdentifier(event.stream));
  recorded.setStreamRevision(event.revision);
  recorded.setCommitPosition(event.position);
  recorded.setPreparePosition(event.position);
  const properties = recorded.getMetadataMap();
  properties.set('type', event.type);
  properties.set('content-type', event.isJson ? 'application/json' : 'application/octet-stream');
  properties.set('created', event.createdTicks);
  recorded.setData(event.data);
  recorded.setCustomMetadata(event.metadata);
  const read = new ReadResp.ReadEvent();
  read.setEvent(recorded);
  read.setCommitPosition(event.position);
  return new ReadResp().setEvent(read);
};

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

const toUuid = (id: string, ids: IdFormat): shared.UUID => {
  const uuid = new shared.UUID();
  if (ids === 'string') {
    uuid.setString(id);
    return uuid;
  }
  const hex = id.replaceAll('-', '');
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)).toString());
  structured.setLeastSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`)).toString());
  uuid.setStructured(structured);
  return uuid;
};
