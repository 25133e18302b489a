import { expect, test } from 'vitest';
import { cloudTypeOf } from '../../src/api/events/event-types.ts';
import { activityIn } from '../../src/console/screens/activity/activity-in-address.ts';
import { labelledColumns, linesFor } from '../../src/console/screens/activity/chart-scale.ts';
import {
  countedTypeOf,
  countIn,
  startsOf,
  sumIn,
  utcDayOf,
  utcStartsOf,
} from '../../src/console/screens/activity/counts.ts';
import { typesOfGroup } from '../../src/console/screens/activity/event-groups.ts';
import { entryOfHistory, historyTypeOf, withNews } from '../../src/console/screens/activity/feed-entries.ts';
import { createStreamParser, followStream, StreamRefused } from '../../src/console/session/event-stream.ts';
import { explainedTypes } from '../../src/console/texts/event-sentences.ts';
import type { LicenseEvent } from '../../src/console/types.ts';

test('Every type of event is in one group of the filter', () => {
  const grouped = Object.values(typesOfGroup).flat();
  expect(grouped.toSorted()).toEqual([...explainedTypes].toSorted());
});

test('Every type of the feed gets back its name in the history', () => {
  expect(explainedTypes.map((type) => historyTypeOf(cloudTypeOf(type, 1)))).toEqual(explainedTypes);
});

test('An address keeps known filters only', () => {
  const license = 'lic_01h455vb4pex5vsknk084sn02q';
  expect(activityIn({ group: 'term', license, days: 90 })).toEqual({ group: 'term', license, days: '90' });
  expect(activityIn({ group: 'x', license: 'lic_x', days: 1 })).toEqual({});
});

test('Columns of a chart are whole days until today, and count each instant once', () => {
  const now = new Date(2027, 2, 31, 12).getTime();
  const starts = startsOf('30', now);
  expect([starts.length, starts[0], starts.at(-1)]).toEqual([
    30,
    new Date(2027, 2, 2).getTime(),
    new Date(2027, 2, 31).getTime(),
  ]);
  expect(startsOf('90', now)).toHaveLength(13);
  const counts = countIn(starts, [now, now, new Date(2027, 2, 2).getTime(), new Date(2027, 2, 1).getTime()]);
  expect([counts[0], counts.at(-1), counts.reduce((sum, count) => sum + count, 0)]).toEqual([1, 2, 3]);
});

test('The columns of validations are days in UTC, and the last one is today in UTC', () => {
  const starts = utcStartsOf('90', Date.parse('2027-03-31T22:30:00Z'));
  expect([starts.length, utcDayOf(starts[0] ?? 0), utcDayOf(starts.at(-1) ?? 0)]).toEqual([
    13,
    '2026-12-31',
    '2027-03-25',
  ]);
  const days = utcStartsOf('30', Date.parse('2027-03-31T22:30:00Z'));
  const counts = sumIn(days, [
    { day: '2027-03-02', validations: 5 },
    { day: '2027-03-30', validations: 1 },
    { day: '2027-03-31', validations: 2 },
    { day: '2020-01-01', validations: 9 },
  ]);
  expect(counts).toEqual([5, ...Array.from({ length: 27 }, () => 0), 1, 2]);
});

test('A chart has three to five lines at round numbers, which cover its highest column', () => {
  expect([linesFor([]), linesFor([0, 3]), linesFor([5])]).toEqual([
    [0, 2, 4],
    [0, 2, 4],
    [0, 2, 4, 6],
  ]);
  expect([linesFor([7, 61]), linesFor([1_001])]).toEqual([
    [0, 50, 100],
    [0, 500, 1_000, 1_500],
  ]);
  const tops = Array.from({ length: 3_000 }, (_, index) => index * 7 + 1);
  expect(tops.filter((top) => Number(linesFor([top]).at(-1)) < top)).toEqual([]);
  expect([labelledColumns(30), labelledColumns(13), labelledColumns(3)]).toEqual([
    [0, 6, 12, 18, 24],
    [0, 3, 6, 9, 12],
    [0, 1, 2],
  ]);
});

test('Issued licenses are those that the organization issued, and not those that it holds', () => {
  const own = { type: cloudTypeOf('LicenseIssued', 1), source: '/organizations/org_own' };
  const held = { ...own, source: '/organizations/org_other' };
  expect([countedTypeOf(own, 'org_own'), countedTypeOf(held, 'org_own')]).toEqual(['LicenseIssued', null]);
  const type = cloudTypeOf('ActivationRecorded', 1);
  expect(countedTypeOf({ ...held, type }, 'org_own')).toBe('ActivationRecorded');
  expect(countedTypeOf({ ...own, type: cloudTypeOf('LicenseRenewed', 1) }, 'org_own')).toBeNull();
});

test('An event that is in the news and in the list appears once', () => {
  const entryOf = (id: string) => entryOfHistory({ id } as LicenseEvent, 'lic');
  const entries = withNews([entryOf('3'), entryOf('2')], [entryOf('2'), entryOf('1')]);
  expect(entries.map(({ id }) => id)).toEqual(['3', '2', '1']);
});

test('A stream is read in any pieces, with cursors without an event', () => {
  const text = 'retry: 1000\n\nid: a\nevent: x\ndata: {"n":1}\n\n: still here\n\nid: b\n\n';
  for (const size of [1, 7, 100]) {
    const parse = createStreamParser();
    const messages = [];
    for (let at = 0; at < text.length; at += size) messages.push(...parse(text.slice(at, at + size)));
    expect(messages).toEqual([
      { id: 'a', data: '{"n":1}' },
      { id: 'b', data: '' },
    ]);
  }
});

test('A stream that was lost continues from the last cursor, and one that is refused ends', async () => {
  const opened: string[] = [];
  const heard: string[] = [];
  const states: string[] = [];
  const answers = [
    () => Promise.reject(new TypeError('offline')),
    () => Promise.resolve(new Response('id: one\ndata: 1\n\nid: two\nda')),
    () => Promise.resolve(new Response('busy', { status: 429 })),
    () => Promise.resolve(new Response('id: two\ndata: 2\n\n')),
    () => Promise.resolve(new Response('no', { status: 403 })),
  ];
  const following = followStream({
    open: (cursor) => {
      opened.push(cursor);
      return answers.shift()?.() ?? Promise.reject(new Error('There are no more answers.'));
    },
    from: 'start',
    onMessages: (messages) => heard.push(...messages.map(({ data }) => data)),
    onState: (state) => states.push(state),
    signal: new AbortController().signal,
    pause: async () => undefined,
  });
  await expect(following).rejects.toThrow(StreamRefused);
  expect(opened).toEqual(['start', 'start', 'one', 'one', 'two']);
  expect(heard).toEqual(['1', '2']);
  expect(states.filter((state) => state === 'live')).toHaveLength(2);
});
