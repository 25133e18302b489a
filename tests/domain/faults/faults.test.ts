import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failuresWith, runDomainTests, withCopy } from './plant.ts';
import { faults } from './planted.ts';

const full = process.env.LEDGER_TEST_SIZE === 'full';
const planted = full ? faults : faults.slice(0, 3);
// The project of the domain runs the other files in the same test run.
const soundFiles = full ? [] : [...new Set(planted.map(({ caughtIn }) => caughtIn))];

test(
  `${planted.length} of ${faults.length} planted faults are each caught by the test that is named for it`,
  {
    timeout: 300_000,
  },
  () =>
    withCopy(async (directory) => {
      const sound = await runDomainTests(directory, ...soundFiles);
      expect(sound.failed).toEqual([]);
      expect(sound.count).toBeGreaterThan(full ? 400 : 30);
      // The full run plants one at a time. Three of different rules can stay side by side, for half the starts of a runner.
      const together = full ? null : await failuresWith(directory, ...planted);
      for (const fault of planted)
        expect(together ?? (await failuresWith(directory, fault)), fault.name).toContain(fault.caughtBy);
    }),
);

test.each(faults)('The text of the planted fault "$name" is once in the source', ({ file, find }) => {
  expect(readFileSync(file, 'utf8').split(find)).toHaveLength(2);
});
