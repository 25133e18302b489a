import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { endWith, supervised } from './child.ts';

export type EventStoreProcess = {
  /** esdb://127.0.0.1:port?tls=false */
  readonly url: string;
  /** Resolves when the process is gone, asked or not, with the reason and its last lines. */
  readonly exited: Promise<string>;
  stop(): Promise<void>;
};

/** Starts the embedded event store in a process of its own, which ends by itself when the channel to ours closes. */
export const startEventStore = async (options: {
  program: string;
  databaseUrl: string;
  log: (line: string) => void;
}): Promise<EventStoreProcess> => {
  const forked = fork(options.program, {
    execArgv: nodeOptions(options.program),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A Ctrl-C in the terminal must not reach it before the requests it serves are done.
    detached: true,
  });
  const child = supervised(forked, { name: 'The event store', log: options.log });
  const port = answerOf(forked, child.exited);
  forked.send({ databaseUrl: options.databaseUrl, host: '127.0.0.1', port: 0 }, ignoreClosedChannel);
  try {
    return {
      url: `esdb://127.0.0.1:${await port}?tls=false`,
      exited: child.exited,
      stop: () => endWith(child, ['SIGTERM', 'SIGKILL']),
    };
  } catch (error) {
    await endWith(child, ['SIGTERM', 'SIGKILL']);
    throw error;
  }
};

const compiled = import.meta.url.endsWith('.js');

/** The event store's main module: compiled when this one is. */
export const eventStoreProgram = fileURLToPath(new URL(`./eventstore/main.${compiled ? 'js' : 'ts'}`, import.meta.url));

/** Ours, and what lets Node read a program in TypeScript where we run under something that compiles by other means. */
const nodeOptions = (program: string): string[] => {
  if (!program.endsWith('.ts') || process.execArgv.some((option) => option.includes('tsx'))) return process.execArgv;
  const tsx = pathToFileURL(createRequire(fileURLToPath(import.meta.url)).resolve('tsx')).href;
  return [...process.execArgv, '--import', tsx];
};

const readyMsMax = 60_000;

const answerOf = (forked: ChildProcess, exited: Promise<string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`The event store did not start. ${reason}`));
    const timer = setTimeout(() => fail(`It was not ready after ${readyMsMax / 1000} seconds.`), readyMsMax);
    forked.on('message', (message: unknown) => {
      if (isOfWatchMode(message)) return;
      clearTimeout(timer);
      if (typeof message !== 'object' || message === null) return fail(`It answered ${JSON.stringify(message)}.`);
      if ('ready' in message && 'port' in message && typeof message.port === 'number') return resolve(message.port);
      fail('failed' in message ? String(message.failed) : `It answered ${JSON.stringify(message)}.`);
    });
    void exited.then((reason) => {
      clearTimeout(timer);
      fail(reason);
    });
  });

/** `node --watch` makes every child report what it imports over the same channel. */
const isOfWatchMode = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && Object.keys(message).some((name) => name.startsWith('watch:'));

// A child that is gone already is reported by its exit.
const ignoreClosedChannel = () => {};
