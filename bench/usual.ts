import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readRuntime } from '../src/embedded/data-directory.ts';
import { parseSecrets } from '../src/identity/secrets.ts';
import { compared, type Figures, type Row } from './bench.ts';
import { bulkLicenseKey } from './bulk-log.ts';
import { connectAs, raisedLimits } from './ledgers.ts';
import { generate } from './load.ts';
import { type Use, useOfTree } from './process-use.ts';
import { ledgerStart, startProgram } from './program.ts';
import { createUsualDatabase, fillUsualDatabase } from './usual-app.ts';
import type { UsualOptions } from './usual-process.ts';

/**
 * Measures P6b: activations of new devices over HTTP of the whole product, as `npm start` runs it with its log, divided by
 * those of the usual way on the same Postgres. `hot`: a few licenses that every process has in memory. `random`: licenses
 * drawn from all of them, anew for each round.
 */
export const usualFigures: Figures = {
  ids: ['P6b'],
  measure: async (bench) => {
    const { dataDir, secret, licenses } = await bench.ledgerWith(bench.licenses.cold);
    const product = await startProgram(ledgerStart, process.cwd(), {
      ...raisedLimits,
      LEDGER_DATA_DIR: dataDir,
      LOG_LEVEL: 'info',
    });
    const usual = fork(fileURLToPath(new URL('./usual-process.ts', import.meta.url)));
    try {
      const databaseUrl = (await readRuntime(dataDir))?.databaseUrl ?? '';
      const admin = await connectAs({ databaseUrl }, dataDir, 'postgres');
      // Postgres stops with the product, also when a measurement has failed.
      admin.on('error', () => undefined);
      const usualUrl = await createUsualDatabase(admin, databaseUrl);
      bench.say(`writing ${licenses} licenses into the tables of the usual way`);
      await fillUsualDatabase(usualUrl, parseSecrets(secret), licenses);
      usual.send({ databaseUrl: usualUrl, secret } satisfies UsualOptions);
      const [{ url }] = (await once(usual, 'message')) as [{ url: string }];
      const useNow = () => ({
        ...useOfTree(product.process.pid ?? 0, partOf),
        ...useOfTree(usual.pid ?? 0, () => 'usual'),
      });
      const sides = { product: product.url, usual: url };
      const measured = { hot: newSides(), random: newSides() };
      const few = bench.licenses.few;
      for (let round = 0; round <= bench.rounds; round++) {
        for (const kind of ['hot', 'random'] as const) {
          for (const side of ['product', 'usual'] as const) {
            const bodies = kind === 'hot' ? hotBodies(few) : randomBodies(licenses);
            await admin.query('checkpoint');
            const seconds = round === 0 ? bench.seconds * 3 : bench.seconds;
            const run = await activations(sides[side], bodies, seconds, useNow);
            // A process that has just started may refuse some requests on a busy machine.
            if (round > 0 && run.notOk > 0) throw new Error(`${run.notOk} activations of ${side} were refused`);
            bench.say(`${kind} ${side}: ${Math.round(run.perSecond)} a second`);
            // The first round warms up.
            if (round > 0) measured[kind][side].push(run);
          }
        }
      }
      await admin.end();
      return [...rowsOf('hot', measured.hot, '>= 1.00'), ...rowsOf('random', measured.random, '>= 0.80')];
    } finally {
      if (usual.connected) usual.disconnect();
      await product.stop();
    }
  },
};

/** Activations a second, the processor time of each part for one of them in ms, and the most memory of each in MB. */
type Run = {
  readonly perSecond: number;
  readonly notOk: number;
  readonly cpuMs: PerPart;
  readonly residentMb: PerPart;
};
type PerPart = Readonly<Record<string, number>>;
type Sides = Record<'product' | 'usual', Run[]>;

const newSides = (): Sides => ({ product: [], usual: [] });

const partOf = (commandLine: string): string => {
  if (/eventstore[\\/]main/.test(commandLine)) return 'store';
  if (/postgres/.test(commandLine.split(' ')[0] ?? '') || /^postgres/.test(commandLine)) return 'Postgres';
  // The API, the projector and the worker.
  return 'product';
};

const activations = async (
  url: string,
  bodies: readonly string[],
  seconds: number,
  useNow: () => Use,
): Promise<Run> => {
  const before = useNow();
  const most: Record<string, number> = {};
  const timer = setInterval(() => {
    for (const [part, { residentMb }] of Object.entries(useNow())) most[part] = Math.max(most[part] ?? 0, residentMb);
  }, 500);
  const load = { url: `${url}/v1/licenses/activate`, bodies, connections: 64, seconds };
  const { perSecond, notOk } = await generate(load).finally(() => clearInterval(timer));
  const after = useNow();
  const cpuMs = Object.entries(after).map(
    ([part, { cpuMs }]) => [part, (cpuMs - (before[part]?.cpuMs ?? 0)) / (perSecond * seconds)] as const,
  );
  return { perSecond, notOk, cpuMs: Object.fromEntries(cpuMs), residentMb: most };
};

const bodyOf = (index: number): string =>
  JSON.stringify({ licenseKey: bulkLicenseKey(index), product: 'local_cli', fingerprint: 'device-[<id>]' });

const hotBodies = (few: number): readonly string[] => Array.from({ length: few }, (_, index) => bodyOf(index));

const randomBodies = (licenses: number): readonly string[] =>
  Array.from({ length: bodiesMax }, () => bodyOf(Math.floor(Math.random() * licenses)));

// More than a round sends.
const bodiesMax = 20_000;

const rowsOf = (kind: string, { product, usual }: Sides, goal: string): readonly Row[] => {
  const [ours, theirs] = [bestOf(product), bestOf(usual)];
  const memory = mostOf(product);
  const own = ['product', 'store', 'Postgres'];
  const costs = own.map((part) => `${part} ${shown(ours.cpuMs[part])}`).join(', ');
  const [total, usualTotal] = [sum(own.map((part) => ours.cpuMs[part] ?? 0)), sum(Object.values(theirs.cpuMs))];
  return [
    compared('P6b', `activate, ${kind} licenses / the usual way`, [ours.perSecond, theirs.perSecond], goal),
    ['P6b', `processor time of one, ${kind}, ms`, shown(total), '', `${costs}; the usual way ${shown(usualTotal)}`],
    ...own
      .filter((part) => part !== 'Postgres')
      .map((part): Row => ['P6b', `memory of ${part}, ${kind}, MB`, (memory[part] ?? 0).toFixed(0), '<= 300', '']),
  ];
};

const bestOf = (runs: readonly Run[]): Run => {
  const [best] = runs.toSorted((one, other) => other.perSecond - one.perSecond);
  if (best === undefined) throw new Error('Nothing was measured.');
  return best;
};

const mostOf = (runs: readonly Run[]): PerPart => {
  const most: Record<string, number> = {};
  for (const { residentMb } of runs)
    for (const [part, megabytes] of Object.entries(residentMb)) most[part] = Math.max(most[part] ?? 0, megabytes);
  return most;
};

const shown = (ms: number | undefined): string => (ms ?? 0).toFixed(2);
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
