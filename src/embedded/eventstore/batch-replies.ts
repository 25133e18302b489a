import shared from '@eventstore/db-client/generated/shared_pb.js';
import rpcStatus from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { type AppendResult, appendBytesMax, type ExpectedRevision, noRevision } from './events.ts';
import { Refusal } from './grpc-refusal.ts';

type ErrorName = 'WrongExpectedVersion' | 'Timeout' | 'BadRequest' | 'Unknown' | 'MaximumAppendSizeExceeded';

/** Adds the result of the append to the response. */
export const resultReply = (
  response: streams.BatchAppendResp,
  result: Exclude<AppendResult, { outcome: 'abandoned' }>,
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
export const timeoutReply = () => {
  const message = 'The deadline passed before the append was acknowledged';
  return toStatus(status.DEADLINE_EXCEEDED, message, 'Timeout', new shared.Timeout());
};

/** Returns the reply to one append that failed. The call and its other appends go on. */
export const failureReply = (error: unknown) => {
  if (!(error instanceof Refusal)) {
    return toStatus(status.INTERNAL, 'The event store failed; see its log', 'Unknown', new shared.Unknown());
  }
  if (error.exception === 'maximum-append-size-exceeded') {
    const exceeded = new shared.MaximumAppendSizeExceeded();
    exceeded.setMaxappendsize(appendBytesMax);
    return toStatus(error.code, error.message, 'MaximumAppendSizeExceeded', exceeded);
  }
  const bad = new shared.BadRequest();
  bad.setMessage(error.message);
  return toStatus(error.code, error.message, 'BadRequest', bad);
};

const wrongVersion = (current: bigint, expected: ExpectedRevision) => {
  const wrong = new shared.WrongExpectedVersion();
  if (current === noRevision) wrong.setCurrentNoStream(new emptyPb.Empty());
  else wrong.setCurrentStreamRevision(current.toString());
  if (expected === 'any') wrong.setExpectedAny(new emptyPb.Empty());
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new emptyPb.Empty());
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new emptyPb.Empty());
  else wrong.setExpectedStreamPosition(expected.toString());
  const message = 'The stream is at another revision than expected';
  return toStatus(status.FAILED_PRECONDITION, message, 'WrongExpectedVersion', wrong);
};

const toSuccess = ({ revision, position }: Extract<AppendResult, { outcome: 'written' }>) => {
  const success = new streams.BatchAppendResp.Success();
  if (revision === noRevision) success.setNoStream(new emptyPb.Empty());
  else success.setCurrentRevision(revision.toString());
  if (position === undefined) return success.setNoPosition(new emptyPb.Empty());
  return success.setPosition(new shared.AllStreamPosition().setCommitPosition(position).setPreparePosition(position));
};

const toStatus = (
  code: status,
  message: string,
  name: ErrorName,
  details: { serializeBinary(): Uint8Array },
): rpcStatus.Status => {
  const any = new anyPb.Any();
  any.pack(details.serializeBinary(), `event_store.client.${name}`);
  // google.rpc uses the codes of gRPC.
  return new rpcStatus.Status().setCode(Number(code)).setMessage(message).setDetails(any);
};
