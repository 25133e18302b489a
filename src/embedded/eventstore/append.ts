import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { handleClientStreamingCall } from '@grpc/grpc-js';
import { type AppendResult, type ExpectedRevision, noRevision } from './events.ts';
import { type Faults, faultyReply, refuse } from './faults.ts';
import { invalidArgument, type Refusal, streamDeleted, toServiceError } from './grpc-refusal.ts';
import type { OpenCalls } from './open-calls.ts';
import { parseRevision, parseWritableStream, proposal } from './proposals.ts';
import type { WriterQueue } from './writer-queue.ts';

const { AppendReq, AppendResp } = streams;

type Needs = {
  readonly writerQueue: WriterQueue;
  readonly faults: Faults;
  readonly calls: OpenCalls;
  readonly onError: (error: unknown) => void;
};

/** Handles Streams.Append: a message with options, then one message per event. Answers after the last message. */
export const appendHandler =
  ({ writerQueue, faults, calls, onError }: Needs): handleClientStreamingCall<streams.AppendReq, streams.AppendResp> =>
  (call, callback) => {
    let target: { stream: string; expected: ExpectedRevision } | undefined;
    const { events, add } = proposal();
    let isAnswered = false;

    const answer = (send: () => void) => {
      leave();
      if (isAnswered) return;
      isAnswered = true;
      send();
    };
    const reply = (response: streams.AppendResp) => answer(() => callback(null, response));
    const fail = (error: unknown) =>
      answer(() => {
        onError(error);
        callback(toServiceError(error));
      });
    const leave = calls.add((refusal: Refusal) => setImmediate(fail, refusal));
    call.on('cancelled', () => leave());

    const take = (request: streams.AppendReq) => {
      const message = request.getProposedMessage();
      if (message) add(message);
      else target = parseTarget(request.getOptions());
    };

    const write = async () => {
      if (!target) throw invalidArgument('An append starts with its options');
      refuse(faults.refuseAppends);
      const result = await writerQueue.append({ ...target, events, isAbandoned: () => call.cancelled });
      const reported = await faultyReply(faults, result);
      if (reported?.outcome === 'stream_deleted') throw streamDeleted(target.stream);
      if (reported && reported.outcome !== 'abandoned') reply(toResponse(reported, target.expected));
    };

    call.on('data', (request: streams.AppendReq) => {
      if (isAnswered) return;
      try {
        take(request);
      } catch (error) {
        fail(error);
      }
    });
    call.on('end', () => {
      if (!isAnswered) write().catch(fail);
    });
  };

const parseTarget = (options: streams.AppendReq.Options | undefined) => {
  if (!options) throw invalidArgument('A message of an append is neither options nor an event');
  return { stream: parseWritableStream(options.getStreamIdentifier()), expected: parseExpected(options) };
};

const parseExpected = (options: streams.AppendReq.Options): ExpectedRevision => {
  const { ExpectedStreamRevisionCase: expected } = AppendReq.Options;
  switch (options.getExpectedStreamRevisionCase()) {
    case expected.REVISION:
      return parseRevision(options.getRevision());
    case expected.NO_STREAM:
      return 'no_stream';
    case expected.ANY:
      return 'any';
    case expected.STREAM_EXISTS:
      return 'stream_exists';
    case expected.EXPECTED_STREAM_REVISION_NOT_SET:
      throw invalidArgument('The append has no expected revision');
  }
};

const toResponse = (result: Judged, expected: ExpectedRevision) => {
  const response = new AppendResp();
  if (result.outcome === 'written') return response.setSuccess(toSuccess(result));
  const wrong = new AppendResp.WrongExpectedVersion();
  if (result.current === noRevision) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(result.current.toString());
  if (expected === 'any') wrong.setExpectedAny(new shared.Empty());
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new shared.Empty());
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new shared.Empty());
  else wrong.setExpectedRevision(expected.toString());
  return response.setWrongExpectedVersion(wrong);
};

/** A result that the protocol has a message for. */
type Judged = Extract<AppendResult, { outcome: 'written' | 'wrong_version' }>;

const toSuccess = ({ revision, position }: Extract<AppendResult, { outcome: 'written' }>) => {
  const success = new AppendResp.Success();
  if (revision === noRevision) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(revision.toString());
  return success.setPosition(new AppendResp.Position().setCommitPosition(position).setPreparePosition(position));
};
