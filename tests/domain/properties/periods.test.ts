import { expect, test } from 'vitest';
import { runSeed } from '../../support/chance.ts';
import { sized } from '../../support/size.ts';
import { liveWithPeriods } from './period-life.ts';

const seed = runSeed();
console.log(`periods: LEDGER_SEED=${seed}`);

test('The use of a meter at any instant is the sum of what was used since the start of its period', {
  timeout: 600_000,
}, () => {
  const lives = Array.from({ length: sized(10_000) }, (_, index) => liveWithPeriods(seed + index));
  expect(lives.filter((finding) => finding !== null)).toEqual([]);
});
