import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type handleBidiStreamingCall, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { failureReply, resultReply, timeoutReply } from './batch-replies.ts';
import type { ExpectedRevision } from './events.ts';
import { type Faults, faultyReply, refuse } from './faults.ts';
import { deadlineExceeded, invalidArgument, Refusal, streamDeleted, toServiceError } from './grpc-refusal.ts';
import type { OpenCalls } from './open-calls.ts';
import { outgoing } from './outgoing.ts';
import { parseRevision, parseWritableStream, proposal } from './proposals.ts';
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
  readonly id: shared.UUID | undefined;
  readonly options: streams.BatchAppendReq.Options | undefined;
  readonly proposed: ReturnType<typeof proposal>;
  /** The first error. It is reported at the end, because a second reply would break the client. */
  flaw: unknown;
  /** Waits for the last part until the deadline of the append. */
  timer: NodeJS.Timeout | undefined;
  /** The append was answered. Further parts of it are ignored. */
  isAnswered: boolean;
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
    /** The ids of appends that wait for their reply. */
    const unanswered = new Set<string>();
    let inputEnded = false;
    let isOver = false;

    const stopTimers = () => {
      for (const { timer } of batches.values()) clearTimeout(timer);
    };
    const finish = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      leave();
      stopTimers();
      out.close();
      if (error === undefined) call.end();
      else call.emit('error', toServiceError(error));
    };
    const leave = needs.calls.add((refusal: Refusal) => setImmediate(finish, refusal));
    call.on('cancelled', () => {
      isOver = true;
      leave();
      stopTimers();
      out.close();
    });

    const answer = async (key: string, batch: Batch) => {
      unanswered.add(key);
      if (unanswered.size === unansweredMax) call.pause();
      clearTimeout(batch.timer);
      batch.isAnswered = true;
      const response = await replyTo(call, batch, needs);
      if (!out.write(response.setCorrelationId(batch.id))) await out.drained();
      unanswered.delete(key);
      if (unanswered.size === unansweredMax - 1) call.resume();
      if (inputEnded && unanswered.size === 0) finish();
    };

    /** Answers an append that lacks its last part, so that its caller does not wait for ever. */
    const giveUp = (key: string, batch: Batch, flaw: Refusal) => {
      if (batch.isAnswered) return;
      batch.flaw = flaw;
      batch.proposed.events.length = 0;
      answer(key, batch).catch(finish);
    };

    const waitForRest = (key: string, batch: Batch) => {
      if (batches.has(key)) return;
      batches.set(key, batch);
      if (batches.size > unfinishedMax) {
        finish(invalidArgument(`More than ${unfinishedMax} unfinished appends`));
        return;
      }
      const remainingMs = deadlineOf(batch) - Date.now();
      const late = () => giveUp(key, batch, deadlineExceeded('The last part of the append did not arrive in time'));
      if (remainingMs < timerMsMax) batch.timer = setTimeout(late, Math.max(0, remainingMs));
    };

    call.on('data', (request: streams.BatchAppendReq) => {
      if (isOver) return;
      const key = Buffer.from(request.getCorrelationId()?.serializeBinary() ?? []).toString('base64');
      // A second reply to the same id would break the client.
      if (unanswered.has(key) && !batches.has(key)) return;
      const batch = batches.get(key) ?? startBatch(request);
      takeEvents(batch, request);
      if (!request.getIsFinal()) {
        waitForRest(key, batch);
        return;
      }
      batches.delete(key);
      if (!batch.isAnswered) answer(key, batch).catch(finish);
    });
    call.on('end', () => {
      inputEnded = true;
      const flaw = invalidArgument('The call ended before the last part of the append');
      for (const [key, batch] of batches) giveUp(key, batch, flaw);
      if (unanswered.size === 0) finish();
    });
  };

const startBatch = (request: streams.BatchAppendReq): Batch => {
  const options = request.getOptions();
  const flaw = options ? undefined : invalidArgument('An append starts with its options');
  return { id: request.getCorrelationId(), options, proposed: proposal(), flaw, timer: undefined, isAnswered: false };
};

const deadlineOf = ({ options }: Batch): number =>
  options?.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY;

const takeEvents = (batch: Batch, request: streams.BatchAppendReq) => {
  if (batch.flaw || batch.isAnswered) return;
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
    const deadline = deadlineOf(batch);
    const isAbandoned = () => call.cancelled || Date.now() >= deadline;
    const written = writerQueue
      .append({ stream, expected, events: proposed.events, isAbandoned })
      .then((result) => faultyReply(faults, result));
    const result = await beforeDeadline(written, deadline);
    if (result?.outcome === 'stream_deleted') throw streamDeleted(stream);
    if (!result || result.outcome === 'abandoned') return response.setError(timeoutReply());
    return resultReply(response, result, expected);
  } catch (error) {
    if (error instanceof Refusal && error.code === status.UNAVAILABLE) throw error;
    onError(error);
    return response.setError(failureReply(error, options?.getStreamIdentifier()));
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
      return parseRevision(options.getStreamPosition());
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
