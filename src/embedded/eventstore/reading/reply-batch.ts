import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Outgoing } from '../outgoing.ts';

/** A message of an answer: an object of the generated code, or its bytes. */
export type ReadReply = streams.ReadResp | Buffer;

/** Messages of one answer, in order, that are sent with one write. */
export type ReplyBatch = { readonly messages: readonly Buffer[] };

/** Collects the messages of an answer. */
export type Replies = {
  /** Adds a message. Returns true when the batch is full: then wait for `send`. */
  add(reply: ReadReply): boolean;
  /** Sends what was added. Resolves when the client accepts more, or when the call has ended. */
  send(): Promise<void>;
};

/** A larger batch is not cheaper to send. Up to 16 batches wait in memory for a slow client. */
const batchBytesMax = 32 * 1024;

/** Creates the collector of the messages of one answer. */
export const collectReplies = (out: Outgoing<ReplyBatch>): Replies => {
  let messages: Buffer[] = [];
  let bytes = 0;
  return {
    add: (reply) => {
      const message = Buffer.isBuffer(reply) ? reply : Buffer.from(reply.serializeBinary());
      messages.push(message);
      bytes += message.length;
      return bytes >= batchBytesMax;
    },
    send: async () => {
      if (messages.length === 0) return;
      const batch = { messages };
      messages = [];
      bytes = 0;
      if (!out.write(batch)) await out.drained();
    },
  };
};

/** The protocol precedes each message with a zero and its length in four bytes. */
const headBytes = 5;

/**
 * Returns the bytes of a batch for grpc-js, which writes one message at a time to the socket, and that costs more than
 * all the rest of reading. grpc-js makes a head for the length of these bytes and calls `copy`. The copy replaces that
 * head, so the client gets several messages. It uses no other member of a Buffer, and the tests of reads fail when that changes.
 */
export const serializeBatch = ({ messages }: ReplyBatch): Buffer => {
  const framedBytes = messages.reduce((sum, { length }) => sum + headBytes + length, 0);
  const copy = (target: Buffer, start: number): number => {
    let at = start - headBytes;
    for (const message of messages) {
      target[at] = 0;
      target.writeUInt32BE(message.length, at + 1);
      message.copy(target, at + headBytes);
      at += headBytes + message.length;
    }
    return at - start;
  };
  return { byteLength: framedBytes - headBytes, copy } as unknown as Buffer;
};
