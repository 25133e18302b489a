import { EventStoreDBClient } from '@eventstore/db-client';
import gossipMessages from '@eventstore/db-client/generated/gossip_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { describe, expect } from 'vitest';
import { collect, event } from '../../embedded/eventstore/harness.ts';
import { storeAddress } from '../../support/protocol-clients.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

const { LEADER } = gossipMessages.MemberInfo.VNodeState;

/** Checks what the server says about itself. */
export const describeFeatures = (open: () => ContractServer): void => {
  const supported = () =>
    new Promise<{ methods: readonly string[]; version: string }>((resolve, reject) => {
      const { raw, login } = open();
      raw.features.getSupportedMethods(new shared.Empty(), login, (error, response) => {
        if (error) return reject(error);
        const methods = response
          .getMethodsList()
          .map((method) => `${method.getServiceName()}/${method.getMethodName()}`.toLowerCase());
        resolve({ methods, version: response.getEventStoreServerVersion() });
      });
    });
  const streams = (names: readonly string[]) => names.map((name) => `event_store.client.streams.streams/${name}`);

  describe('ServerFeatures:', () => {
    statement('The server lists Append, BatchAppend and Read', async () => {
      expect((await supported()).methods).toEqual(expect.arrayContaining(streams(['append', 'batchappend', 'read'])));
    });

    statement('The server lists Delete and Tombstone', async () => {
      expect((await supported()).methods).toEqual(expect.arrayContaining(streams(['delete', 'tombstone'])));
    });

    statement('The version of the server has three numbers', async () => {
      expect((await supported()).version).toMatch(/^\d+\.\d+\.\d+/);
    });
  });

  describe('Gossip:', () => {
    const members = () =>
      new Promise<readonly gossipMessages.MemberInfo[]>((resolve, reject) => {
        const { raw, login } = open();
        raw.gossip.read(new shared.Empty(), login, (error, response) =>
          error ? reject(error) : resolve(response.getMembersList()),
        );
      });

    statement('A single node names itself as the leader that is alive', async () => {
      const [leader, ...others] = (await members()).filter((member) => member.getState() === LEADER);
      expect(others).toEqual([]);
      expect(leader?.getIsAlive()).toBe(true);
      expect(leader?.getInstanceId()).toBeDefined();
      expect(leader?.getHttpEndPoint()?.getPort()).toBeGreaterThan(0);
    });

    statement('A client that discovers the node through gossip appends and reads', async () => {
      const { url, unary } = open();
      const client = EventStoreDBClient.connectionString(url.replace(/^esdb:/, 'esdb+discover:'));
      const stream = newStream();
      await client.appendToStream(stream, event(), unary);
      expect(await collect(client.readStream(stream))).toHaveLength(1);
      await client.dispose();
    });

    statement('A client with several hosts finds the one that answers', async () => {
      const { url, unary } = open();
      const { host } = storeAddress(url);
      const client = EventStoreDBClient.connectionString(url.replace(host, `127.0.0.1:1,${host}`));
      const stream = newStream();
      await client.appendToStream(stream, event(), unary);
      expect(await collect(client.readStream(stream))).toHaveLength(1);
      await client.dispose();
    });
  });
};
