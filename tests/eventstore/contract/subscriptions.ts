import { END, NO_STREAM, type Position, START, streamNameFilter } from '@eventstore/db-client';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect } from 'vitest';
import { collect, events, idsOf, next, record } from '../../embedded/eventstore/harness.ts';
import { allRead, kindsOf, sendRead, streamFilter, streamRead, subscribing } from './requests.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

const isCaughtUp = (message: streams.ReadResp) => message.hasCaughtUp();

/** Checks subscriptions: what they deliver, from where, and which messages come in between. */
export const describeSubscriptions = (open: () => ContractServer): void => {
  const write = async (stream: string, count: number, expectedRevision: bigint | typeof NO_STREAM = NO_STREAM) => {
    const { client, unary } = open();
    await client.appendToStream(stream, events(count), { ...unary, expectedRevision });
    return collect(client.readStream(stream));
  };
  /** Writes a first event, after which the events of a test begin. */
  const startHere = async (): Promise<Position> => {
    const [first] = await write(newStream('start'), 1);
    if (!first?.position) throw new Error('The event has no position.');
    return first.position;
  };

  describe('A subscription to a stream:', () => {
    statement('It delivers stored events, then new ones, and none twice', async () => {
      const stream = newStream();
      const stored = await write(stream, 70);
      const subscription = open().client.subscribeToStream(stream, { fromRevision: START });
      const recording = record(subscription);
      await recording.atLeast(70);
      await write(`${stream}-other`, 1);
      const all = await write(stream, 2, 69n);
      await recording.atLeast(72);
      expect(idsOf(recording.received)).toEqual(idsOf(all));
      expect(idsOf(all.slice(0, 70))).toEqual(idsOf(stored));
      await subscription.unsubscribe();
    });

    statement('It begins after its revision, and from the end with new events', async () => {
      const stream = newStream();
      await write(stream, 3);
      const { client } = open();
      const [resumed, live] = [
        client.subscribeToStream(stream, { fromRevision: 0n }),
        client.subscribeToStream(stream, { fromRevision: END }),
      ];
      const recordings = [record(resumed), record(live)];
      await next(live, 'confirmation');
      await write(stream, 1, 2n);
      await Promise.all([recordings[0]?.atLeast(3), recordings[1]?.atLeast(1)]);
      expect(recordings.map(({ received }) => received.map(({ revision }) => revision))).toEqual([[1n, 2n, 3n], [3n]]);
      await Promise.all([resumed.unsubscribe(), live.unsubscribe()]);
    });

    statement('It may wait for a stream that does not exist yet', async () => {
      const stream = newStream();
      const subscription = open().client.subscribeToStream(stream);
      const recording = record(subscription);
      await next(subscription, 'confirmation');
      const written = await write(stream, 2);
      await recording.atLeast(2);
      expect(idsOf(recording.received)).toEqual(idsOf(written));
      await subscription.unsubscribe();
    });

    statement('Its messages are a confirmation, the events, and then that it has caught up', async () => {
      const stream = newStream();
      await write(stream, 2);
      const messages = await sendRead(open(), subscribing(streamRead(stream)), isCaughtUp);
      expect(kindsOf(messages)).toEqual(['confirmation', 'event', 'event', 'caught_up']);
    });
  });

  describe('A subscription to $all:', () => {
    statement('It begins after its position', async () => {
      const from = await startHere();
      const prefix = newStream('after');
      const written = await write(`${prefix}-1`, 4);
      const filter = streamNameFilter({ prefixes: [prefix] });
      const { client } = open();
      const recordings = [from, written[1]?.position].map((fromPosition) =>
        record(client.subscribeToAll({ fromPosition: fromPosition ?? START, filter })),
      );
      await Promise.all([recordings[0]?.atLeast(4), recordings[1]?.atLeast(2)]);
      expect(recordings.map(({ received }) => idsOf(received))).toEqual([idsOf(written), idsOf(written.slice(2))]);
    });

    statement('From the end it delivers the events after its confirmation', async () => {
      const prefix = newStream('live');
      await write(`${prefix}-1`, 3);
      const filter = streamNameFilter({ prefixes: [prefix] });
      const subscription = open().client.subscribeToAll({ fromPosition: END, filter });
      const recording = record(subscription);
      await next(subscription, 'confirmation');
      const written = await write(`${prefix}-2`, 2);
      await recording.atLeast(2);
      expect(idsOf(recording.received)).toEqual(idsOf(written));
      await subscription.unsubscribe();
    });

    statement('Without a filter it sends no checkpoints', async () => {
      const from = await startHere();
      await write(newStream(), 40);
      const messages = await sendRead(open(), subscribing(allRead(0, from)), isCaughtUp);
      const kinds = new Set(kindsOf(messages));
      expect([...kinds]).toEqual(['confirmation', 'event', 'caught_up']);
    });

    statement('With a filter it sends a checkpoint at least after every search window', async () => {
      const from = await startHere();
      await write(newStream('others'), 40);
      const filtered = subscribing(allRead(0, from)).setFilter(streamFilter([newStream('nobody')], 8));
      const messages = await sendRead(open(), filtered, isCaughtUp);
      const checkpoints = messages.flatMap((each) => each.getCheckpoint()?.getCommitPosition() ?? []).map(BigInt);
      expect(checkpoints.length).toBeGreaterThanOrEqual(5);
      expect(checkpoints).toEqual(checkpoints.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(new Set(checkpoints).size).toBe(checkpoints.length);
    });

    statement('The checkpoint when it goes live is at or after the last stored event', async () => {
      const from = await startHere();
      const last = (await write(newStream('others'), 3)).at(-1)?.position?.commit ?? 0n;
      const filtered = subscribing(allRead(0, from)).setFilter(streamFilter([newStream('nobody')]));
      const messages = await sendRead(open(), filtered, isCaughtUp);
      const checkpoints = messages.flatMap((each) => each.getCheckpoint()?.getCommitPosition() ?? []).map(BigInt);
      expect(checkpoints.at(-1)).toBeGreaterThanOrEqual(last);
    });

    statement('A subscription that resumes from a checkpoint misses no event', async () => {
      const from = await startHere();
      const mine = newStream('resumed');
      await write(newStream('others'), 20);
      const filtered = () => subscribing(allRead(0, from)).setFilter(streamFilter([mine], 4));
      const messages = await sendRead(open(), filtered(), (each) => each.hasCheckpoint());
      const checkpoint = messages.at(-1)?.getCheckpoint();
      const written = await write(`${mine}-1`, 2);
      const fromPosition = {
        commit: BigInt(checkpoint?.getCommitPosition() ?? 0),
        prepare: BigInt(checkpoint?.getPreparePosition() ?? 0),
      };
      const subscription = open().client.subscribeToAll({
        fromPosition,
        filter: streamNameFilter({ prefixes: [mine] }),
      });
      const recording = record(subscription);
      await recording.atLeast(2);
      expect(idsOf(recording.received)).toEqual(idsOf(written));
      await subscription.unsubscribe();
    });

    statement('It never says that it has fallen behind', async () => {
      const from = await startHere();
      await write(newStream(), 100);
      const messages = await sendRead(open(), subscribing(allRead(0, from)), isCaughtUp);
      expect(kindsOf(messages)).not.toContain('fell_behind');
    });
  });
};
