import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { condition } from './product.ts';

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
 * Prints a line for a worker that ended without its coverage, and leaves it out: the tests tell why it ended.
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
    await untilWrittenOrEnded(reports, worker);
    if (!existsSync(coverageOf(reports, worker))) {
      console.error(`Worker ${worker} ended without its coverage, so the figures below are too low.`);
      continue;
    }
    const coverage = JSON.parse(readFileSync(coverageOf(reports, worker), 'utf8')) as WorkerCoverage;
    coverages.push({ ...coverage, worker });
  }
  rmSync(directory, { recursive: true, force: true });
  return coverages;
};

const untilWrittenOrEnded = (reports: string, worker: string): Promise<void> =>
  // The runner kills a worker that does not end within a minute.
  condition(
    `worker ${worker} has written its coverage or ended`,
    () => existsSync(coverageOf(reports, worker)) || !isAlive(Number(worker)),
    120_000,
  );

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
