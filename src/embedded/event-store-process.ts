import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { StoreEntry } from './certificates/store-entry.ts';
import { endWith, supervised } from './child.ts';

/** An event store that runs in a process of its own. */
export type EventStoreProcess = {
  /** The URL at which the product gets in, with its password and the file of the certificate's authority. */
  readonly url: string;
  /** Resolves when the process has ended for any reason, with a text that tells how and its last lines. */
  readonly exited: Promise<string>;
  stop(): Promise<void>;
};

/** A process of the event store that does not serve yet. */
export type LaunchedEventStore = {
  /**
   * Serves the log in this database. Resolves when it is ready. Throws when it does not start, and ends the process.
   * `migrates`: false refuses tables of another release instead of updating them. `entry`: how the product gets in.
   */
  serve(
    databaseUrl: string,
    options: { readonly migrates: boolean; readonly entry: StoreEntry },
  ): Promise<EventStoreProcess>;
  stop(): Promise<void>;
};

/**
 * Launches the embedded event store in a process of its own, which loads its program while Postgres starts. It ends by
 * itself when the channel to our process closes.
 */
export const launchEventStore = (options: { program: string; log: (line: string) => void }): LaunchedEventStore => {
  const forked = fork(options.program, {
    execArgv: nodeOptions(options.program),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A Ctrl-C in the terminal must not end it before our process has finished its requests.
    detached: true,
  });
  const child = supervised(forked, { name: 'The event store', log: options.log });
  const stop = () => endWith(child, ['SIGTERM', 'SIGKILL']);
  return {
    stop,
    serve: async (databaseUrl, { migrates, entry: { access, urlAt } }) => {
      const port = answerOf(forked, child.exited);
      forked.send({ databaseUrl, access, migrates, host: '127.0.0.1', port: 0 }, ignoreClosedChannel);
      try {
        return { url: urlAt(await port), exited: child.exited, stop };
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
};

const compiled = import.meta.url.endsWith('.js');

/** The main module of the event store. It is the compiled one when this module is compiled. */
export const eventStoreProgram = fileURLToPath(new URL(`./eventstore/main.${compiled ? 'js' : 'ts'}`, import.meta.url));

/**
 * Returns the Node options of our process. For a program in TypeScript it adds tsx, unless our process runs under tsx.
 */
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

/** Returns true for a message of `node --watch`, which makes every child report its imports over the same channel. */
const isOfWatchMode = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && Object.keys(message).some((name) => name.startsWith('watch:'));

// A child that has already ended is reported by its exit.
const ignoreClosedChannel = () => {};
