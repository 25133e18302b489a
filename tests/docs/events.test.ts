import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { licenseEventTypes } from '../../src/aggregates/codec-license.ts';

test('The page about the feed lists every type of event once', () => {
  const [, section = ''] = readFileSync('docs/api/events.md', 'utf8').split('\n## Types of events\n');
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| about '));
  const listed = rows.flatMap((row) => [...row.matchAll(/`([A-Za-z]+)`/g)].map(([, type]) => type));
  expect(listed.toSorted()).toEqual([...licenseEventTypes()].toSorted());
});
