import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { PersistentSubscriptionsService } from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { handleUnaryCall } from '@grpc/grpc-js';

/** This server behaves like this version of EventStoreDB. */
const serverVersion = '24.6.0';

/** The implemented methods only, because clients choose their calls by this list. */
const implemented = [
  GossipService.read,
  ServerFeaturesService.getSupportedMethods,
  StreamsService.append,
  StreamsService.batchAppend,
  StreamsService.delete,
  StreamsService.read,
  StreamsService.tombstone,
  PersistentSubscriptionsService.list,
];

/** What a method can do beyond its first version, as EventStoreDB calls it. */
const featuresOf: Readonly<Record<string, readonly string[]>> = {
  [StreamsService.batchAppend.path]: ['deadline_duration'],
  [StreamsService.read.path]: ['position', 'events'],
  [PersistentSubscriptionsService.list.path]: ['stream', 'all'],
};

/** Handles ServerFeatures.GetSupportedMethods. */
export const supportedMethodsHandler: handleUnaryCall<shared.Empty, features.SupportedMethods> = (_call, callback) => {
  const answer = new features.SupportedMethods();
  answer.setEventStoreServerVersion(serverVersion);
  for (const { path } of implemented) {
    const [, service = '', method = ''] = path.toLowerCase().split('/');
    const supported = new features.SupportedMethod();
    supported.setServiceName(service);
    supported.setMethodName(method);
    supported.setFeaturesList([...(featuresOf[path] ?? [])]);
    answer.addMethods(supported);
  }
  callback(null, answer);
};
