import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { type Faults, faultyReply, noFaults, refuse } from '../../src/embedded/eventstore/faults.ts';
import { toServiceError, unimplemented } from '../../src/embedded/eventstore/grpc-refusal.ts';
import { loginMetadata, protocolClients, storeAddress } from './protocol-clients.ts';
import { createRenaming, type Renaming } from './renamed-streams.ts';

/** A server between tests and a store that they share with others. */
export type StoreProxy = { readonly port: number; readonly faults: Faults; stop(): Promise<void> };

/**
 * Starts a server that passes appends and reads on to the store at `url`. Every stream gets the prefix there, and
 * clients see only these streams, without it. So a test has a log of its own, also `$all`. It can cause the faults of
 * the embedded server, except for `readEndDelayMs`.
 */
export const startStoreProxy = async (url: string, prefix: string): Promise<StoreProxy> => {
  const faults = noFaults();
  const address = storeAddress(url);
  const upstream = protocolClients(address);
  const login = loginMetadata(address);
  const head = await readHead(upstream, login);
  const needs: Needs = { upstream, login, faults, renaming: createRenaming(prefix, head) };
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  server.addService(ServerFeaturesService, { getSupportedMethods: answerFeatures });
  server.addService(StreamsService, {
    append: passAppend(needs),
    read: passRead(needs),
    batchAppend: refuseDuplex,
    delete: refuseUnary,
    tombstone: refuseUnary,
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    port,
    faults,
    stop: async () => {
      server.forceShutdown();
      upstream.close();
    },
  };
};

/** Returns the position of the last event of the store; undefined when it has none. */
const readHead = async (
  { streams: client }: ReturnType<typeof protocolClients>,
  login: ReturnType<typeof loginMetadata>,
): Promise<streams.ReadReq.Options.Position | undefined> => {
  const options = new streams.ReadReq.Options();
  options.setAll(new streams.ReadReq.Options.AllOptions().setEnd(new shared.Empty()));
  options.setReadDirection(streams.ReadReq.Options.ReadDirection.BACKWARDS);
  options.setCount('1');
  options.setNoFilter(new shared.Empty());
  options.setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty()));
  for await (const message of client.read(new streams.ReadReq().setOptions(options), login)) {
    const { commitPosition, preparePosition } = message.getEvent()?.getEvent()?.toObject() ?? {};
    if (commitPosition === undefined || preparePosition === undefined) continue;
    const position = new streams.ReadReq.Options.Position();
    position.setCommitPosition(commitPosition);
    position.setPreparePosition(preparePosition);
    return position;
  }
  return undefined;
};

type Needs = {
  readonly upstream: ReturnType<typeof protocolClients>;
  readonly login: ReturnType<typeof loginMetadata>;
  readonly faults: Faults;
  readonly renaming: Renaming;
};

const refused = toServiceError(unimplemented('The proxy of the tests passes on Append and Read only'));

const refuseUnary: handleUnaryCall<unknown, never> = (_call, callback) => callback(refused);

const refuseDuplex: handleBidiStreamingCall<unknown, unknown> = (call) => {
  call.emit('error', refused);
};

const answerFeatures: handleUnaryCall<unknown, features.SupportedMethods> = (_call, callback) => {
  const answer = new features.SupportedMethods();
  answer.setEventStoreServerVersion('24.6.0');
  for (const { path } of [StreamsService.append, StreamsService.read]) {
    const [, service = '', method = ''] = path.toLowerCase().split('/');
    const supported = new features.SupportedMethod();
    supported.setServiceName(service);
    supported.setMethodName(method);
    answer.addMethods(supported);
  }
  callback(null, answer);
};

const passAppend =
  ({ upstream, login, faults, renaming }: Needs): handleClientStreamingCall<streams.AppendReq, streams.AppendResp> =>
  (call, callback) => {
    const reply = async (response: streams.AppendResp): Promise<void> => {
      const written = { outcome: 'written', revision: 0n, position: '0' } as const;
      const result = response.hasSuccess() ? written : ({ outcome: 'wrong_version', current: 0n } as const);
      try {
        // Without a result the reply is lost: the caller waits for ever.
        if ((await faultyReply(faults, result)) !== undefined) callback(null, response);
      } catch (error) {
        callback(toServiceError(error));
      }
    };
    try {
      refuse(faults.refuseAppends);
    } catch (error) {
      callback(toServiceError(error));
      return;
    }
    // What has arrived here reaches the store, also when the caller has given up meanwhile.
    const passed = upstream.streams.append(login, (error, response) => {
      if (error) callback(error);
      else void reply(response);
    });
    call.on('data', (message: streams.AppendReq) => passed.write(renaming.append(message)));
    call.on('end', () => passed.end());
  };

const passRead =
  ({ upstream, login, faults, renaming }: Needs): handleServerStreamingCall<streams.ReadReq, streams.ReadResp> =>
  (call) => {
    const isFiltered = call.request.getOptions()?.hasFilter() === true;
    const isSubscription = call.request.getOptions()?.hasSubscription() === true;
    try {
      refuse(faults.refuseReads);
      renaming.read(call.request);
    } catch (error) {
      call.emit('error', toServiceError(error));
      return;
    }
    const passed = upstream.streams.read(call.request, login, { deadline: call.getDeadline() });
    let isOver = false;
    const end = () => {
      faults.openSubscriptions.delete(end);
      isOver = true;
      call.end();
    };
    if (isSubscription) faults.openSubscriptions.add(end);
    const waiting: streams.ReadResp[] = [];
    passed.on('data', (message: streams.ReadResp) => {
      // The filter is the proxy's own, so nobody waits for its checkpoints.
      if (message.hasCheckpoint() && !isFiltered) return;
      waiting.push(renaming.response(message));
      if (isSubscription && faults.subscriptionsHang) return;
      let goesOn = true;
      for (const each of waiting.splice(0)) goesOn = call.write(each);
      if (goesOn) return;
      passed.pause();
      call.once('drain', () => passed.resume());
    });
    passed.on('end', end);
    passed.on('error', (error: ServiceError) => {
      faults.openSubscriptions.delete(end);
      isOver = true;
      if (!call.cancelled) call.emit('error', error);
    });
    call.on('cancelled', () => {
      faults.openSubscriptions.delete(end);
      // A call that is over reports this, too.
      if (!isSubscription && !isOver) faults.cancelledReads += 1;
      passed.cancel();
    });
  };
