import { describe, expect } from 'vitest';
import {
  AppendTooLarge,
  type EventStore,
  type Idle,
  type Recorded,
  RevisionConflict,
} from '../../../src/eventstore/event-store.ts';
import { noted, notes } from '../../support/event-store.ts';
import { newStream } from './server.ts';
import { ownStatement, statement } from './statement.ts';

/**
 * The contract of the port, which every EventStore must pass. `pageEvents`: the events that the store reads at once.
 */
export const describeEventStore = (name: string, open: () => EventStore, { pageEvents }: { pageEvents: number }) => {
  const options = { timeoutMs: 5_000 };

  describe(`${name}, streams:`, () => {
    statement('an unknown stream has no events', async () => {
      expect(await open().read(newStream())).toEqual({ events: [], revision: 'no_stream' });
    });

    statement('a read returns the events as appended, with revisions without gaps', async () => {
      const [store, stream] = [open(), newStream()];
      const events = [noted(0), { ...noted(1), data: { text: 'ü\u2028"\\', deep: [{ 2: null, 10: true }] } }];
      const appended = await store.append(stream, events, 'no_stream', options);

      const { events: read, revision } = await store.read(stream);
      expect(read).toMatchObject(events.map((event, index) => ({ ...event, stream, revision: BigInt(index) })));
      expect(read.at(-1)?.position).toEqual(appended.position);
      expect([revision, appended.revision]).toEqual([1n, 1n]);
    });

    statement('a read may begin at any revision and have a limit', async () => {
      const [store, stream] = [open(), newStream()];
      await store.append(stream, notes(5), 'no_stream', options);

      expect(await store.read(stream, 3n)).toMatchObject({
        events: [{ revision: 3n }, { revision: 4n }],
        revision: 4n,
      });
      expect(await store.read(stream, 1n, 2)).toMatchObject({
        events: [{ revision: 1n }, { revision: 2n }],
        revision: 2n,
      });
      expect(await store.read(stream, 5n)).toEqual({ events: [], revision: 4n });
    });

    statement('a read returns a stream that is longer than a page completely', async () => {
      const [store, stream] = [open(), newStream()];
      const count = pageEvents * 2 + 1;
      await store.append(stream, notes(count), 'no_stream', options);

      const { events, revision } = await store.read(stream);
      expect(events.map(({ data }) => data.number)).toEqual(Array.from({ length: count }, (_, number) => number));
      expect(revision).toBe(BigInt(count - 1));
    });
  });

  describe(`${name}, backwards:`, () => {
    statement('a read backwards begins at a revision or the end and has a limit', async () => {
      const [store, stream] = [open(), newStream()];
      await store.append(stream, notes(5), 'no_stream', options);

      expect(await store.readBackwards(stream, 'end', 2)).toMatchObject([{ revision: 4n }, { revision: 3n }]);
      expect(await store.readBackwards(stream, 2n, 9)).toMatchObject([2n, 1n, 0n].map((revision) => ({ revision })));
    });

    statement('a read backwards of an unknown stream has no events', async () => {
      expect(await open().readBackwards(newStream(), 'end', 3)).toEqual([]);
    });
  });

  describe(`${name}, expected revisions:`, () => {
    statement('when two writers expect the same revision, one gets a conflict and writes nothing', async () => {
      const [store, stream] = [open(), newStream()];
      const race = [noted(1), noted(2)].map((event) => store.append(stream, [event], 'no_stream', options));
      const lost = (await Promise.allSettled(race)).filter(({ status }) => status === 'rejected');

      expect(lost).toMatchObject([{ reason: expect.any(RevisionConflict) }]);
      expect((await store.read(stream)).events).toHaveLength(1);
    });

    statement('an append at a revision that the stream has not reached gets a conflict', async () => {
      const [store, stream] = [open(), newStream()];
      await expect(store.append(stream, notes(1), 0n, options)).rejects.toThrow(RevisionConflict);
      expect((await store.read(stream)).events).toEqual([]);
    });

    statement(
      'an append with the same ids at the same revision gets the first result, even after later appends',
      async () => {
        const [store, stream] = [open(), newStream()];
        const events = notes(3);
        const first = await store.append(stream, events, 'no_stream', options);
        await store.append(stream, notes(2), 2n, options);

        expect(await store.append(stream, events, 'no_stream', options)).toEqual(first);
        expect((await store.read(stream)).events).toHaveLength(5);
      },
    );

    statement('an append with more or other ids at an old revision gets a conflict', async () => {
      const [store, stream] = [open(), newStream()];
      const events = notes(2);
      await store.append(stream, events, 'no_stream', options);

      await expect(store.append(stream, [...events, noted(2)], 'no_stream', options)).rejects.toThrow(RevisionConflict);
      await expect(store.append(stream, notes(2), 'no_stream', options)).rejects.toThrow(RevisionConflict);
      expect((await store.read(stream)).events).toHaveLength(2);
    });

    statement('an append with the same ids at the current revision appends them again', async () => {
      const [store, stream] = [open(), newStream()];
      const events = notes(1);
      await store.append(stream, events, 'no_stream', options);

      expect(await store.append(stream, events, 0n, options)).toMatchObject({ revision: 1n });
    });

    statement('the first ids of an earlier append get the revision of the last one', async () => {
      const [store, stream] = [open(), newStream()];
      const events = notes(3);
      await store.append(stream, events, 'no_stream', options);

      expect(await store.append(stream, events.slice(0, 2), 'no_stream', options)).toMatchObject({ revision: 1n });
    });

    ownStatement('an append that is too large is refused for certain, and nothing is stored', async () => {
      const [store, stream] = [open(), newStream()];
      const large = { ...noted(0), data: { text: 'x'.repeat(2_000_000) } };
      await expect(store.append(stream, [large], 'no_stream', options)).rejects.toThrow(AppendTooLarge);
      expect(await store.append(stream, notes(1), 'no_stream', options)).toMatchObject({ revision: 0n });
    });

    statement('an append of an event without a JSON form fails at once', async () => {
      const cyclic: Record<string, never[]> = {};
      Object.assign(cyclic, { cyclic });
      const event = { ...noted(0), data: cyclic };
      await expect(open().append(newStream(), [event], 'no_stream', options)).rejects.toThrow(TypeError);
    });
  });

  describe(`${name}, the whole log`, () => {
    const take = async (
      store: EventStore,
      count: number,
      { from = 'start', prefix }: { from?: Parameters<EventStore['follow']>[0]; prefix: string },
    ): Promise<Recorded[]> => {
      const taken: Recorded[] = [];
      const stop = new AbortController();
      for await (const next of store.follow(from, { streamPrefixes: [prefix], signal: stop.signal })) {
        if (!('idle' in next)) taken.push(next);
        if (taken.length === count) stop.abort();
      }
      return taken;
    };

    statement('is followed in order, and positions grow within one append', async () => {
      const [store, prefix] = [open(), newStream('followed')];
      await store.append(`${prefix}-1`, notes(3), 'no_stream', options);
      await store.append(`${prefix}-2`, notes(2), 'no_stream', options);
      const last = await store.append(`${prefix}-1`, notes(1), 2n, options);

      const taken = await take(store, 6, { prefix });
      expect(taken.map(({ stream, revision }) => [stream.slice(-1), revision])).toEqual([
        ['1', 0n],
        ['1', 1n],
        ['1', 2n],
        ['2', 0n],
        ['2', 1n],
        ['1', 3n],
      ]);
      const commits = taken.map(({ position }) => position.commit);
      expect(commits.every((commit, index) => index === 0 || commit > (commits[index - 1] ?? 0n))).toBe(true);
      expect(taken.at(-1)?.position).toEqual(last.position);
    });

    statement('shows only the streams with the prefix', async () => {
      const [store, prefix] = [open(), newStream('matching')];
      await store.append(newStream('other'), notes(3), 'no_stream', options);
      await store.append(`${prefix}-1`, notes(1), 'no_stream', options);
      await store.append(`un${prefix}`, notes(3), 'no_stream', options);
      await store.append(`${prefix}-2`, notes(1), 'no_stream', options);

      expect((await take(store, 2, { prefix })).map(({ stream }) => stream)).toEqual([`${prefix}-1`, `${prefix}-2`]);
    });

    statement('is followed from a position, whose event is not repeated', async () => {
      const [store, prefix] = [open(), newStream('resumed')];
      await store.append(`${prefix}-1`, notes(4), 'no_stream', options);
      const [, second] = await take(store, 2, { prefix });

      const resumed = await take(store, 2, { prefix, from: second?.position ?? 'start' });
      expect(resumed.map(({ revision }) => revision)).toEqual([2n, 3n]);
    });

    statement('two followers with different prefixes get their own streams', async () => {
      const [store, one, two] = [open(), newStream('one'), newStream('two')];
      await store.append(`${one}-1`, notes(2), 'no_stream', options);
      await store.append(`${two}-1`, notes(1), 'no_stream', options);

      const [ones, twos] = await Promise.all([take(store, 2, { prefix: one }), take(store, 1, { prefix: two })]);
      expect(new Set([...ones, ...twos].map(({ stream }) => stream))).toEqual(new Set([`${one}-1`, `${two}-1`]));
    });

    statement('delivers events that are appended later', async () => {
      const [store, prefix] = [open(), newStream('live')];
      await store.append(`${prefix}-1`, notes(1), 'no_stream', options);
      const taken = take(store, 3, { prefix });
      await store.append(`${prefix}-2`, notes(2), 'no_stream', options);

      expect(await taken).toHaveLength(3);
    });

    statement(
      'reports the position that was followed when no further event matches, and no later position',
      async () => {
        const [store, prefix] = [open(), newStream('idle')];
        const mine = await store.append(`${prefix}-1`, notes(1), 'no_stream', options);
        const others = await store.append(newStream('other'), notes(1), 'no_stream', options);

        const stop = new AbortController();
        const seen: (Recorded | Idle)[] = [];
        for await (const next of store.follow('start', { streamPrefixes: [prefix], signal: stop.signal })) {
          seen.push(next);
          if ('idle' in next && next.head.commit >= others.position.commit) stop.abort();
        }
        expect(seen.filter((next) => !('idle' in next))).toMatchObject([{ position: mine.position }]);
        expect(seen.findIndex((next) => !('idle' in next))).toBe(
          seen.findIndex((next) => !('idle' in next) || next.head.commit >= mine.position.commit),
        );
      },
    );

    statement('has a head at or after the last event', async () => {
      const store = open();
      const { position } = await store.append(newStream(), notes(2), 'no_stream', options);
      expect((await store.head({ timeoutMs: 5_000 }))?.commit).toBeGreaterThanOrEqual(position.commit);
    });
  });
};
