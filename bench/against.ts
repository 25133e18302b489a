// `node --import tsx bench/against.ts <another checkout>` measures P1, P3, P5, P6, P8 and P9 of this checkout and of
// another one in turn, both compiled, and prints the ratios. The other checkout needs its packages installed. `P5 P9`
// measures only these figures, and those that are measured with them: P3 with P1, P6 with P5. `--rounds=5` measures each
// one five times. `--quick` runs the same code for seconds, to test that it works.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { table } from '../src/cli/table.ts';
import type { Measure } from './against-side.ts';
import { type Row, whole } from './bench.ts';
import { compileCheckout } from './compile-checkout.ts';

const options = process.argv.slice(2);
const small = options.includes('--quick');
const rounds = Number(options.find((option) => option.startsWith('--rounds='))?.slice(9) ?? (small ? 1 : 3));
const [other = '', ...chosenIds] = options.filter((option) => !option.startsWith('--'));
const all = ['P1', 'P5', 'P8', 'P9'];
const ids = chosenIds.length === 0 ? all : chosenIds;
if (!existsSync(join(other, 'bench/ledgers.ts')) || !(rounds >= 1) || ids.some((id) => !all.includes(id))) {
  console.error(
    `Usage: node --import tsx bench/against.ts <another checkout> [${all.join(' ')}] [--rounds=3] [--quick]`,
  );
  process.exit(2);
}

type Side = { readonly measure: (request: Measure) => Promise<readonly Row[]>; readonly stop: () => Promise<void> };

const compiled = { ours: compileCheckout(resolve(import.meta.dirname, '..')), theirs: compileCheckout(resolve(other)) };

const startSide = (folder: string): Side => {
  const child = fork(join(compiled.ours, 'bench/against-side.js'), {
    cwd: folder,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    measure: async (request) => {
      child.send(request);
      const { rows, failed } = await answerOf(child);
      if (rows === undefined) throw new Error(failed);
      return rows;
    },
    stop: async () => {
      child.send('stop');
      await once(child, 'exit');
    },
  };
};

type SideAnswer = { readonly rows?: readonly Row[]; readonly failed?: string };

// Some bench modules are also processes and send messages of their own, which are skipped.
const answerOf = async (child: ChildProcess): Promise<SideAnswer> => {
  for (;;) {
    const [answer] = (await once(child, 'message')) as [SideAnswer];
    if (answer.rows !== undefined || answer.failed !== undefined) return answer;
  }
};

/** Returns the absolute figure of a row: a rate, where more is better, or milliseconds. */
const ownFigure = ([, what, figure, , madeOf]: Row): { readonly value: number; readonly isTime: boolean } => {
  const [rate] = /^([\d,]+) \/ /.exec(madeOf)?.slice(1) ?? [];
  return rate === undefined
    ? { value: Number(figure.replaceAll(',', '')), isTime: what.includes('ms') }
    : { value: Number(rate.replaceAll(',', '')), isTime: false };
};

// The same rate stands in two rows of P1 and P3.
const isOwn = ([, what, , , madeOf]: Row): boolean =>
  !/four statements|whole API/.test(what) && (madeOf.includes(' / ') || what.includes(', ms'));

const sides = { ours: startSide(compiled.ours), theirs: startSide(compiled.theirs) };
const best = new Map<string, { row: Row; isTime: boolean; ours: number; theirs: number; ratios: number[] }>();
for (const id of ids) {
  for (let round = 0; round < rounds; round++) {
    console.error(`${new Date().toISOString().slice(11, 19)} ${id}, round ${round + 1} of ${rounds}`);
    // The order alternates, so that a slow minute of the machine affects both sides.
    const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
    const measured = { ours: [] as readonly Row[], theirs: [] as readonly Row[] };
    for (const side of order) measured[side] = await sides[side].measure({ id, small });
    for (const row of measured.ours.filter(isOwn)) {
      const same = measured.theirs.find(([, what]) => what === row[1]);
      if (same === undefined) continue;
      const [ours, theirs] = [ownFigure(row), ownFigure(same)];
      const key = `${row[0]} ${row[1]}`;
      const before = best.get(key);
      const better = ours.isTime ? Math.min : Math.max;
      best.set(key, {
        row,
        isTime: ours.isTime,
        ours: before === undefined ? ours.value : better(before.ours, ours.value),
        theirs: before === undefined ? theirs.value : better(before.theirs, theirs.value),
        ratios: [...(before?.ratios ?? []), ours.value / theirs.value],
      });
    }
  }
}
await Promise.all([sides.ours.stop(), sides.theirs.stop()]);

const rows = [...best.values()].map(({ row: [id, what], isTime, ours, theirs, ratios }) => [
  id,
  what.replace(/ \/ .*/, isTime ? '' : ' a second'),
  (ours / theirs).toFixed(2),
  isTime ? '<= 1.10' : '>= 0.90',
  `${whole(ours)} / ${whole(theirs)}`,
  ratios.map((ratio) => ratio.toFixed(2)).join(' '),
]);
console.log(`This checkout / the other one; best of ${rounds} rounds each, in turn.\n`);
console.log(table(['id', 'what', 'ratio', 'goal', 'made of', 'each round'], rows));
