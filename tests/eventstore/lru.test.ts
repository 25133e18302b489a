import { expect, test } from 'vitest';
import { createLru } from '../../src/eventstore/lru.ts';

test('forgets what was unused for longest when there are too many', () => {
  const lru = createLru<number>({ entriesMax: 2, weightMax: 100 }, () => 1);
  lru.set('a', 1);
  lru.set('b', 2);
  lru.get('a');
  lru.set('c', 3);
  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([1, undefined, 3]);
});

test('forgets until the rest is light enough, and keeps the newest however heavy', () => {
  const lru = createLru<number>({ entriesMax: 10, weightMax: 10 }, (weight) => weight);
  lru.set('a', 4);
  lru.set('b', 4);
  lru.set('c', 4);
  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([undefined, 4, 4]);
  lru.set('d', 50);
  expect([lru.size(), lru.get('d')]).toEqual([1, 50]);
});

test('counts a replaced or deleted entry no longer', () => {
  const lru = createLru<number>({ entriesMax: 10, weightMax: 10 }, (weight) => weight);
  lru.set('a', 9);
  lru.set('a', 1);
  lru.set('b', 9);
  expect(lru.size()).toBe(2);
  lru.delete('b');
  lru.set('c', 9);
  expect([lru.get('a'), lru.size()]).toEqual([1, 2]);
});
