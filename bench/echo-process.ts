import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';

const same = (bytes: Buffer) => bytes;

/** A unary call that answers with its request, which measures the cost of gRPC alone. */
export const echoService = {
  echo: {
    path: '/bench.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
} satisfies ServiceDefinition;

if (process.send) {
  const server = new Server();
  server.addService(echoService, {
    echo: (call: { request: Buffer }, reply: (error: null, answer: Buffer) => void) => reply(null, call.request),
  });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.send?.({ port });
  });
  process.on('disconnect', () => process.exit());
}
