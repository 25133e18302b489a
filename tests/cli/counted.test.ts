import { expect, test } from 'vitest';
import { counted } from '../../src/cli/output/counted.ts';

test.each([
  [counted(0, 'event'), '0 events'],
  [counted(1, 'event'), '1 event'],
  [counted(1n, 'event is', 'events are'), '1 event is'],
  [counted(2, 'event is', 'events are'), '2 events are'],
])('A number has its noun: %s', (text, sentence) => {
  expect(text).toBe(sentence);
});
