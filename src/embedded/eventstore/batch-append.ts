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
  proposed: ReturnType<typeof proposal>;
  /** The first error. It is reported at the end, because a second reply would break the client. */
  flaw: unknown;
  /** Waits for the last part until the deadline of the append. */
  timer: NodeJS.Timeout | undefined;
};

/** A call stops reading at so many appends that wait for their reply, and fails at so many unfinished ones. */
const appendsMax = 1_000;
/** The same for the bytes of their events. */
const bytesMax = 64 * 1024 * 1024;

/** So many appends that were answered before their last part are known, so that later parts of them are ignored. */
const answeredEarlyMax = 10_000;

type Duplex = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

/** Handles Streams.BatchAppend: any number of appends over one call. Answers each append when it is done. */
export const batchAppendHandler =
  (needs: Needs): handleBidiStreamingCall<streams.BatchAppendReq, streams.BatchAppendResp> =>
  (call) => {
    /** The appends that lack their last part, and their bytes. */
    const batches = new Map<string, Batch>();
    let unfinishedBytes = 0;
    const answeredEarly = new Set<string>();
    const out = outgoing(call);
    /** The ids of appends that wait for their reply, and their bytes. */
    const unanswered = new Set<string>();
    let unansweredBytes = 0;
    let isPaused = false;
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

    const setPaused = () => {
      const isFull = unanswered.size >= appendsMax || unansweredBytes >= bytesMax;
      if (isFull === isPaused) return;
      isPaused = isFull;
      if (isFull) call.pause();
      else call.resume();
    };

    const answer = async (key: string, batch: Batch) => {
      const bytes = batch.proposed.bytes();
      batches.delete(key);
      unanswered.add(key);
      unfinishedBytes -= bytes;
      unansweredBytes += bytes;
      setPaused();
      clearTimeout(batch.timer);
      const response = await replyTo(call, batch, needs);
      if (!out.write(response.setCorrelationId(batch.id))) await out.drained();
      unanswered.delete(key);
      unansweredBytes -= bytes;
      setPaused();
      if (inputEnded && unanswered.size === 0) finish();
    };

    /** Answers an append that lacks its last part, so that its caller does not wait for ever. */
    const giveUp = (key: string, batch: Batch, flaw: Refusal) => {
      batch.flaw = flaw;
      answeredEarly.add(key);
      const [oldest] = answeredEarly;
      if (oldest !== undefined && answeredEarly.size > answeredEarlyMax) answeredEarly.delete(oldest);
      answer(key, batch).catch(finish);
    };

    const waitForRest = (key: string, batch: Batch) => {
      if (batches.has(key)) return;
      batches.set(key, batch);
      if (batches.size > appendsMax) {
        finish(invalidArgument(`More than ${appendsMax} unfinished appends`));
        return;
      }
      const remainingMs = deadlineOf(batch) - Date.now();
      const late = () => giveUp(key, batch, deadlineExceeded('The last part of the append did not arrive in time'));
      if (remainingMs < timerMsMax) batch.timer = setTimeout(late, Math.max(0, remainingMs));
    };

    call.on('data', (request: streams.BatchAppendReq) => {
      if (isOver) return;
      const key = Buffer.from(request.getCorrelationId()?.serializeBinary() ?? []).toString('base64');
      const isFinal = request.getIsFinal();
      // A second reply to the same id would break the client.
      if (answeredEarly.has(key)) {
        if (isFinal) answeredEarly.delete(key);
        return;
      }
      if (unanswered.has(key)) return;
      const batch = batches.get(key) ?? startBatch(request);
      const bytesBefore = batch.proposed.bytes();
      takeEvents(batch, request);
      unfinishedBytes += batch.proposed.bytes() - bytesBefore;
      if (isFinal) answer(key, batch).catch(finish);
      else if (unfinishedBytes > bytesMax) finish(invalidArgument(`More than ${bytesMax} bytes of unfinished appends`));
      else waitForRest(key, batch);
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
  return { id: request.getCorrelationId(), options, proposed: proposal(), flaw, timer: undefined };
};

const deadlineOf = ({ options }: Batch): number =>
  options?.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY;

const takeEvents = (batch: Batch, request: streams.BatchAppendReq) => {
  if (batch.flaw) return;
  try {
    for (const message of request.getProposedMessagesList()) batch.proposed.add(message);
  } catch (error) {
    batch.flaw = error;
    batch.proposed = proposal();
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
