import type { Logger } from 'pino';
import { exitCodes } from '../exit-codes.ts';

/** How long an orderly stop may take. Everything that was started ends within ten seconds of a signal. */
const stopMsMax = 9_000;

/**
 * Returns a signal that aborts at the first SIGINT, SIGTERM or SIGHUP. Further signals change nothing: Ctrl-C reaches
 * this process and npm, which passes it on. After 9 seconds the process ends, and the embedded servers end with it.
 */
export const stopOnSignals = (log: Pick<Logger, 'info' | 'warn'>): AbortSignal => {
  const stopping = new AbortController();
  const stop = () => {
    if (stopping.signal.aborted) return;
    log.info('The server stops.');
    setTimeout(() => {
      log.warn(
        `The stop took longer than ${stopMsMax / 1_000} seconds. The process ends now. No acknowledged command is lost.`,
      );
      process.exit(exitCodes.fine);
    }, stopMsMax).unref();
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return stopping.signal;
};

/** Resolves when the signal has aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
