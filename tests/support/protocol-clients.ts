import { readFileSync } from 'node:fs';
import { GossipClient } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { ServerFeaturesClient } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';

/** The parts of an `esdb://` URL with a single host. `login` is null without one. */
export type StoreAddress = {
  readonly host: string;
  readonly login: { readonly username: string; readonly password: string } | null;
  readonly channel: ChannelCredentials;
};

/** Reads a URL such as `esdb://user:password@host:2113?tlsCAFile=ca.pem`. Throws when it names several hosts. */
export const storeAddress = (url: string): StoreAddress => {
  const { protocol, host, username, password, searchParams } = new URL(url.replace(/^esdb:/, 'http:'));
  if (protocol !== 'http:' || host === '') throw new Error(`Not the URL of a single store: ${url}`);
  const options = new Map([...searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  const caFile = options.get('tlscafile');
  return {
    host: host.includes(':') ? host : `${host}:2113`,
    login: username === '' ? null : { username: decodeURIComponent(username), password: decodeURIComponent(password) },
    channel:
      options.get('tls') === 'false'
        ? credentials.createInsecure()
        : credentials.createSsl(caFile === undefined ? null : readFileSync(caFile)),
  };
};

/** Returns the metadata of a call with this login. */
export const loginMetadata = ({ login }: StoreAddress): Metadata => {
  const metadata = new Metadata();
  if (login !== null) {
    const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64');
    metadata.set('authorization', `Basic ${basic}`);
  }
  return metadata;
};

/** Returns clients of the protocol itself, for requests that the official client cannot send. */
export const protocolClients = ({ host, channel }: StoreAddress) => {
  const limits = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
  const streams = new StreamsClient(host, channel, limits);
  const features = new ServerFeaturesClient(host, channel);
  const gossip = new GossipClient(host, channel);
  return {
    streams,
    features,
    gossip,
    close: () => {
      for (const client of [streams, features, gossip]) client.close();
    },
  };
};
