import { describe, expect, test } from 'vitest';
import { type Decider, decideInTurn, fold, isRejection, reject, stamp } from '../../src/domain/decider.ts';
import { testEventIds } from '../support/event-ids.ts';

type Counted = { readonly type: 'Counted'; readonly effectiveAt?: string };

const counter: Decider<'count', Counted, string[], 'FULL'> = {
  initial: () => [],
  decide: (_, seen) => (seen.length > 1 ? reject('FULL', 'Two are enough.') : [{ type: 'Counted' }]),
  evolve: (seen, _, { recordedAt, effectiveAt }) => [...seen, `${recordedAt} ${effectiveAt}`],
  fork: (seen) => [...seen],
};

describe('a decider', () => {
  test('folds events with their instants from the initial state', () => {
    expect(fold(counter, [])).toEqual([]);
    const past = { type: 'Counted', effectiveAt: '2026-01-01T00:00:00.000Z' } as const;
    const events = [
      stamp<Counted>({ type: 'Counted' }, '2026-02-02T00:00:00.000Z'),
      stamp<Counted>(past, '2026-03-03T00:00:00.000Z'),
    ];
    expect(fold(counter, events)).toEqual([
      '2026-02-02T00:00:00.000Z 2026-02-02T00:00:00.000Z',
      '2026-03-03T00:00:00.000Z 2026-01-01T00:00:00.000Z',
    ]);
  });
  test('returns events or a rejection, and isRejection distinguishes them', () => {
    expect(isRejection(counter.decide('count', [], testEventIds))).toBe(false);
    expect(isRejection(counter.decide('count', ['a', 'b'], testEventIds))).toBe(true);
  });
});

describe('commands that are decided in turn', () => {
  type Count = { readonly at: string };
  const counts: Decider<Count, Counted, string[], 'FULL'> = {
    ...counter,
    decide: (_, seen) => counter.decide('count', seen, testEventIds),
  };
  const [first, second] = [{ at: '2026-02-02T00:00:00.000Z' }, { at: '2026-02-03T00:00:00.000Z' }];

  test('see the events of the commands before, and give one list of events', () => {
    const seen: string[] = [];
    expect(decideInTurn(counts, [first, second], seen, testEventIds)).toEqual([
      { type: 'Counted' },
      { type: 'Counted' },
    ]);
    expect(seen).toEqual([]);
    expect(decideInTurn(counts, [], seen, testEventIds)).toEqual([]);
  });
  test('give no events when one of them is refused', () =>
    expect(decideInTurn(counts, [first, second], ['once'], testEventIds)).toEqual(reject('FULL', 'Two are enough.')));
});
