import type { Logger } from 'pino';
import { exitCodes } from '../exit-codes.ts';
import { endingSignals } from './ending-signals.ts';

/** How long an orderly stop may take. Everything that was started ends within ten seconds of a signal. */
export const stopMsMax = 9_000;
/** What a stop delay may take of that. A longer one makes the whole stop longer. */
const delaySecondsWithin = 3;

/**
 * Returns a signal that aborts at the first SIGINT or SIGTERM, or SIGHUP with a terminal. Further signals change nothing: Ctrl-C reaches
 * this process and npm, which passes it on. After 9 seconds the process ends, and the embedded servers end with it. A
 * stop delay over 3 seconds is added to that.
 */
export const stopOnSignals = (log: Pick<Logger, 'info' | 'warn'>, stopDelaySeconds: number): AbortSignal => {
  const patienceMs = stopMsMax + Math.max(0, stopDelaySeconds - delaySecondsWithin) * 1_000;
  const stopping = new AbortController();
  const stop = () => {
    if (stopping.signal.aborted) return;
    log.info('The server stops.');
    setTimeout(() => {
      log.warn(
        `The stop took longer than ${patienceMs / 1_000} seconds. The process ends now. No acknowledged command is lost.`,
      );
      process.exit(exitCodes.fine);
    }, patienceMs).unref();
    stopping.abort();
  };
  for (const signal of endingSignals()) process.on(signal, stop);
  return stopping.signal;
};

/** Resolves when the signal has aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
