import { BACKWARDS, END, eventTypeFilter, NO_STREAM, START } from '@eventstore/db-client';
import { describe, expect } from 'vitest';
import { collect, event, events, idsOf, next, record } from '../../embedded/eventstore/harness.ts';
import { allRead, nameOf, sendRead, streamFilter } from './requests.ts';
import { type ContractServer, newStream, runPrefix } from './server.ts';
import { statement } from './statement.ts';

/** Checks `$all`: its order, its positions and reads of it. Events of other clients may lie between those of a test. */
export const describeLog = (open: () => ContractServer): void => {
  const write = async (stream: string, count: number) => {
    const { client, unary } = open();
    await client.appendToStream(stream, events(count), { ...unary, expectedRevision: NO_STREAM });
    return collect(client.readStream(stream));
  };
  const positionOf = (recorded: { position?: { commit: bigint; prepare: bigint } | undefined } | undefined) => {
    if (recorded?.position === undefined) throw new Error('The event has no position.');
    return recorded.position;
  };

  describe('$all:', () => {
    statement('The events of one append are adjacent and in order', async () => {
      const streams = Array.from({ length: 12 }, () => newStream('adjacent'));
      const written = await Promise.all(streams.map((stream, n) => write(stream, 1 + (n % 4))));
      for (const recorded of written) {
        const fromPosition = positionOf(recorded[0]);
        const read = await collect(open().client.readAll({ fromPosition, maxCount: recorded.length }));
        expect(idsOf(read)).toEqual(idsOf(recorded));
      }
    });

    statement('Positions grow strictly, and a later append has a later position', async () => {
      const recorded = [...(await write(newStream(), 3)), ...(await write(newStream(), 2))];
      const commits = recorded.map((each) => positionOf(each).commit);
      expect(commits.every((commit, n) => n === 0 || commit > (commits[n - 1] ?? commit))).toBe(true);
    });

    statement('Positions have gaps, so nobody may count with them', async () => {
      const [first, second] = (await write(newStream(), 2)).map((each) => positionOf(each).commit);
      expect((second ?? 0n) - (first ?? 0n)).toBeGreaterThan(1n);
    });

    statement('A read forwards includes the event at its position', async () => {
      const recorded = await write(newStream(), 3);
      const read = open().client.readAll({ fromPosition: positionOf(recorded[1]), maxCount: 2 });
      expect(idsOf(await collect(read))).toEqual(idsOf(recorded.slice(1)));
    });

    statement('A read backwards from a position begins with the event before it', async () => {
      const recorded = await write(newStream(), 3);
      const options = { direction: BACKWARDS, fromPosition: positionOf(recorded[2]), maxCount: 2 } as const;
      expect(idsOf(await collect(open().client.readAll(options)))).toEqual(idsOf(recorded.slice(0, 2)).reverse());
    });

    statement('A read forwards from the end and one backwards from the start have no events', async () => {
      await write(newStream(), 1);
      const { client } = open();
      expect(await collect(client.readAll({ direction: BACKWARDS, fromPosition: START }))).toEqual([]);
      expect(await collect(client.readAll({ fromPosition: END, maxCount: 1 }))).toEqual([]);
    });

    statement('A read backwards from the end finds an event that was acknowledged', async () => {
      const written = await write(newStream(), 1);
      const { client } = open();
      const read = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 500 }));
      expect(idsOf(read)).toContain(written[0]?.id);
    });

    statement('A filtered read counts only the events that match', async () => {
      const [mine, others] = [newStream('counted'), newStream('others')];
      const [first] = await write(`${mine}-1`, 1);
      await write(others, 3);
      await write(`${mine}-2`, 1);
      const request = allRead(2, positionOf(first)).setFilter(streamFilter([mine]));
      const read = (await sendRead(open(), request)).flatMap((each) => each.getEvent()?.getEvent() ?? []);
      expect(read.map((each) => nameOf(each.getStreamIdentifier()))).toEqual([`${mine}-1`, `${mine}-2`]);
    });

    statement('Readers see the events of many writers in one order', async () => {
      const { client, other, unary } = open();
      const prefix = newStream('ordered');
      const [start] = await write(`${prefix}-start`, 1);
      const type = `Ordered${runPrefix}`;
      const options = { fromPosition: positionOf(start), filter: eventTypeFilter({ prefixes: [type] }) };
      const subscriptions = [client.subscribeToAll(options), other.subscribeToAll(options)];
      const recordings = subscriptions.map(record);
      await Promise.all(subscriptions.map((each) => next(each, 'confirmation')));
      const sent = Array.from({ length: 60 }, (_, n) =>
        (n % 2 ? client : other).appendToStream(`${prefix}-${n}`, { ...event(), type }, n % 3 ? unary : {}),
      );
      const commits = (await Promise.all(sent)).map(({ position }) => position?.commit ?? 0n);
      await Promise.all(recordings.map(({ atLeast }) => atLeast(60)));
      const [one, two] = recordings.map(({ received }) => received.map((each) => positionOf(each).commit));
      expect(one).toEqual(commits.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(two).toEqual(one);
      await Promise.all(subscriptions.map((each) => each.unsubscribe()));
    });
  });
};
