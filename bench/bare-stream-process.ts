import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { Client, credentials } from '@grpc/grpc-js';

const { Options } = streams.ReadReq;
const same = (bytes: Buffer) => bytes;

/** Returns a request for the first `count` events of the log. */
const readAll = (count: number): streams.ReadReq => {
  const all = new Options.AllOptions();
  all.setStart(new shared.Empty());
  const uuids = new Options.UUIDOption();
  uuids.setString(new shared.Empty());
  const options = new Options();
  options.setAll(all);
  options.setCount(String(count));
  options.setNoFilter(new shared.Empty());
  options.setUuidOption(uuids);
  return new streams.ReadReq().setOptions(options);
};

/** Reads the first `count` events of the log as bytes, without decoding them. `onMessage` gets each message. */
export const readBytes = async (port: number, count: number, onMessage: (message: Buffer) => void): Promise<void> => {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
  const { path, requestSerialize } = StreamsService.read;
  const call = client.makeServerStreamRequest(path, requestSerialize, same, readAll(count));
  call.on('data', onMessage);
  await once(call, 'end');
  client.close();
};

/** Returns the messages in the frames of gRPC, in pieces of at least 64 KiB. */
const framed = (messages: readonly Buffer[]): readonly Buffer[] => {
  const pieces: Buffer[] = [];
  let piece: Buffer[] = [];
  let bytes = 0;
  for (const message of messages) {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    piece.push(head, message);
    bytes += head.length + message.length;
    if (bytes < 65_536) continue;
    pieces.push(Buffer.concat(piece));
    piece = [];
    bytes = 0;
  }
  return [...pieces, Buffer.concat(piece)];
};

const answerWith = async (stream: ServerHttp2Stream, pieces: readonly Buffer[]): Promise<void> => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  for (const piece of pieces) if (!stream.write(piece)) await once(stream, 'drain');
  stream.end();
};

// The program of a server that answers every read with the same bytes, which it copied from a store before. It is HTTP/2
// without anything else.
if (process.send) {
  process.once('message', async ({ storePort, count }: { storePort: number; count: number }) => {
    const messages: Buffer[] = [];
    await readBytes(storePort, count, (message) => messages.push(Buffer.from(message)));
    const pieces = framed(messages);
    const server = createServer();
    server.on('stream', (stream) => void answerWith(stream, pieces));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
    });
  });
  process.on('disconnect', () => process.exit());
}
