import { expect, test } from 'vitest';
import { createLru } from '../../src/eventstore/executor/lru.ts';

const byWeight = (weightMax: number) => createLru<number>({ entriesMax: 10, weightMax }, (weight) => weight);

test('When the cache has too many entries, it evicts the least recently used one', () => {
  const lru = createLru<number>({ entriesMax: 2, weightMax: 100 }, () => 1);
  lru.set('a', 1);
  lru.set('b', 2);
  lru.get('a');
  lru.set('c', 3);
  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([1, undefined, 3]);
});

test('When light entries exceed half of the total weight, the cache evicts the least recently used ones', () => {
  const lru = byWeight(80);
  for (const key of ['a', 'b', 'c', 'd', 'e']) lru.set(key, 10);
  expect(['a', 'b', 'c', 'd', 'e'].map(lru.get)).toEqual([undefined, 10, 10, 10, 10]);
});

test('A heavy entry never evicts a light one, and stays even when it alone exceeds the bound', () => {
  const lru = byWeight(80);
  lru.set('light', 10);
  lru.set('heavy', 1_000);
  expect([lru.get('light'), lru.get('heavy')]).toEqual([10, 1_000]);
  lru.set('other heavy', 500);
  expect([lru.get('light'), lru.get('heavy'), lru.get('other heavy')]).toEqual([10, undefined, 500]);
});

test('An entry that becomes heavy no longer counts among the light ones', () => {
  const lru = byWeight(80);
  for (const key of ['a', 'b', 'c', 'd']) lru.set(key, 10);
  lru.set('a', 30);
  lru.set('e', 10);
  expect(['a', 'b', 'c', 'd', 'e'].map(lru.get)).toEqual([30, 10, 10, 10, 10]);
  lru.set('a', 1);
  expect([lru.get('a'), lru.size()]).toEqual([1, 4]);
});

test('A replaced or deleted entry no longer counts', () => {
  const lru = byWeight(80);
  lru.set('a', 10);
  lru.set('a', 1);
  lru.set('b', 10);
  lru.set('c', 10);
  lru.set('d', 10);
  expect(lru.size()).toBe(4);
  lru.delete('b');
  lru.set('e', 10);
  expect([lru.get('a'), lru.size()]).toEqual([1, 4]);
});
