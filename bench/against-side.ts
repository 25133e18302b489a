// A child process of bench/against.ts. It measures figures with the compiled code of the checkout in its current
// folder.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Figures, Row } from './bench.ts';
import type { BenchLedger } from './ledgers.ts';

/** A figure to measure once. `small` uses few licenses and seconds, so the result means little. */
export type Measure = { readonly id: string; readonly small: boolean };

/**
 * The file and export of bench that measure each figure, in both checkouts. P1 also measures P3, and P5 also P6.
 */
const homes: Readonly<Record<string, readonly [file: string, name: string]>> = {
  P1: ['http-figures.js', 'validateFigures'],
  P5: ['http-figures.js', 'commandFigures'],
  P8: ['projection.js', 'projectionFigures'],
  P9: ['rebuild.js', 'rebuildFigures'],
};

const load = (file: string) => import(join(process.cwd(), 'bench', file));
const ledgers = new Map<number, Promise<BenchLedger>>();

const measure = async ({ id, small }: Measure): Promise<readonly Row[]> => {
  const { makeLedger } = (await load('ledgers.js')) as typeof import('./ledgers.ts');
  const bench: Bench = {
    rounds: 1,
    ...(small ? { seconds: 1, appends: 500 } : { seconds: 5, appends: 6_000 }),
    licenses: small
      ? { few: 16, small: 100, middle: 500, cold: 500, large: 500 }
      : { few: 256, small: 1_000, middle: 10_000, cold: 40_000, large: 40_000 },
    leaves: 1,
    say: () => {},
    ledgerWith: async (licenses) => {
      // P8 derives the ids of its licenses from their numbers. On the same log, a second run would append nothing.
      if (id === 'P8') await forgetLedgers();
      const ledger = ledgers.get(licenses) ?? makeLedger(licenses, () => {});
      ledgers.set(licenses, ledger);
      return ledger;
    },
  };
  const [file, name] = homes[id] ?? ['', ''];
  const figures = ((await load(file)) as Readonly<Record<string, Figures>>)[name];
  if (figures === undefined) throw new Error(`${process.cwd()} has no ${name} in bench/${file}.`);
  return figures.measure(bench);
};

const forgetLedgers = async () => {
  for (const ledger of ledgers.values()) await rm((await ledger).dataDir, { recursive: true, force: true });
  ledgers.clear();
};

const stop = async () => {
  await forgetLedgers();
  process.exit();
};

process.on('message', (request: Measure | 'stop') => {
  if (request === 'stop') return void stop();
  measure(request).then(
    (rows) => process.send?.({ rows }),
    (error) => process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
// The parent process has ended.
process.on('disconnect', () => process.exit());
