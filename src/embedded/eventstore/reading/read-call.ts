import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Faults } from '../faults.ts';
import { type Refusal, toServiceError } from '../grpc-refusal.ts';
import type { OpenCalls } from '../open-calls.ts';
import { outgoing } from '../outgoing.ts';
import { collectReplies, type Replies, type ReplyBatch } from './reply-batch.ts';

/** A call that is being answered. `over` is aborted when nothing more can be sent. */
export type ReadCall = {
  readonly over: AbortSignal;
  readonly replies: Replies;
  /** Ends the call with OK. */
  end(): void;
};

/** Begins the answer to a call. It ends when the call is cancelled, or when the server fails all open calls. */
export const openReadCall = (
  call: ServerWritableStream<streams.ReadReq, ReplyBatch>,
  {
    calls,
    faults,
    onError,
  }: { readonly calls: OpenCalls; readonly faults: Faults; readonly onError: (error: unknown) => void },
): ReadCall & { fail(error: unknown): void } => {
  const controller = new AbortController();
  const out = outgoing(call);
  const finish = (how: () => void) => {
    leave();
    if (controller.signal.aborted) return;
    out.close();
    controller.abort();
    how();
  };
  const fail = (error: unknown) =>
    finish(() => {
      onError(error);
      call.emit('error', toServiceError(error));
    });
  const leave = calls.add((refusal: Refusal) => setImmediate(fail, refusal));
  call.on('cancelled', () => {
    if (!controller.signal.aborted) faults.cancelledReads += 1;
    finish(() => {});
  });
  return {
    over: controller.signal,
    fail,
    end: () => finish(() => call.end()),
    replies: collectReplies(out),
  };
};
