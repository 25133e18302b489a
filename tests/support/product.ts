import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The fields of demo.json that tests use. */
export type DemoFile = {
  readonly baseUrl: string;
  readonly organizationId: string;
  readonly apiKey: string;
  readonly licenseId: string;
  readonly licenseKey: string;
  readonly email: string;
  readonly password: string;
};

/** The product as a user runs it: a process started from the launcher, with a data directory of its own. */
export type Product = {
  readonly process: ChildProcess;
  readonly demo: DemoFile;
  /** Everything it printed so far, both streams. */
  readonly output: () => string;
  /** Waits until it has ended; returns exit code or signal. */
  readonly ended: Promise<number | string>;
};

const launcher = join(process.cwd(), 'bin/ledger.js');

/** Runs one command of the product to its end. */
export const runLedger = async (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | string; output: string }> => {
  const child = spawn(process.execPath, [launcher, ...args], { env: { ...process.env, ...env } });
  const output = collect(child);
  return { code: await ending(child), output: output() };
};

/** A process of the product that said it was ready. `url`: where its API listens, empty without one. */
export type Started = Omit<Product, 'demo'> & { readonly url: string };

// Tests send faster than a client may. What limits do is tested where they are on.
const withoutLimits = { RATE_LIMITS: 'off' };

/**
 * Starts `ledger start` with these arguments and waits until it is ready. `program`: the launcher, by default that of
 * this checkout. Throws with its output when it ends before.
 */
export const startLedgerProcess = async (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  program = launcher,
): Promise<Started> => {
  const child = spawn(process.execPath, [program, 'start', ...args], {
    env: { ...process.env, PORT: '0', MANAGEMENT_PORT: '0', LOG_LEVEL: 'warn', ...withoutLimits, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const ended = ending(child);
  const gone = ended.then((code) => {
    throw new Error(`The product ended with ${code} before it was ready:\n${output()}`);
  });
  gone.catch(() => {});
  await Promise.race([gone, condition('the product is ready', () => output().includes('is ready'), 60_000)]);
  return { process: child, output, ended, url: /is ready on (\S+)/.exec(output())?.[1] ?? '' };
};

/** Starts the whole product on a data directory of its own. */
export const startProduct = async (
  env: Readonly<Record<string, string>> & { LEDGER_DATA_DIR: string },
): Promise<Product> => {
  const started = await startLedgerProcess([], env);
  const demo = JSON.parse(readFileSync(join(env.LEDGER_DATA_DIR, 'demo.json'), 'utf8')) as DemoFile;
  return { ...started, demo };
};

/** Waits until `holds` is true; throws with `what` after `timeoutMs`. */
export const condition = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}.`);
    await delay(20);
  }
};

/** Processes that run on this data directory, whoever their parent is: `pid command line`. Linux only. */
export const processesOf = (dataDir: string): readonly string[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      const line = textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      const belongs = line.includes(dataDir) || textOf(`/proc/${pid}/environ`).includes(`LEDGER_DATA_DIR=${dataDir}\0`);
      const zombie = /^State:\s+Z/m.test(textOf(`/proc/${pid}/status`));
      return belongs && !zombie && Number(pid) !== process.pid ? [`${pid} ${line}`] : [];
    });

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // The process has ended since the directory was read.
  }
};

const collect = (child: ChildProcess): (() => string) => {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return () => text;
};

const ending = async (child: ChildProcess): Promise<number | string> => {
  const [code, signal] = await once(child, 'close');
  return code ?? signal;
};
