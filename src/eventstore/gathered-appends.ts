import { randomBytes } from 'node:crypto';
import type { EventStoreDBClient } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { type Append, type Appended, errorOfReply, messageOf, unknownOutcome } from './append-errors.ts';

/** The appends of a process that go over one call of BatchAppend. */
export type GatheredAppends = {
  /**
   * Appends once, as `append` of the port. Rejects with OutcomeUnknown when the call cannot be made or ends before the
   * answer, when the answer is none that we know, and when there is none in time. Throws TypeError for an event without a
   * JSON form.
   */
  readonly append: (append: Append) => Promise<Appended>;
  /** Ends all calls and opens no more. Appends without an answer reject with OutcomeUnknown. */
  readonly close: () => void;
};

/** An append without an answer. */
type Pending = {
  readonly append: Append;
  readonly request: streams.BatchAppendReq;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: Error) => void;
};

/**
 * An open call. Its appends have numbers, and `most` is the first half of their correlation ids. No two calls have the
 * same one, so a late reply never finds another append.
 */
type Open = {
  readonly grpc: StreamsClient;
  readonly call: ReturnType<StreamsClient['batchAppend']>;
  readonly most: bigint;
  readonly pending: Map<bigint, Pending>;
  last: bigint;
};

type Credentials = { readonly username: string; readonly password: string };

/** Members of the client that it declares for itself only. They stay, because the client gets no further release. */
type Internals = {
  readonly getGRPCClient: (client: typeof StreamsClient, name: string) => Promise<StreamsClient>;
  readonly callArguments: (
    base: { readonly credentials: Credentials; readonly requiresLeader: boolean },
    call: { readonly deadline: number },
  ) => Parameters<StreamsClient['batchAppend']>;
};

/**
 * Sends the appends of a process over one call of the client's own channel, so that each costs a message and not a call.
 * The client can do that too, but there the error of one call ends the appends of all clients of the process. A new
 * channel gets a new call, and so do the appends after one that got no answer in time. A call that is idle for a second
 * ends, because it would keep the process alive.
 */
export const gatherAppends = (client: () => EventStoreDBClient, credentials: Credentials): GatheredAppends => {
  let open: Open | null = null;
  /** All calls that have not ended. */
  const calls = new Set<Open>();
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;

  /** Takes no further append, and lets those without an answer get theirs. */
  const leave = (left: Open): void => {
    if (open !== left) return;
    open = null;
    left.call.end();
  };
  const leaveIdle = (): void => {
    if (open === null) return;
    if (open.pending.size > 0) idle?.refresh();
    else leave(open);
  };
  const openOn = (own: EventStoreDBClient, grpc: StreamsClient): Open => {
    const { callArguments } = internalsOf(own);
    const call = grpc.batchAppend(
      ...callArguments({ credentials, requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY }),
    );
    const opened: Open = { grpc, call, most: randomBytes(8).readBigInt64BE(), pending: new Map(), last: 0n };
    calls.add(opened);
    const end = (reason: string): void => {
      if (open === opened) open = null;
      calls.delete(opened);
      const left = [...opened.pending.values()];
      opened.pending.clear();
      for (const { append, reject } of left) reject(unknownOutcome(append.stream, reason));
    };
    call.on('data', (reply: streams.BatchAppendResp) => {
      const number = numberIn(reply, opened);
      const pending = number === null ? undefined : opened.pending.get(number);
      // A caller that has given up sends its append again, and the answer to that counts.
      if (number === null || pending === undefined) return;
      opened.pending.delete(number);
      answer(pending, reply);
    });
    call.on('error', (error) => end(error.message));
    call.on('end', () => end('The event store has ended the call.'));
    return opened;
  };

  /** Returns what to call when the answer does not come in time. */
  const send = async (pending: Pending, isOver: () => boolean): Promise<() => void> => {
    const own = client();
    const grpc = await internalsOf(own).getGRPCClient(StreamsClient, 'gathered appends');
    if (isOver()) return () => {};
    if (isClosed) throw new Error('The connection to the event store was closed.');
    if (open !== null && open.grpc !== grpc) leave(open);
    open ??= openOn(own, grpc);
    const opened = open;
    idle ??= setTimeout(leaveIdle, idleMs);
    idle.refresh();
    opened.last += 1n;
    const number = opened.last;
    opened.call.write(pending.request.setCorrelationId(correlationOf(opened, number)));
    opened.pending.set(number, pending);
    return () => {
      opened.pending.delete(number);
      leave(opened);
      // The server then writes none of those that it has not begun.
      if (opened.pending.size === 0) opened.call.cancel();
    };
  };

  return {
    append: async (append) => {
      const request = requestOf(append);
      return new Promise((resolve, reject) => {
        let isOver = false;
        let forget = () => {};
        const timer = setTimeout(() => {
          isOver = true;
          forget();
          reject(unknownOutcome(append.stream, `No answer within ${append.timeoutMs} ms.`));
        }, append.timeoutMs + graceMs);
        const settled =
          <Result>(settle: (result: Result) => void) =>
          (result: Result): void => {
            clearTimeout(timer);
            settle(result);
          };
        const pending = { append, request, resolve: settled(resolve), reject: settled(reject) };
        send(pending, () => isOver).then(
          (known) => {
            forget = known;
          },
          (error: unknown) => pending.reject(unknownOutcome(append.stream, messageOf(error), error)),
        );
      });
    },
    close: () => {
      isClosed = true;
      clearTimeout(idle);
      for (const { call } of calls) call.cancel();
    },
  };
};

const internalsOf = (client: EventStoreDBClient): Internals => client as unknown as Internals;

const answer = ({ append, resolve, reject }: Pending, reply: streams.BatchAppendResp): void => {
  const failed = reply.getError();
  const position = reply.getSuccess()?.getPosition();
  if (failed !== undefined) reject(errorOfReply(append, failed));
  else if (position === undefined)
    reject(unknownOutcome(append.stream, 'The event store did not tell the position of an append.'));
  else
    resolve({
      revision: BigInt(reply.getSuccess()?.getCurrentRevision() ?? 0),
      position: { commit: BigInt(position.getCommitPosition()), prepare: BigInt(position.getPreparePosition()) },
    });
};

/** Returns the request without its correlation id. */
const requestOf = ({ stream, events, expected, timeoutMs }: Append): streams.BatchAppendReq => {
  const options = new streams.BatchAppendReq.Options()
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream)))
    .setDeadline(timestampPb.Timestamp.fromDate(new Date(Date.now() + timeoutMs)));
  if (expected === 'no_stream') options.setNoStream(new emptyPb.Empty());
  else options.setStreamPosition(`${expected}`);
  const request = new streams.BatchAppendReq().setOptions(options).setIsFinal(true);
  for (const { id, type, data, metadata } of events) {
    const message = new streams.BatchAppendReq.ProposedMessage()
      .setId(new shared.UUID().setString(id))
      .setData(Buffer.from(JSON.stringify(data)))
      .setCustomMetadata(Buffer.from(JSON.stringify(metadata)));
    message.getMetadataMap().set('type', type).set('content-type', 'application/json');
    request.addProposedMessages(message);
  }
  return request;
};

const correlationOf = ({ most }: Open, number: bigint): shared.UUID =>
  new shared.UUID().setStructured(
    new shared.UUID.Structured().setMostSignificantBits(`${most}`).setLeastSignificantBits(`${number}`),
  );

/** Returns the number of the append that a reply is for; null when it is for none of this call. */
const numberIn = (reply: streams.BatchAppendResp, { most }: Open): bigint | null => {
  const id = reply.getCorrelationId();
  const parts = id?.getStructured();
  if (parts !== undefined)
    return BigInt(parts.getMostSignificantBits()) === most ? BigInt(parts.getLeastSignificantBits()) : null;
  // A server may answer with the text of the id.
  const hex = (id?.getString() ?? '').replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) return null;
  return BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)) === most ? BigInt(`0x${hex.slice(16)}`) : null;
};

const idleMs = 1_000;
// The server itself answers at the deadline.
const graceMs = 250;
