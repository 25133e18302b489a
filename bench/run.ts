import { rm } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { table } from '../src/cli/table.ts';
import { type Bench, type Figures, type Row, whole } from './bench.ts';
import { domainFigures } from './domain.ts';
import { endingFigures } from './endings.ts';
import { growthFigures } from './growth.ts';
import { commandFigures, validateFigures } from './http-figures.ts';
import { type BenchLedger, makeLedger } from './ledgers.ts';
import { listFigures } from './lists.ts';
import { loginFigures } from './login.ts';
import { longFigures } from './long-streams.ts';
import { memoryFigures } from './memory.ts';
import { neighbourFigures } from './neighbours.ts';
import { notaryFigures } from './notary.ts';
import { projectionFigures } from './projection.ts';
import { proofFigures } from './proof.ts';
import { readFigures } from './reads.ts';
import { rebuildFigures } from './rebuild.ts';
import { viewFigures } from './saved-views.ts';
import { grownStartFigures, startFigures } from './start.ts';
import { streamFigures } from './streams.ts';
import { usualFigures } from './usual.ts';
import { verifyFigures } from './verify.ts';

// `npm run bench` measures every figure, `-- P8 P11` only these. `-- --quick` runs the same code for seconds, to test
// that it works; its figures mean little. `-- --licenses=100000` uses this number in place of a million, and `--leaves=500000` in
// place of ten leaves for each license.
const options = process.argv.slice(2);
const quick = options.includes('--quick');
const chosenIds = options.filter((option) => !option.startsWith('--'));
const large = Number(
  options.find((option) => option.startsWith('--licenses='))?.slice(11) ?? (quick ? 2_000 : 1_000_000),
);

const leaves = Number(options.find((option) => option.startsWith('--leaves='))?.slice(9) ?? large * 10);

const all: readonly Figures[] = [
  startFigures,
  domainFigures,
  validateFigures,
  commandFigures,
  usualFigures,
  growthFigures,
  loginFigures,
  grownStartFigures,
  projectionFigures,
  rebuildFigures,
  longFigures,
  memoryFigures,
  verifyFigures,
  endingFigures,
  neighbourFigures,
  listFigures,
  viewFigures,
  streamFigures,
  readFigures,
  proofFigures,
  notaryFigures,
];
const ids = all.flatMap((figures) => figures.ids);
const unknown = chosenIds.filter((id) => !ids.includes(id));
if (unknown.length > 0 || !(large >= 1 && leaves >= 1)) {
  console.error(`Figures to choose from: ${ids.join(' ')}. Options: --quick, --licenses=<number>, --leaves=<number>.`);
  process.exit(2);
}

const ledgers = new Map<number, Promise<BenchLedger>>();
const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
const bench: Bench = {
  ...(quick ? { rounds: 1, seconds: 1, appends: 500 } : { rounds: 3, seconds: 5, appends: 6_000 }),
  licenses: {
    ...(quick ? { few: 16, small: 100, middle: 500 } : { few: 256, small: 1_000, middle: 10_000 }),
    cold: Math.min(large, 100_000),
    large,
  },
  leaves,
  say,
  ledgerWith: (licenses) => {
    const ledger = ledgers.get(licenses) ?? makeLedger(licenses, say);
    ledgers.set(licenses, ledger);
    return ledger;
  },
};

const rows: Row[] = [];
for (const figures of all) {
  const chosen = chosenIds.length === 0 ? figures.ids : figures.ids.filter((id) => chosenIds.includes(id));
  if (chosen.length === 0) continue;
  say(`measuring ${chosen.join(', ')}`);
  try {
    const measured = await figures.measure(bench);
    rows.push(...measured.filter(([id]) => chosen.includes(id)));
  } catch (error) {
    console.error(error);
    rows.push([chosen.join(' '), 'failed, see above', '', '', '']);
    process.exitCode = 1;
  }
}
for (const ledger of ledgers.values()) await rm((await ledger).dataDir, { recursive: true, force: true });

const [{ model } = { model: 'unknown' }] = cpus();
console.log(
  `${availableParallelism()} x ${model}, Node ${process.version}; best of ${bench.rounds} interleaved rounds.`,
);
console.log(`${new Date().toISOString().slice(0, 10)}, ${whole(large)} licenses where a million is meant.\n`);
console.log(table(['id', 'what', 'figure', 'goal', 'made of'], rows));
// The child processes of a failed figure may keep this process alive.
process.exit();
