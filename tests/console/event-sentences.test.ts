import { expect, test } from 'vitest';
import { licenseEventTypes } from '../../src/aggregates/codec-license.ts';
import { explainedTypes } from '../../src/console/texts/event-sentences.ts';

test('Every type of event of a license has a sentence for people', () => {
  expect([...explainedTypes].sort()).toEqual([...licenseEventTypes()].sort());
});
