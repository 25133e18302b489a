import { once } from 'node:events';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { Client, credentials, type handleServerStreamingCall, Server, ServerCredentials } from '@grpc/grpc-js';

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

// The program of a server that answers every read with the same messages, which it copied from a store before.
if (process.send) {
  process.once('message', async ({ storePort, count }: { storePort: number; count: number }) => {
    const messages: Buffer[] = [];
    await readBytes(storePort, count, (message) => messages.push(Buffer.from(message)));
    const server = new Server();
    const read: handleServerStreamingCall<streams.ReadReq, Buffer> = async (call) => {
      for (const message of messages) if (!call.write(message)) await once(call, 'drain');
      call.end();
    };
    server.addService({ read: { ...StreamsService.read, responseSerialize: same } }, { read });
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) throw error;
      process.send?.({ port });
    });
  });
  process.on('disconnect', () => process.exit());
}
