// One side of bench/against.ts: measures figures with the code of the checkout in its current folder, on request.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Figures, Row } from './bench.ts';
import type { BenchLedger } from './ledgers.ts';

/** A figure to measure once. `small`: so few licenses and seconds that the result means little. */
export type Measure = { readonly id: string; readonly small: boolean };

/** Which export of which bench file measures a figure; the same in both checkouts. P1 also measures P3, and P5 also P6. */
const homes: Readonly<Record<string, readonly [file: string, name: string]>> = {
  P1: ['http-figures.ts', 'validateFigures'],
  P5: ['http-figures.ts', 'commandFigures'],
  P8: ['projection.ts', 'projectionFigures'],
  P9: ['rebuild.ts', 'rebuildFigures'],
};

const load = (file: string) => import(join(process.cwd(), 'bench', file));
const ledgers = new Map<number, Promise<BenchLedger>>();

const measure = async ({ id, small }: Measure): Promise<readonly Row[]> => {
  const { makeLedger } = (await load('ledgers.ts')) as typeof import('./ledgers.ts');
  const bench: Bench = {
    rounds: 1,
    ...(small ? { seconds: 1, appends: 500 } : { seconds: 5, appends: 6_000 }),
    licenses: small
      ? { few: 16, small: 100, middle: 500, large: 500 }
      : { few: 256, small: 1_000, middle: 10_000, large: 40_000 },
    say: () => {},
    ledgerWith: async (licenses) => {
      // P8 appends licenses whose ids follow from their numbers: a second time on the same log they would be repeats.
      if (id === 'P8') await forgetLedgers();
      const made = ledgers.get(licenses) ?? makeLedger(licenses, () => {});
      ledgers.set(licenses, made);
      return made;
    },
  };
  const [file, name] = homes[id] ?? ['', ''];
  const figures = ((await load(file)) as Readonly<Record<string, Figures>>)[name];
  if (figures === undefined) throw new Error(`${process.cwd()} has no ${name} in bench/${file}.`);
  return figures.measure(bench);
};

const forgetLedgers = async () => {
  for (const made of ledgers.values()) await rm((await made).dataDir, { recursive: true, force: true });
  ledgers.clear();
};

const stop = async () => {
  await forgetLedgers();
  process.exit();
};

process.on('message', (asked: Measure | 'stop') => {
  if (asked === 'stop') return void stop();
  measure(asked).then(
    (rows) => process.send?.({ rows }),
    (error) => process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
// The parent was ended.
process.on('disconnect', () => process.exit());
