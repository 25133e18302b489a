import { EventStoreDBClient, NO_STREAM, WrongExpectedVersionError } from '@eventstore/db-client';
import { describe, expect } from 'vitest';
import { collect, event, next, record } from '../../embedded/eventstore/harness.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

/** Checks what a connection survives. */
export const describeConnections = (open: () => ContractServer): void => {
  describe('A connection:', () => {
    for (const path of ['Append', 'BatchAppend'] as const)
      statement(
        `A fresh connection answers 1,000 ${path} calls that are sent at once`,
        async () => {
          const { url, unary } = open();
          const client = EventStoreDBClient.connectionString(url);
          const options = {
            ...(path === 'Append' ? unary : {}),
            expectedRevision: NO_STREAM,
            deadline: 60_000,
          } as const;
          const sent = Array.from({ length: 1_000 }, () => client.appendToStream(newStream(), event(), options));
          const written = await Promise.all(sent);
          await client.dispose();
          expect(written.every(({ nextExpectedRevision }) => nextExpectedRevision === 0n)).toBe(true);
          expect(new Set(written.map(({ position }) => position?.commit)).size).toBe(1_000);
        },
        120_000,
      );

    statement('A refused append and an unknown stream leave the other calls of the connection open', async () => {
      const { client, unary } = open();
      const stream = newStream();
      const subscription = client.subscribeToStream(stream);
      const recording = record(subscription);
      await next(subscription, 'confirmation');
      for (const by of [unary, {}]) {
        const refused = client.appendToStream(newStream(), event(), { ...by, expectedRevision: 9n });
        await expect(refused).rejects.toBeInstanceOf(WrongExpectedVersionError);
      }
      await expect(collect(client.readStream(newStream()))).rejects.toThrow('not found');
      const written = event();
      await client.appendToStream(stream, written, unary);
      await recording.atLeast(1);
      expect(recording.received[0]?.id).toBe(written.id);
      await subscription.unsubscribe();
    });

    statement('A single node answers calls that ask for the leader', async () => {
      const { client, unary } = open();
      const stream = newStream();
      await client.appendToStream(stream, event(), { ...unary, requiresLeader: true });
      expect(await collect(client.readStream(stream, { requiresLeader: true }))).toHaveLength(1);
    });
  });
};
