import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { startStack } from '../src/embedded/stack.ts';
import { type Bench, type Figures, type Row, whole } from './bench.ts';
import { validationRate, validationsOf } from './growth.ts';
import { raisedLimits } from './ledgers.ts';
import { ledgerStart, startProgram } from './program.ts';
import { measureLag } from './projection.ts';

/** Measures P12: resident memory of the API, projector and event store processes, under the loads of P1, P8 and P9. */
export const memoryFigures: Figures = {
  ids: ['P12'],
  measure: async (bench) => {
    const ledger = await bench.ledgerWith(bench.licenses.large);
    const { dataDir, secret, vendor, licenses } = ledger;
    const stack = await startStack({ dataDir });
    const { databaseUrl: DATABASE_URL, eventStoreUrl: EVENTSTORE_URL } = stack;
    const variables = { DATABASE_URL, EVENTSTORE_URL, LEDGER_SECRET: secret, ...raisedLimits };
    const start = (role: string) => startProgram([...ledgerStart, '--roles', role], process.cwd(), variables);
    const [api, projector] = [await start('api'), await start('projector')];
    try {
      const seconds = bench.seconds * 12;
      const bodies = validationsOf(ledger);
      const validating = await watch({ API: api.process.pid, store: storePid() }, () =>
        validationRate({ url: api.url, bodies }, seconds),
      );
      // The index of the first new license is above all existing ones.
      const projecting = await watch({ projector: projector.process.pid, store: storePid() }, () =>
        measureLag({ stack, vendor }, { firstIndex: licenses + 10_000_000, seconds }),
      );
      const rebuilding = spawn(process.execPath, ['bin/ledger.js', 'rebuild'], {
        env: { ...process.env, LEDGER_DATA_DIR: dataDir },
        stdio: 'ignore',
      });
      const rebuilt = await watch({ rebuild: rebuilding.pid, store: storePid() }, async () => {
        const [code] = await once(rebuilding, 'exit');
        if (code !== 0) throw new Error(`ledger rebuild ended with ${code}`);
      });
      return [
        ...rowsOf('validations', validating, bench),
        ...rowsOf('1,000 events a second', projecting, bench),
        ...rowsOf('a rebuild', rebuilt, bench),
      ];
    } finally {
      await Promise.all([api.stop(), projector.stop()]);
      await stack.stop();
    }
  },
};

/** The resident memory of each process in MB, twice a second. */
type Samples = Readonly<Record<string, readonly number[]>>;

/** Measures the memory of processes while `work` runs. */
export const watch = async (pids: Readonly<Record<string, number | undefined>>, work: () => Promise<unknown>) => {
  const samples: Record<string, number[]> = {};
  const timer = setInterval(() => {
    for (const [name, pid] of Object.entries(pids)) {
      const values = samples[name] ?? [];
      const megabytes = residentMb(pid ?? 0);
      // The process may have ended.
      if (!Number.isNaN(megabytes)) values.push(megabytes);
      samples[name] = values;
    }
  }, 500);
  await work();
  clearInterval(timer);
  return samples;
};

// Memory is flat when the last third does not exceed the middle third. The first third is the warm-up.
const rowsOf = (load: string, samples: Samples, { licenses }: Bench): Row[] =>
  Object.entries(samples).map(([name, megabytes]) => {
    const third = Math.floor(megabytes.length / 3);
    const [middle, last] = [Math.max(...megabytes.slice(third, -third)), Math.max(...megabytes.slice(-third))];
    const madeOf = `last third ${(last / middle).toFixed(2)} of the middle one, ${whole(licenses.large)} licenses`;
    return ['P12', `memory of the ${name} under ${load}, MB`, whole(Math.max(...megabytes)), '<= 300, flat', madeOf];
  });

/** Returns the process id of the event store, which is a child of this process. Needs Linux. */
const storePid = (): number => {
  const pid = readdirSync('/proc').find((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    const stat = textOf(entry, 'stat');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return parent === process.pid && /eventstore\/main\.[jt]s/.test(textOf(entry, 'cmdline'));
  });
  if (pid === undefined) throw new Error('The event store process was not found; this figure needs Linux.');
  return Number(pid);
};

const residentMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(textOf(String(pid), 'status'))?.[1]) / 1_024;

// A process may end during the read.
const textOf = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};
