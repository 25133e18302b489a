import { expect, test } from 'vitest';
import { runSeed } from '../../support/chance.ts';
import { sized } from '../../support/size.ts';
import { usageRows } from '../../support/usage-rows.ts';
import { liveWithPeriods } from './period-life.ts';

const seed = runSeed();
console.log(`periods: LEDGER_SEED=${seed}`);

test('The use of a meter at any instant is the sum of what was used since the start of its period', {
  timeout: 600_000,
}, () => {
  const lives = Array.from({ length: sized(10_000) }, (_, index) => liveWithPeriods(seed + index));
  expect(lives.flatMap(({ finding }) => finding ?? [])).toEqual([]);
  expect(lives.flatMap(({ history, life }, index) => sumsFinding(seed + index, history, life) ?? [])).toEqual([]);
  // The lives must keep reaching what they compare.
  const sums = lives.flatMap(({ life }) => life.sums);
  for (const part of ['recorded', 'carried', 'corrected', 'reset'] as const)
    expect(sums.filter((one) => one[part] > 0).length, part).toBeGreaterThan(0);
});

type Life = ReturnType<typeof liveWithPeriods>;

/** Compares the rows of the projector with the sums of a life, by period and by day. */
const sumsFinding = (seed: number, history: Life['history'], { sums, days }: Life['life']): string | null => {
  const rows = usageRows(testLicense(history), history);
  const correctedBy = (isIt: (row: (typeof rows.corrections)[number]) => boolean) =>
    rows.corrections.filter(isIt).reduce((sum, { quantity }) => sum + Number(quantity), 0);
  const actual = rows.periods.map((row) => {
    const { meter, resets, counter, recorded, carried, reset } = row;
    const start = resets === 'NEVER' ? null : Date.parse(String(row.period_start));
    const corrected = correctedBy((one) => one.meter === meter && one.counter === counter);
    return [meter, resets, start, Number(recorded), Number(carried), corrected, Number(reset)].join(' ');
  });
  const expected = sums.map(({ meter, resets, start, recorded, carried, corrected, reset }) =>
    [meter, resets, start, recorded, carried, corrected, reset].join(' '),
  );
  const actualDays = rows.days.map(({ meter, day, recorded, reset }) => {
    const corrected = correctedBy((one) => one.meter === meter && one.day === day);
    return [meter, day, Number(recorded), corrected, Number(reset)].join(' ');
  });
  const expectedDays = [...days].map(([key, { recorded, corrected, reset }]) =>
    [key, recorded, corrected, reset].join(' '),
  );
  const pairs = [
    [actual, expected],
    [actualDays, expectedDays],
  ] as const;
  for (const [is, must] of pairs) {
    const [isText, mustText] = [is.toSorted().join(', '), must.toSorted().join(', ')];
    if (isText !== mustText) return `seed ${seed}: ${isText} and not ${mustText}`;
  }
  return null;
};

const testLicense = ([first]: Life['history']): string =>
  first?.event.type === 'LicenseIssued' ? first.event.data.licenseId : '';
