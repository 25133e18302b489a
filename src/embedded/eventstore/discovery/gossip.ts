import { randomUUID } from 'node:crypto';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { handleUnaryCall } from '@grpc/grpc-js';

/** The address at which clients reach a server, when it is not the one at which the server listens. */
export type Advertised = { readonly host?: string | undefined; readonly port?: number | undefined };

/** Where the server listens. */
type Listening = { readonly host: string; readonly port: number };

/**
 * Handles Gossip.Read. The answer is a cluster of this server alone, as its leader, so clients that discover a cluster
 * find it. A server that listens on all addresses names the host that the client has called.
 */
export const gossipHandler = (
  advertised: Advertised,
  listening: () => Listening,
): handleUnaryCall<shared.Empty, gossip.ClusterInfo> => {
  const instanceId = new shared.UUID().setString(randomUUID());
  return (call, callback) => {
    const { host, port } = listening();
    const endPoint = new gossip.EndPoint();
    endPoint.setAddress(advertised.host ?? (allAddresses.has(host) ? hostOf(call.getHost(), host) : host));
    endPoint.setPort(advertised.port ?? port);
    const member = new gossip.MemberInfo();
    member.setInstanceId(instanceId);
    member.setTimeStamp(`${Date.now()}0000`);
    member.setState(gossip.MemberInfo.VNodeState.LEADER);
    member.setIsAlive(true);
    member.setHttpEndPoint(endPoint);
    const cluster = new gossip.ClusterInfo();
    cluster.addMembers(member);
    callback(null, cluster);
  };
};

/** Addresses at which a server may listen, but that lead a client to its own machine. */
const allAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

/** Returns the host of a request's authority, such as `store.example:2113`. */
const hostOf = (authority: string, otherwise: string): string =>
  URL.canParse(`http://${authority}`) ? new URL(`http://${authority}`).hostname : otherwise;
