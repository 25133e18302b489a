import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type Figures, whole } from './bench.ts';
import { ledgerStart, startProgram } from './program.ts';

/** Measures the time from `npm start` until it prints that it is ready. */
export const startFigures: Figures = {
  ids: ['start'],
  measure: async ({ rounds }) => {
    const { cold, warm } = await measureStart(rounds);
    return [
      ['start', 'npm start to ready, first time, s', cold.toFixed(1), '<= 8', 'compiles, initdb, migrations, demo'],
      ['start', 'npm start to ready, after, s', warm.toFixed(1), '<= 1.5', `best of ${rounds}`],
    ];
  },
};

/** Measures P13: the time that a million licenses add to a start. */
export const grownStartFigures: Figures = {
  ids: ['P13'],
  measure: async (bench) => {
    const { small, large } = await measureGrownStart(bench);
    const { licenses, rounds } = bench;
    const what = `start to ready with ${whole(licenses.large)} / ${whole(licenses.small)} licenses`;
    const madeOf = `${large.toFixed(2)} s / ${small.toFixed(2)} s, best of ${rounds}`;
    return [['P13', what, (large / small).toFixed(2), '<= 1.30', madeOf]];
  },
};

const checkout = process.cwd();
const parts = ['src', 'bin', 'build', 'db', 'package.json', 'package-lock.json', 'tsconfig.json', '.npmrc'];

/** Returns the seconds from `npm start` to ready: in a new copy without compiled code and data, and in later starts. */
const measureStart = async (restarts: number): Promise<{ readonly cold: number; readonly warm: number }> => {
  const copy = await mkdtemp(join(tmpdir(), 'ledger-start-'));
  try {
    for (const part of parts) await cp(join(checkout, part), join(copy, part), { recursive: true });
    await symlink(join(checkout, 'node_modules'), join(copy, 'node_modules'));
    const start = () => secondsToReady(['npm', 'start'], copy, {});
    const cold = await start();
    let warm = Number.POSITIVE_INFINITY;
    for (let restart = 0; restart < restarts; restart++) warm = Math.min(warm, await start());
    return { cold, warm };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
};

/** Returns the seconds from the start of the compiled program to ready, with few and with many licenses. */
const measureGrownStart = async ({ rounds, licenses, ledgerWith }: Bench) => {
  const dataDirs = { small: await ledgerWith(licenses.small), large: await ledgerWith(licenses.large) };
  const best = { small: Number.POSITIVE_INFINITY, large: Number.POSITIVE_INFINITY };
  // The first round does not count, because the first start creates the demo.
  for (let round = 0; round <= rounds; round++) {
    for (const size of ['small', 'large'] as const) {
      const env = { LEDGER_DATA_DIR: dataDirs[size].dataDir };
      const taken = await secondsToReady(ledgerStart, checkout, env);
      if (round > 0) best[size] = Math.min(best[size], taken);
    }
  }
  return best;
};

const secondsToReady = async (
  command: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
): Promise<number> => {
  const startedMs = performance.now();
  const { stop } = await startProgram(command, cwd, variables);
  const seconds = (performance.now() - startedMs) / 1_000;
  await stop();
  return seconds;
};
