import { eventTypeFilter, excludeSystemEvents, type Filter, streamNameFilter } from '@eventstore/db-client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameRegex } from '../../../src/embedded/eventstore/regex/name-regex.ts';
import { runSeed } from '../../support/chance.ts';
import { event, idsOf, next, record, startTestStore, type TestStore, unary } from './harness.ts';

const matches = async (regex: string, name: string) => (await nameRegex(regex)).matches(name);

describe('A regex has the meaning that .NET gives it', () => {
  test.each([
    ['^license-\\d+$', ['license-7', 'license-٣'], ['license-', 'license-7x', 'my-license-7']],
    ['^[^$].*', ['Counted', ' '], ['$metadata', '']],
    ['^[^\\$].*', ['Counted'], ['$metadata']],
    ['^user\\-\\ 1\\#', ['user- 1#'], ['user-1#']],
    ['^account|^savings', ['account-1', 'savings-1'], ['my-account']],
    ['.*-Recorded$', ['A-Recorded', 'A-Recorded\n'], ['A-Recorded\n\n', 'A-Recordeds']],
    ['^a.c$', ['abc', 'a\rc'], ['a\nc', 'ac']],
    ['^a{2}b{1,}c{0,2}?$', ['aab', 'aabbcc'], ['ab', 'aabccc']],
    ['^a{,2}$', ['a{,2}'], ['aa']],
    ['^(?<word>\\w+)(?:\\s|\\.)\\S$', ['é\u00a0x', 'a_1.x'], ['-.x', 'a. ']],
    ['^[\\s\\S][\\w\\-.][^\\d-]$', ['\n.x', 'a-x'], ['a,x', 'ab1', 'ab-']],
    ['^[a-c[.$^(|)*+?{}-]+$', ['a[.$^(|)*+?{}-c'], ['d', 'a]']],
    ['^\\p{Lu}\\P{Lu}\\x41\\u00e9\\t$', ['ÄäAé\t'], ['ääAé\t']],
    ['^]}$', [']}'], [']']],
    // .NET sees two units where a character is above U+FFFF.
    ['^..$', ['😀', 'ab'], ['😀a', 'a']],
    ['^😀+$', ['😀', '😀\ude00'], ['😀😀']],
    ['^[\\ud800-\\udfff]{2}$', ['😀'], ['ab']],
    ['', ['', 'anything'], []],
  ])('%s', async (regex, yes, no) => {
    for (const name of yes) expect([name, await matches(regex, name)]).toEqual([name, true]);
    for (const name of no) expect([name, await matches(regex, name)]).toEqual([name, false]);
  });

  test('which is that of JavaScript for plain names', async () => {
    const seed = runSeed();
    console.log(`regex: LEDGER_SEED=${seed}`);
    const unit = fc.constantFrom(...'aab1-_ $.^[]|(){}*+?\\#é'.split(''));
    const escaped = (text: string) => text.replace(/[^\wé]/g, '\\$&');
    const atom = fc.oneof(
      { arbitrary: unit.map(escaped), weight: 4 },
      fc.constantFrom('.', '\\d', '\\D', '[\\w.]', '\\s', '[^a]', '[a-b\\-]', '[^\\d\\s]', '(?:)'),
    );
    const { regex } = fc.letrec<{ regex: string; part: string }>((tie) => ({
      regex: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
      part: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { arbitrary: atom, weight: 3 },
        fc.tuple(atom, fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '+?')).map(([a, b]) => a + b),
        fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => `(${a}|${b})`),
        fc.tuple(tie('regex'), fc.constantFrom('*', '+', '{1,2}')).map(([a, b]) => `(?:${a})${b}`),
      ),
    }));
    const anchored = fc.tuple(fc.boolean(), regex, fc.boolean()).map(([from, r, to]) => {
      return `${from ? '^' : ''}${from || to ? `(?:${r})` : r}${to ? '$' : ''}`;
    });
    // JavaScript without flags sees units as .NET does. It differs for \w and é, so those names are not compared.
    const name = fc.array(unit, { maxLength: 9 }).map((units) => units.join(''));
    const isSame = fc.asyncProperty(anchored, fc.array(name, { minLength: 1, maxLength: 4 }), async (source, names) => {
      const ours = await nameRegex(source);
      const plain = names.filter((one) => !(source.includes('\\w') && one.includes('é')));
      expect(plain.map(ours.matches)).toEqual(plain.map((one) => new RegExp(source).test(one)));
    });
    await fc.assert(isSame, { numRuns: 300, seed });
  });
});

test.each([
  ['a(?=b)', 'look-ahead takes no linear time, at character 2'],
  ['(?<!a)b', 'look-behind takes no linear time, at character 1'],
  ['(a)\\1', 'back-references take no linear time, at character 4'],
  ['a\\b', 'word boundaries (\\b, \\B) take no linear time here, at character 2'],
  ['(?>a)', 'JavaScript has no atomic groups, at character 1'],
  ['(?i)a', '(? is not in both .NET and JavaScript, at character 1'],
  ['\\Aa', 'JavaScript does not have \\A, at character 1'],
  ['a\\_', '\\_ is unknown, at character 2'],
  ['a$b', 'something follows $, which is supported at the end only, at character 2'],
  ['(a$|b)c', 'something follows $, which is supported at the end only, at character 3'],
  ['(a$)*', '^ and $ cannot be repeated, at character 5'],
  ['a**', 'a repetition is repeated, at character 3'],
  ['a++', 'a repetition is repeated, at character 3'],
  ['|?', 'there is nothing to repeat, at character 2'],
  ['a{3,2}', 'a repetition ends below its beginning, at character 2'],
  ['(a{40}){40}', 'with its repetitions it has more than 1000 parts, at character 11'],
  ['a{1000000000}', 'a repetition has more than 1000 times, at character 2'],
  ['(a', 'the group has no end, at character 1'],
  ['a)', 'a group ends that did not begin, at character 2'],
  ['[a', 'the class has no end, at character 1'],
  ['[]a]', '.NET and JavaScript read an empty class differently, at character 1'],
  ['[b-a]', 'a range in a class ends before it begins, at character 2'],
  ['[a-z-[b]]', '.NET may subtract a class here, at character 5'],
  ['[[:alpha:]]', '.NET reads [: in a class differently, at character 2'],
  ['[^\\W]', 'a negated class cannot have \\D, \\S, \\W or \\P here, at character 1'],
  ['\\p{IsGreek}', 'only general categories such as \\p{L} and \\p{Lu} are known, at character 1'],
  ['\\u{41}', '\\u needs four hexadecimal digits, at character 1'],
  ['a\\', 'it ends with a backslash, at character 2'],
  ['('.repeat(60), 'groups are nested more than 50 deep, at character 52'],
])('The regex %s is refused with the reason and the place', async (regex, reason) => {
  await expect(nameRegex(regex)).rejects.toThrow(`The regex ${regex} is not supported: ${reason}`);
});

test('A very long regex is refused, and the refusal does not repeat it', async () => {
  const refusal = await nameRegex('a'.repeat(100_000)).catch((error: Error) => error.message);
  expect(refusal).toContain('it has more than 2000 characters');
  expect(String(refusal).length).toBeLessThan(400);
});

describe('A server with filters by regex', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await startTestStore();
  });
  afterAll(() => store.stop());
  const caughtUp = async (filter: Filter) => {
    const subscription = store.client.subscribeToAll({ filter });
    const recording = record(subscription);
    await next(subscription, 'caughtUp');
    await subscription.unsubscribe();
    return idsOf(recording.received);
  };

  test('filters names of streams and types of events', async () => {
    const [first, second] = [event(), { ...event(), type: 'A b-c' }];
    await store.client.appendToStream('user 1-x', first, { ...unary, expectedRevision: 'any' });
    await store.client.appendToStream('user1-x', second, { ...unary, expectedRevision: 'any' });
    expect(await caughtUp(streamNameFilter({ regex: '^user\\ 1\\-' }))).toEqual([first.id]);
    expect(await caughtUp(eventTypeFilter({ regex: '^A\\ b\\-c$' }))).toEqual([second.id]);
    expect(await caughtUp(excludeSystemEvents())).toEqual([first.id, second.id]);
  });

  test('refuses one that it does not support, and says why', async () => {
    const subscription = store.client.subscribeToAll({ filter: streamNameFilter({ regex: 'a(?!b)' }) });
    expect(await next(subscription, 'error')).toMatchObject({
      message: expect.stringMatching(/INVALID_ARGUMENT.*look-ahead takes no linear time, at character 2.*Use prefixes/),
    });
  });

  test('answers other requests while hostile ones read long names', async () => {
    const stream = `${'a'.repeat(1_000)}b`;
    const proposed = Array.from({ length: 400 }, (_, n) => event(n));
    await store.client.appendToStream(stream, proposed, { ...unary, expectedRevision: 'any' });
    await store.client.appendToStream('short', event(), { ...unary, expectedRevision: 'any' });
    const filter = streamNameFilter({ regex: '^(?:(?:a+)+|(?:a|aa)*(?:a?){200})+$' });
    let isReading = true;
    // A regex of JavaScript would not come to an end with the first name.
    const hostile = Promise.all([caughtUp(filter), caughtUp(filter)]).then((received) => {
      isReading = false;
      return received;
    });
    let answered = 0;
    while (isReading) {
      for await (const read of store.client.readStream('short', { maxCount: 1 })) if (read.event) answered += 1;
    }
    expect(await hostile).toEqual([[], []]);
    // Without turns, the other requests wait for a page of 500 events, and three or so are answered. With them there are
    // dozens, and eighteen where other tests keep the processors busy.
    expect(answered).toBeGreaterThan(6);
    expect(await caughtUp(streamNameFilter({ regex: 'ab$' }))).toEqual(idsOf(proposed));
  });
});
