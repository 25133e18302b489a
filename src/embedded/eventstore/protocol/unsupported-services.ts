import { OperationsService } from '@eventstore/db-client/generated/operations_grpc_pb.js';
import { PersistentSubscriptionsService } from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import { ProjectionsService } from '@eventstore/db-client/generated/projections_grpc_pb.js';
import { UsersService } from '@eventstore/db-client/generated/users_grpc_pb.js';
import type { handleUnaryCall, Server, UntypedHandleCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { toServiceError, unimplemented } from '../grpc-refusal.ts';

/** Adds the services that this server does not implement. Their calls say what to use instead. */
export const addUnsupportedServices = (server: Server): void => {
  server.addService(PersistentSubscriptionsService, {
    ...refuseAll(
      PersistentSubscriptionsService,
      'Persistent subscriptions are not implemented by this server. Use a catch-up subscription (subscribeToStream, ' +
        'subscribeToAll) and store its position, or connect to KurrentDB',
    ),
    list: listNone,
  });
  server.addService(
    ProjectionsService,
    refuseAll(
      ProjectionsService,
      'Projections are not implemented by this server. Fold the events of a catch-up subscription in your program, or ' +
        'connect to KurrentDB',
    ),
  );
  server.addService(
    UsersService,
    refuseAll(UsersService, 'This server has no users that a client manages. The operator of License Ledger adds them'),
  );
  server.addService(
    OperationsService,
    refuseAll(
      OperationsService,
      'This server has no scavenge and no other operations: it never removes events. Use the ledger command to stop it ' +
        'and to back it up',
    ),
  );
};

/** Handles PersistentSubscriptions.List: there are none. */
const listNone: handleUnaryCall<persistent.ListReq, persistent.ListResp> = (_call, callback) =>
  callback(null, new persistent.ListResp());

const refuseAll = (service: object, sentence: string): UntypedServiceImplementation =>
  Object.fromEntries(Object.keys(service).map((method) => [method, refuseWith(sentence)]));

/** Unary calls and those in which the client streams have a callback. The others fail by an event. */
const refuseWith = (sentence: string): UntypedHandleCall => {
  const error = toServiceError(unimplemented(sentence));
  return (call: { emit(name: 'error', reason: Error): unknown }, callback?: (reason: Error) => void) => {
    if (callback) callback(error);
    else call.emit('error', error);
  };
};
