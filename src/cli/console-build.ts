import { spawn } from 'node:child_process';
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
  const program = fileURLToPath(ownFile('build/run-console.js'));
  const build = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  build.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2_000);
  });
  const ended = new Promise<void>((resolve) => {
    build.on('error', (error) => {
      log.warn(error, 'The console could not be built.');
      resolve();
    });
    build.on('close', (code, signal) => {
      if (code !== 0 && signal === null) log.warn({ code, said }, 'The console could not be built.');
      resolve();
    });
  });
  return async () => {
    build.kill();
    await ended;
  };
};
