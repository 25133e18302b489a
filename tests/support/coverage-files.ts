import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

// Two files for each worker: an empty one that says that it runs, and its coverage when it has ended.

/** What a worker covered, as the inspector tells it, and the project that it worked for. */
export type WorkerCoverage = { readonly projectName: string; readonly taken: unknown };

const directoryIn = (reports: string): string => path.join(reports, '.workers');
const coverageOf = (reports: string, worker: string): string => path.join(directoryIn(reports), `${worker}.json`);

/** Says that this worker will write its coverage before it ends. */
export const announceCoverage = (reports: string): void => {
  mkdirSync(directoryIn(reports), { recursive: true });
  writeFileSync(path.join(directoryIn(reports), `${process.pid}.running`), '');
};

/** Writes what this worker covered. */
export const writeCoverage = (reports: string, coverage: WorkerCoverage): void => {
  const file = coverageOf(reports, String(process.pid));
  writeFileSync(`${file}.unfinished`, JSON.stringify(coverage));
  renameSync(`${file}.unfinished`, file);
};

/**
 * Returns what each announced worker covered, and removes the files. Waits for workers that have not written it yet.
 * Throws when a worker has ended without its coverage.
 */
export const readCoverages = async (
  reports: string,
): Promise<readonly (WorkerCoverage & { readonly worker: string })[]> => {
  const directory = directoryIn(reports);
  if (!existsSync(directory)) return [];
  const workers = readdirSync(directory)
    .filter((file) => file.endsWith('.running'))
    .map((file) => path.basename(file, '.running'));
  const coverages = [];
  for (const worker of workers) {
    await untilWritten(reports, worker);
    const coverage = JSON.parse(readFileSync(coverageOf(reports, worker), 'utf8')) as WorkerCoverage;
    coverages.push({ ...coverage, worker });
  }
  rmSync(directory, { recursive: true, force: true });
  return coverages;
};

const untilWritten = async (reports: string, worker: string): Promise<void> => {
  const isWritten = (): boolean => existsSync(coverageOf(reports, worker));
  while (!isWritten()) {
    // It may write between the two questions.
    if (!isAlive(Number(worker)) && !isWritten())
      throw new Error(
        `Worker ${worker} ended without its coverage. Read what the run printed about it, and run again.`,
      );
    await delay(20);
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
