import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ForkableMap } from '../../src/domain/forkable-map.ts';
import { runSeed } from '../support/chance.ts';

type Step =
  | { readonly does: 'set'; readonly key: string; readonly value: number }
  | { readonly does: 'delete'; readonly key: string }
  | { readonly does: 'fork' | 'drop' };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('set' as const), key, value: fc.integer() }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('fork' as const, 'drop' as const) }) },
);
const timeout = 60_000;
// One of the current forks takes each step.
const steps = fc.array(fc.tuple(fc.nat(), step), { maxLength: 60 });

const takeStep = (map: ForkableMap<string, number>, copy: Map<string, number>, step: Step): void => {
  if (step.does === 'set') {
    map.set(step.key, step.value);
    copy.set(step.key, step.value);
  }
  if (step.does === 'delete') expect(map.delete(step.key)).toBe(copy.delete(step.key));
};

describe('a map that is forked', () => {
  test('behaves for each fork like its own copy, in any order of use', {
    timeout,
  }, () => {
    const seed = runSeed();
    fc.assert(
      fc.property(steps, (drawn) => {
        const forks = [{ map: new ForkableMap<string, number>(), copy: new Map<string, number>() }];
        for (const [which, step] of drawn) {
          const place = which % forks.length;
          const used = forks[place];
          if (used === undefined) continue;
          if (step.does === 'fork') forks.push({ map: used.map.fork(), copy: new Map(used.copy) });
          if (step.does === 'drop' && forks.length > 1) forks.splice(place, 1);
          takeStep(used.map, used.copy, step);
          expect(String([...used.map])).toBe(String([...used.copy]));
        }
        for (const { map, copy } of forks) {
          expect([...map.entries()]).toEqual([...copy]);
          expect([[...map.keys()], [...map.values()]]).toEqual([[...copy.keys()], [...copy.values()]]);
          expect(map.size).toBe(copy.size);
          for (const name of 'abcdef') expect([map.get(name), map.has(name)]).toEqual([copy.get(name), copy.has(name)]);
        }
      }),
      { numRuns: 3_000, seed },
    );
  });
  test('can be read by one fork while another one changes', () => {
    const origin = new ForkableMap([1, 2, 3, 4].map((value) => [value, value] as const));
    const fork = origin.fork();
    const seen: number[] = [];
    for (const value of origin.values()) {
      fork.delete(value);
      fork.set(value + 10, value);
      seen.push(value);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect([...fork.keys()]).toEqual([11, 12, 13, 14]);
  });
  test('keeps the place of a key that is set again; a deleted key comes last', () => {
    const map = new ForkableMap<string, number>(Object.entries({ a: 1, b: 2, c: 3 }));
    map.fork();
    map.delete('a');
    const between = map.fork();
    map.set('b', 4);
    map.set('a', 5);
    expect([...map]).toEqual([
      ['b', 4],
      ['c', 3],
      ['a', 5],
    ]);
    expect([...between.keys()]).toEqual(['b', 'c']);
  });
  test('keeps null like any other value', () => {
    const origin = new ForkableMap<string, string | null>([['a', null]]);
    const fork = origin.fork();
    fork.set('a', 'later');
    expect([origin.has('a'), origin.get('a'), origin.size, fork.get('a'), origin.get('a')]).toEqual([
      true,
      null,
      1,
      'later',
      null,
    ]);
  });
  test('can lose entries during iteration in one fork and not in the other', () => {
    const origin = new ForkableMap<string, number>(Object.entries({ a: 1, b: 2 }));
    const fork = origin.fork();
    for (const key of ['c', 'd']) fork.set(key, 0);
    const kept = fork.fork();
    for (const [key] of fork) fork.delete(key);
    expect([[...fork], [...kept.keys()], [...origin.keys()]]).toEqual([[], ['a', 'b', 'c', 'd'], ['a', 'b']]);
  });
});
