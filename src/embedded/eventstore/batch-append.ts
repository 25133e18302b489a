import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type handleBidiStreamingCall, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { failureReply, resultReply, timeoutReply } from './batch-replies.ts';
import type { ExpectedRevision } from './events.ts';
import { type Faults, faultyReply, refuse } from './faults.ts';
import { invalidArgument, Refusal, toServiceError } from './grpc-refusal.ts';
import type { OpenCalls } from './open-calls.ts';
import { outgoing } from './outgoing.ts';
import { parseWritableStream, proposal } from './proposals.ts';
import type { WriterQueue } from './writer-queue.ts';

const { BatchAppendReq } = streams;

type Needs = {
  readonly writerQueue: WriterQueue;
  readonly faults: Faults;
  readonly calls: OpenCalls;
  readonly onError: (error: unknown) => void;
};

/** An append of several messages with the same correlation id. It gets exactly one reply. */
type Batch = {
  readonly options: streams.BatchAppendReq.Options | undefined;
  readonly proposed: ReturnType<typeof proposal>;
  /** The first error. It is reported at the end, because a second reply would break the client. */
  flaw: unknown;
};

/** A call stops reading at so many unanswered appends, and fails at so many unfinished ones. */
const unansweredMax = 1_000;
const unfinishedMax = 1_000;

type Duplex = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

/** Handles Streams.BatchAppend: any number of appends over one call. Answers each append when it is done. */
export const batchAppendHandler =
  (needs: Needs): handleBidiStreamingCall<streams.BatchAppendReq, streams.BatchAppendResp> =>
  (call) => {
    const batches = new Map<string, Batch>();
    const out = outgoing(call);
    let unanswered = 0;
    let inputEnded = false;
    let isOver = false;

    const finish = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      leave();
      out.close();
      if (error === undefined) call.end();
      else call.emit('error', toServiceError(error));
    };
    const leave = needs.calls.add((refusal: Refusal) => setImmediate(finish, refusal));
    call.on('cancelled', () => {
      isOver = true;
      leave();
      out.close();
    });

    const answer = async (id: shared.UUID | undefined, batch: Batch) => {
      unanswered += 1;
      if (unanswered === unansweredMax) call.pause();
      const response = await replyTo(call, batch, needs);
      if (!out.write(response.setCorrelationId(id))) await out.drained();
      unanswered -= 1;
      if (unanswered === unansweredMax - 1) call.resume();
      if (inputEnded && unanswered === 0) finish();
    };

    call.on('data', (request: streams.BatchAppendReq) => {
      if (isOver) return;
      const id = request.getCorrelationId();
      const key = Buffer.from(id?.serializeBinary() ?? []).toString('base64');
      const batch = batches.get(key) ?? startBatch(request);
      takeEvents(batch, request);
      if (!request.getIsFinal()) {
        batches.set(key, batch);
        if (batches.size > unfinishedMax) finish(invalidArgument(`More than ${unfinishedMax} unfinished appends`));
        return;
      }
      batches.delete(key);
      answer(id, batch).catch(finish);
    });
    call.on('end', () => {
      inputEnded = true;
      if (unanswered === 0) finish();
    });
  };

const startBatch = (request: streams.BatchAppendReq): Batch => {
  const options = request.getOptions();
  const flaw = options ? undefined : invalidArgument('An append starts with its options');
  return { options, proposed: proposal(), flaw };
};

const takeEvents = (batch: Batch, request: streams.BatchAppendReq) => {
  if (batch.flaw) return;
  try {
    for (const message of request.getProposedMessagesList()) batch.proposed.add(message);
  } catch (error) {
    batch.flaw = error;
    batch.proposed.events.length = 0;
  }
};

/** Returns the reply to an append. Rejects when the whole call must fail, because no reply can tell what happened. */
const replyTo = async (call: Duplex, batch: Batch, { writerQueue, faults, onError }: Needs) => {
  refuse(faults.refuseAppends);
  const { options, proposed } = batch;
  const response = new streams.BatchAppendResp();
  // The client reads the name of the stream from every reply, even when the append named no stream.
  response.setStreamIdentifier(options?.getStreamIdentifier() ?? new shared.StreamIdentifier());
  try {
    if (batch.flaw || !options) throw batch.flaw;
    const stream = parseWritableStream(options.getStreamIdentifier());
    const expected = parseExpected(options);
    const deadline = options.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY;
    const isAbandoned = () => call.cancelled || Date.now() >= deadline;
    const written = writerQueue
      .append({ stream, expected, events: proposed.events, isAbandoned })
      .then((result) => faultyReply(faults, result));
    const result = await beforeDeadline(written, deadline);
    if (!result || result.outcome === 'abandoned') return response.setError(timeoutReply());
    return resultReply(response, result, expected);
  } catch (error) {
    if (error instanceof Refusal && error.code === status.UNAVAILABLE) throw error;
    onError(error);
    return response.setError(failureReply(error));
  }
};

/** Returns the result of `work`, or undefined at the deadline. Without a deadline it may wait for ever. */
const beforeDeadline = <Result>(work: Promise<Result | undefined>, deadline: number) =>
  new Promise<Result | undefined>((resolve, reject) => {
    const remainingMs = deadline - Date.now();
    const timer = remainingMs < timerMsMax ? setTimeout(resolve, Math.max(0, remainingMs), undefined) : undefined;
    work.then(
      (result) => {
        if (result === undefined) return;
        clearTimeout(timer);
        resolve(result);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });

/** The longest time of a timer in Node. A later deadline counts as none. */
const timerMsMax = 2 ** 31 - 1;

const parseExpected = (options: streams.BatchAppendReq.Options): ExpectedRevision => {
  const { ExpectedStreamPositionCase: expected } = BatchAppendReq.Options;
  switch (options.getExpectedStreamPositionCase()) {
    case expected.STREAM_POSITION:
      return BigInt(options.getStreamPosition());
    case expected.NO_STREAM:
      return 'no_stream';
    case expected.ANY:
      return 'any';
    case expected.STREAM_EXISTS:
      return 'stream_exists';
    case expected.EXPECTED_STREAM_POSITION_NOT_SET:
      throw invalidArgument('The append has no expected revision');
  }
};
