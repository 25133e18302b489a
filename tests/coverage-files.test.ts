import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { announceCoverage, readCoverages, writeCoverage } from './support/coverage-files.ts';
import { temporaryDirectory } from './support/temporary.ts';

test('The coverage of a run waits for a worker that still writes, and names one that was killed', async () => {
  const reports = await temporaryDirectory();
  const errors = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => errors.mockRestore());
  announceCoverage(reports);
  const killed = spawnSync(process.execPath, ['--version']).pid;
  writeFileSync(path.join(reports, '.workers', `${killed}.running`), '');

  const reading = readCoverages(reports);
  const coverage = { projectName: 'integration', taken: { result: [] } };
  writeCoverage(reports, coverage);
  expect(await reading).toEqual([{ ...coverage, worker: String(process.pid) }]);
  expect(errors.mock.calls).toEqual([[expect.stringContaining(`Worker ${killed} ended without its coverage`)]]);
  expect(existsSync(path.join(reports, '.workers'))).toBe(false);
});

test('A run in which no worker started has no coverage', async () => {
  expect(await readCoverages(await temporaryDirectory())).toEqual([]);
});
