import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { birthOf, isAlive } from '../../src/embedded/process-table.ts';
import { compiled } from './compiled.ts';

const root = path.join(import.meta.dirname, '..', '..');

/** A program of tests/support, compiled, in a process of its own. */
export type Program = {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The first line it writes to standard output that is JSON; fails with all it wrote when it ends before. */
  readonly firstAnswer: Promise<unknown>;
  /** Its exit code or signal. */
  readonly ended: Promise<number | string | null>;
  output(): string;
};

export const runProgram = (
  name: string,
  args: readonly string[],
  options: { uid?: number; gid?: number } = {},
): Program => {
  const child = spawn(process.execPath, [compiled(`tests/support/${name}`), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  let written = '';
  child.stderr.on('data', (chunk) => {
    written += chunk;
  });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  const firstAnswer = new Promise<unknown>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      written += `${line}\n`;
      if (line.startsWith('{')) resolve(JSON.parse(line));
    });
    void ended.then((how) => reject(new Error(`${name} ended with ${how}: ${written}`)));
  });
  // Who only waits for the end shall not be told twice.
  firstAnswer.catch(() => {});
  return { process: child, pid: child.pid ?? 0, firstAnswer, ended, output: () => written };
};

/** Every process below this one now, each with what it runs; its id alone may be another's later. */
export const descendants = (pid: number): { pid: number; born: string | undefined; command: string }[] => {
  const running = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const parents = running.map((each) => [each, parentOf(each)] as const);
  const below = (above: number): readonly number[] =>
    parents.flatMap(([each, parent]) => (parent === above ? [each, ...below(each)] : []));
  return below(pid).map((each) => ({ pid: each, born: birthOf(each), command: commandOf(each) }));
};

/** Which of those still run. */
export const survivors = (processes: ReturnType<typeof descendants>): string[] =>
  processes
    .filter(({ pid, born }) => isAlive(pid) && birthOf(pid) === born)
    .map(({ pid, command }) => `${pid} ${command}`);

const parentOf = (pid: number): number | undefined => {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
};

const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

// A process may end while it is looked at.
const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
