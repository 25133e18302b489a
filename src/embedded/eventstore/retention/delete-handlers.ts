import type shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type handleUnaryCall, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { type ExpectedRevision, noRevision } from '../events.ts';
import { type Faults, faultyReply, refuse } from '../faults.ts';
import { invalidArgument, Refusal, streamDeleted, toServiceError } from '../grpc-refusal.ts';
import type { OpenCalls } from '../open-calls.ts';
import { parseRevision, parseWritableStream } from '../proposals.ts';
import type { WriterQueue } from '../writer-queue.ts';
import { refuseDeletion } from './protected-streams.ts';
import { isMetastream, softDeletion, tombstone } from './stream-rules.ts';

type Needs = {
  readonly writerQueue: WriterQueue;
  readonly faults: Faults;
  readonly calls: OpenCalls;
  readonly onError: (error: unknown) => void;
};

/** Handles Streams.Delete: hides the events of a stream, which may be created again. */
export const deleteHandler =
  (needs: Needs): handleUnaryCall<streams.DeleteReq, streams.DeleteResp> =>
  (call, callback) =>
    answer(needs, { call, callback }, async () => {
      const isAbandoned = () => call.cancelled;
      const at = await deleteStream(needs, { ...parseTarget(call.request), deletion: 'soft', isAbandoned });
      const position = new streams.DeleteResp.Position().setCommitPosition(at).setPreparePosition(at);
      return new streams.DeleteResp().setPosition(position);
    });

/** Handles Streams.Tombstone: makes a stream unusable for ever. */
export const tombstoneHandler =
  (needs: Needs): handleUnaryCall<streams.TombstoneReq, streams.TombstoneResp> =>
  (call, callback) =>
    answer(needs, { call, callback }, async () => {
      const isAbandoned = () => call.cancelled;
      const at = await deleteStream(needs, { ...parseTarget(call.request), deletion: 'tombstone', isAbandoned });
      const position = new streams.TombstoneResp.Position().setCommitPosition(at).setPreparePosition(at);
      return new streams.TombstoneResp().setPosition(position);
    });

/**
 * Calls back once: with what `work` returns, with its refusal, or with that of a server which stops. A cancelled call
 * gets no answer.
 */
const answer = <Response>(
  { calls, onError }: Needs,
  { call, callback }: { readonly call: ServerUnaryCall<unknown, Response>; readonly callback: sendUnaryData<Response> },
  work: () => Promise<Response>,
): void => {
  let isAnswered = false;
  const settle = (send: () => void) => {
    leave();
    if (isAnswered) return;
    isAnswered = true;
    send();
  };
  const fail = (error: unknown) =>
    settle(() => {
      onError(error);
      callback(toServiceError(error));
    });
  const leave = calls.add((refusal: Refusal) => setImmediate(fail, refusal));
  call.on('cancelled', () => leave());
  work().then((response) => settle(() => callback(null, response)), fail);
};

/** A stream that a client wants to delete. */
type Target = { readonly stream: string; readonly expected: ExpectedRevision };

type Deletion = Target & { readonly deletion: 'soft' | 'tombstone'; readonly isAbandoned: () => boolean };

/** Deletes a stream. Resolves with the position of the event that does it. */
const deleteStream = async ({ writerQueue, faults }: Needs, request: Deletion): Promise<string> => {
  refuse(faults.refuseAppends);
  const events = [request.deletion === 'soft' ? softDeletion() : tombstone()];
  const result = await faultyReply(faults, await writerQueue.append({ ...request, events }));
  switch (result?.outcome) {
    case 'written':
      return result.position;
    case 'wrong_version':
      throw wrongVersion(request, result.current);
    case 'stream_deleted':
      throw streamDeleted(request.stream);
    default:
      return new Promise(() => {});
  }
};

const wrongVersion = ({ stream, expected }: Target, current: bigint): Refusal =>
  new Refusal(
    status.FAILED_PRECONDITION,
    `${stream} is at another revision than expected, so it was not deleted. ` +
      `Expected: ${expected}, actual: ${current === noRevision ? 'no_stream' : current}`,
    'wrong-expected-version',
    {
      'stream-name': stream,
      'expected-version': String(typeof expected === 'bigint' ? expected : expectedNumbers[expected]),
      ...(current === noRevision ? {} : { 'actual-version': String(current) }),
    },
  );

/** The numbers that the protocol has for expectations that are no revision. */
const expectedNumbers = { no_stream: -1, any: -2, stream_exists: -4 } as const;

/** The options of both calls. Their numbers of cases are the same. */
type Options = {
  getStreamIdentifier(): shared.StreamIdentifier | undefined;
  getExpectedStreamRevisionCase(): number;
  getRevision(): string;
};

const parseTarget = (request: { getOptions(): Options | undefined }): Target => {
  const options = request.getOptions();
  if (!options) throw invalidArgument('The deletion has no options');
  const stream = parseWritableStream(options.getStreamIdentifier());
  if (isMetastream(stream)) throw invalidArgument(`${stream} has the metadata of a stream: delete that stream instead`);
  refuseDeletion(stream);
  return { stream, expected: parseExpected(options) };
};

const parseExpected = (options: Options): ExpectedRevision => {
  const { ExpectedStreamRevisionCase: expected } = streams.DeleteReq.Options;
  switch (options.getExpectedStreamRevisionCase()) {
    case expected.REVISION:
      return parseRevision(options.getRevision());
    case expected.NO_STREAM:
      return 'no_stream';
    case expected.ANY:
      return 'any';
    case expected.STREAM_EXISTS:
      return 'stream_exists';
    default:
      throw invalidArgument('The deletion has no expected revision');
  }
};
