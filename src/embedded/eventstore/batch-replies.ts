import shared from '@eventstore/db-client/generated/shared_pb.js';
import rpcStatus from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { type AppendResult, appendBytesMax, type ExpectedRevision, noRevision } from './events.ts';
import { Refusal } from './grpc-refusal.ts';

type ErrorName =
  | 'WrongExpectedVersion'
  | 'StreamDeleted'
  | 'Timeout'
  | 'BadRequest'
  | 'Unknown'
  | 'MaximumAppendSizeExceeded';

/** Adds the result of the append to the response. */
export const resultReply = (
  response: streams.BatchAppendResp,
  result: Extract<AppendResult, { outcome: 'written' | 'wrong_version' }>,
  expected: ExpectedRevision,
): streams.BatchAppendResp => {
  if (expected === 'any') response.setAny(new emptyPb.Empty());
  else if (expected === 'no_stream') response.setNoStream(new emptyPb.Empty());
  else if (expected === 'stream_exists') response.setStreamExists(new emptyPb.Empty());
  else response.setStreamPosition(expected.toString());
  return result.outcome === 'written'
    ? response.setSuccess(toSuccess(result))
    : response.setError(wrongVersion(result.current, expected));
};

/** Returns the reply after the deadline. The append may still be written. */
export const timeoutReply = () => toStatus(status.DEADLINE_EXCEEDED, 'Timeout', new shared.Timeout());

/**
 * Returns the reply to one append that failed. The call and its other appends go on. EventStoreDB names only the kind of
 * an error; the reply to a bad request has the reason in addition.
 */
export const failureReply = (error: unknown, identifier?: shared.StreamIdentifier) => {
  if (!(error instanceof Refusal)) return toStatus(status.UNKNOWN, 'Unknown', new shared.Unknown());
  if (error.code === status.DEADLINE_EXCEEDED) return timeoutReply();
  if (error.exception === 'stream-deleted') {
    const deleted = new shared.StreamDeleted();
    deleted.setStreamIdentifier(identifier);
    return toStatus(status.NOT_FOUND, 'StreamDeleted', deleted);
  }
  if (error.exception === 'maximum-append-size-exceeded') {
    const exceeded = new shared.MaximumAppendSizeExceeded();
    exceeded.setMaxappendsize(appendBytesMax);
    return toStatus(error.code, 'MaximumAppendSizeExceeded', exceeded);
  }
  const bad = new shared.BadRequest();
  bad.setMessage(error.message);
  return toStatus(error.code, 'BadRequest', bad, error.message);
};

const wrongVersion = (current: bigint, expected: ExpectedRevision) => {
  const wrong = new shared.WrongExpectedVersion();
  if (current === noRevision) wrong.setCurrentNoStream(new emptyPb.Empty());
  else wrong.setCurrentStreamRevision(current.toString());
  if (expected === 'any') wrong.setExpectedAny(new emptyPb.Empty());
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new emptyPb.Empty());
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new emptyPb.Empty());
  else wrong.setExpectedStreamPosition(expected.toString());
  return toStatus(status.ALREADY_EXISTS, 'WrongExpectedVersion', wrong);
};

const toSuccess = ({ revision, position }: Extract<AppendResult, { outcome: 'written' }>) => {
  const success = new streams.BatchAppendResp.Success();
  if (revision === noRevision) success.setNoStream(new emptyPb.Empty());
  else success.setCurrentRevision(revision.toString());
  return success.setPosition(new shared.AllStreamPosition().setCommitPosition(position).setPreparePosition(position));
};

const toStatus = (
  code: status,
  name: ErrorName,
  details: { serializeBinary(): Uint8Array },
  message: string = name,
): rpcStatus.Status => {
  const any = new anyPb.Any();
  any.pack(details.serializeBinary(), `event_store.client.${name}`);
  // google.rpc uses the codes of gRPC.
  return new rpcStatus.Status().setCode(Number(code)).setMessage(message).setDetails(any);
};
