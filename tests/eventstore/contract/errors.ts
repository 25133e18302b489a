import { binaryEvent, MaxAppendSizeExceededError, UnknownError } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { describe, expect } from 'vitest';
import { collect, event } from '../../embedded/eventstore/harness.ts';
import {
  allRead,
  appendEvent,
  appendOptions,
  jsonProperties,
  sendAppend,
  sendRead,
  streamFilter,
  streamRead,
} from './requests.ts';
import { type ContractServer, newStream, outsideUrl } from './server.ts';
import { ownStatement, statement } from './statement.ts';

/** Checks how calls fail, and which calls must. */
export const describeErrors = (open: () => ContractServer): void => {
  const thrownBy = (call: Promise<unknown>) =>
    call.then(
      () => Promise.reject(new Error('Nothing was refused.')),
      (error: { code: status; metadata: { get(name: string): string[] } }) => error,
    );

  describe('Append, as the protocol has it:', () => {
    statement('A wrong version is a response with the current and the expected revision', async () => {
      const stream = newStream();
      await sendAppend(open(), appendOptions(stream, 'no_stream'), appendEvent());
      const wrong = (await sendAppend(open(), appendOptions(stream, 4), appendEvent())).getWrongExpectedVersion();
      expect([wrong?.getCurrentRevision(), wrong?.getExpectedRevision()]).toEqual(['0', '4']);
    });

    statement('A wrong version of a stream that does not exist says so', async () => {
      const wrong = (await sendAppend(open(), appendOptions(newStream(), 4), appendEvent())).getWrongExpectedVersion();
      expect([wrong?.hasCurrentNoStream(), wrong?.hasExpectedRevision()]).toEqual([true, true]);
    });

    statement('An event without type and content type fails with missing-required-metadata-property', async () => {
      for (const property of ['type', 'content-type'] as const) {
        const properties = { ...jsonProperties, [property]: undefined };
        const { [property]: _, ...others } = properties;
        const sent = sendAppend(
          open(),
          appendOptions(newStream(), 'any'),
          appendEvent(others as Record<string, string>),
        );
        const error = await thrownBy(sent);
        expect(error.code).toBe(status.INVALID_ARGUMENT);
        expect(error.metadata.get('exception')).toEqual(['missing-required-metadata-property']);
      }
    });

    statement('An append without an expected revision is INVALID_ARGUMENT', async () => {
      const error = await thrownBy(sendAppend(open(), appendOptions(newStream(), undefined), appendEvent()));
      expect(error.code).toBe(status.INVALID_ARGUMENT);
    });

    statement('An event with an empty id is refused', async () => {
      const stream = newStream();
      const empty = new shared.UUID();
      empty.setString('00000000-0000-0000-0000-000000000000');
      await thrownBy(sendAppend(open(), appendOptions(stream, 'any'), appendEvent(jsonProperties, empty)));
      await expect(collect(open().client.readStream(stream))).rejects.toThrow('not found');
    });
  });

  describe('The size of an append:', () => {
    ownStatement('An append of exactly 1 MiB of data is written', async () => {
      const half = binaryEvent({ type: 'Half', data: new Uint8Array(512 * 1024) });
      const { client, unary } = open();
      const stream = newStream();
      await client.appendToStream(stream, [half, { ...half, id: crypto.randomUUID() }], unary);
      expect(await collect(client.readStream(stream))).toHaveLength(2);
    });

    ownStatement('An append with one byte more than 1 MiB fails with maximum-append-size-exceeded', async () => {
      const { client, unary } = open();
      const stream = newStream();
      const large = binaryEvent({ type: 'Large', data: new Uint8Array(1024 * 1024 + 1) });
      for (const by of [unary, {}]) {
        const refused = client.appendToStream(stream, large, by);
        await expect(refused).rejects.toBeInstanceOf(MaxAppendSizeExceededError);
        await expect(refused).rejects.toMatchObject({ maxAppendSize: 1024 * 1024 });
      }
      await expect(collect(client.readStream(stream))).rejects.toThrow('not found');
    });

    statement('A message above the limit of every server is refused, and the connection goes on', async () => {
      const { client, unary } = open();
      const stream = newStream();
      const large = binaryEvent({ type: 'Large', data: new Uint8Array(16.5 * 1024 * 1024) });
      await expect(client.appendToStream(stream, large, unary)).rejects.toThrow();
      await client.appendToStream(stream, event(), { ...unary, expectedRevision: 'no_stream' });
    });

    statement('A message of 5 MiB is received: it is stored, or refused for its size', async () => {
      const { client, unary } = open();
      const large = binaryEvent({ type: 'Large', data: new Uint8Array(5 * 1024 * 1024) });
      const outcome = await client.appendToStream(newStream(), large, unary).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(MaxAppendSizeExceededError);
      else expect(outcome).toMatchObject({ nextExpectedRevision: 0n });
    });
  });

  describe('A read that cannot be answered:', () => {
    const invalid: readonly (readonly [string, () => streams.ReadReq.Options])[] = [
      ['without a stream', () => allRead(1).setAll(undefined)],
      ['without a count', () => allRead(1)],
      ['without a form of the ids', () => allRead(1).setUuidOption(undefined)],
      ['without a filter option', () => allRead(1).setNoFilter(undefined)],
      ['of $all from a commit before its prepare', () => allRead(1, { commit: 1n, prepare: 2n })],
      ['with a filter without prefixes', () => allRead(1).setFilter(streamFilter([]))],
    ];
    for (const [which, options] of invalid)
      statement(`A read ${which} is INVALID_ARGUMENT`, async () => {
        const request = options();
        if (which === 'without a count') request.clearCount();
        expect((await thrownBy(sendRead(open(), request))).code).toBe(status.INVALID_ARGUMENT);
      });

    statement('The details of an error are text', async () => {
      const error = await thrownBy(sendRead(open(), streamRead('').setUuidOption(undefined)));
      expect(error).toMatchObject({ details: expect.any(String) });
    });
  });

  describe('What only the embedded server refuses:', () => {
    ownStatement('An append to $all is refused', async () => {
      const { client, unary } = open();
      await expect(client.appendToStream('$all', event(), unary)).rejects.toBeInstanceOf(UnknownError);
    });
  });

  if (outsideUrl !== null)
    console.log(`The contract of the event store is checked against ${new URL(outsideUrl).host}.`);
};
