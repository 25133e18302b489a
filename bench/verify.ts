import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Bench, type Figures, type Row, whole } from './bench.ts';
import { watch } from './memory.ts';

/** Measures the memory and time of `ledger verify` with many licenses, with and without the hash chains. */
export const verifyFigures: Figures = {
  ids: ['verify'],
  measure: async (bench) => {
    const { dataDir } = await bench.ledgerWith(bench.licenses.large);
    return [await measured(bench, dataDir, []), await measured(bench, dataDir, ['--read-models'])];
  },
};

const measured = async ({ say, licenses }: Bench, dataDir: string, options: readonly string[]): Promise<Row> => {
  const command = ['verify', ...options];
  say(`ledger ${command.join(' ')}`);
  const startedMs = performance.now();
  const verifying = spawn(process.execPath, ['bin/ledger.js', ...command], {
    env: { ...process.env, LEDGER_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  verifying.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(verifying, 'exit');
  const samples = await watch({ verify: verifying.pid }, async () => {
    const [code] = await ended;
    if (code !== 0) throw new Error(`ledger ${command.join(' ')} ended with ${code}:\n${output}`);
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  const madeOf = `${whole(licenses.large)} licenses in ${whole(seconds)} s`;
  // This is the memory of the command alone, without the embedded servers that it starts.
  return [
    'verify',
    `memory of ledger ${command.join(' ')}, MB`,
    whole(Math.max(...(samples.verify ?? []))),
    '<= 400',
    madeOf,
  ];
};
