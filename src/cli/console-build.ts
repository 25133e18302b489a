import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { ownFile } from '../own-files.ts';

/**
 * Builds the console in a process of its own when its sources have changed, and logs a failure. Does nothing in an
 * installed package, which has the built console and no sources. Returns what ends the build.
 */
export const buildStaleConsole = (log: Logger): (() => Promise<void>) => {
  const isCheckout = ['src/console/', 'node_modules/vite/'].every((name) => existsSync(ownFile(name)));
  if (!isCheckout) return async () => undefined;
  let build: ChildProcess | null = null;
  let isStopped = false;
  const buildIfStale = async () => {
    if ((await isCurrent()) || isStopped) return;
    build = spawn(process.execPath, [fileURLToPath(ownFile('build/run-console.js'))], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilBuilt(build);
  };
  const ended = buildIfStale().catch((error: unknown) => {
    if (!isStopped) log.warn(error, 'The console could not be built.');
  });
  return async () => {
    isStopped = true;
    build?.kill();
    await ended;
  };
};

/** Returns true when the console was built from its sources as they are. */
const isCurrent = async (): Promise<boolean> => {
  // Plain JavaScript next to the bundle, which loads the bundler of the console only to build.
  const { isConsoleCurrent } = await import(ownFile('build/console.js').href);
  return isConsoleCurrent(fileURLToPath(ownFile('./')), fileURLToPath(ownFile('dist/console')));
};

/** Waits for the end of the build. Throws with what it said when it fails or is killed. */
const untilBuilt = (build: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = '';
    build.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-2_000);
    });
    build.on('error', reject);
    build.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`The build ended with ${code ?? signal}: ${said}`));
    });
  });
