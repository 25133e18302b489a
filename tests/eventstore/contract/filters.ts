import { eventTypeFilter, type Filter, jsonEvent, type Position, streamNameFilter } from '@eventstore/db-client';
import { describe, expect } from 'vitest';
import { event, next, record } from '../../embedded/eventstore/harness.ts';
import { type ContractServer, newStream, runPrefix } from './server.ts';
import { ownStatement, statement } from './statement.ts';

/** Checks filters of subscriptions to `$all`. */
export const describeFilters = (open: () => ContractServer): void => {
  /** Writes one event of this type to each stream. Returns the names that a filtered subscription delivers. */
  const delivered = async (names: readonly string[], filterOf: () => Filter, type = 'Counted') => {
    const { client, unary } = open();
    const start = await client.appendToStream(newStream('start'), event(), unary);
    for (const name of names) await client.appendToStream(name, jsonEvent({ type, data: {} }), unary);
    const fromPosition = start.position as Position;
    const subscription = client.subscribeToAll({ fromPosition, filter: filterOf() });
    const recording = record(subscription);
    await Promise.race([
      next(subscription, 'caughtUp'),
      next(subscription, 'error').then((error) => Promise.reject(error)),
    ]);
    await subscription.unsubscribe();
    return recording.received.map(({ streamId }) => streamId);
  };

  describe('Filters:', () => {
    statement('Several prefixes of stream names deliver the streams that begin with one of them', async () => {
      const [a, b, c] = [newStream('a'), newStream('b'), newStream('c')];
      const names = [a, b, c, `x${a}`];
      expect(await delivered(names, () => streamNameFilter({ prefixes: [a, b] }))).toEqual([a, b]);
    });

    statement('A prefix of event types delivers the events whose type begins with it', async () => {
      const stream = newStream();
      const type = `Typed${runPrefix}`;
      expect(await delivered([stream], () => eventTypeFilter({ prefixes: [type] }), `${type}Event`)).toEqual([stream]);
    });

    const expressions: readonly (readonly [string, (prefix: string) => string, readonly string[]])[] = [
      ['classes and repetition', (prefix) => `^${prefix}-\\d+$`, ['12', '3']],
      ['alternatives', (prefix) => `^${prefix}-(12|other)$`, ['12', 'other']],
      ['an escaped dash', (prefix) => `^${prefix}\\-12$`, ['12']],
      ['a lazy repetition', (prefix) => `^${prefix}-1.*?2$`, ['12']],
    ];
    for (const [which, sourceOf, expected] of expressions)
      statement(`A regular expression on stream names may have ${which}`, async () => {
        const prefix = newStream('regex').replaceAll('-', '');
        const names = ['12', '3', 'other'].map((name) => `${prefix}-${name}`);
        const filter = () => streamNameFilter({ regex: sourceOf(prefix) });
        expect(await delivered(names, filter)).toEqual(expected.map((name) => `${prefix}-${name}`));
      });

    statement('A regular expression on event types delivers the events that match', async () => {
      const stream = newStream();
      const type = `Shape${runPrefix}A`;
      expect(await delivered([stream], () => eventTypeFilter({ regex: `^Shape${runPrefix}[A-C]$` }), type)).toEqual([
        stream,
      ]);
    });

    ownStatement('A regular expression that cannot be matched in linear time is refused with the reason', async () => {
      const refused = delivered([newStream()], () => streamNameFilter({ regex: '^(a+)\\1$' }));
      await expect(refused).rejects.toThrow(/INVALID_ARGUMENT/);
    });

    ownStatement('A regular expression that only .NET knows is refused with the reason', async () => {
      const refused = delivered([newStream()], () => streamNameFilter({ regex: '(?>a)' }));
      await expect(refused).rejects.toThrow(/INVALID_ARGUMENT/);
    });
  });
};
