import { endingSignals } from './ending-signals.ts';
import { stopMsMax } from './stop-on-signals.ts';

let isStopping = false;

/** Returns true when a signal ends the command. Its work then fails, which is nothing to report. */
export const isEndedBySignal = (): boolean => isStopping;

/**
 * Stops servers in order when a signal ends the command, and then ends the process by that signal, after `patienceMs` at
 * the latest. The embedded servers end with the process. A command with a handler of its own decides alone. Returns a
 * function that removes the handlers.
 */
export const stopBeforeExit = (stop: () => Promise<void>, patienceMs = stopMsMax): (() => void) => {
  const signals = endingSignals();
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping || process.listenerCount(signal) > 1) return;
    isStopping = true;
    const patience = new Promise<void>((resolve) => void setTimeout(resolve, patienceMs));
    void Promise.race([stop().catch(() => {}), patience]).then(() => {
      release();
      process.kill(process.pid, signal);
    });
  };
  const release = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  // A handler that was added with `once` must still be there when this one counts.
  for (const signal of signals) process.prependListener(signal, onSignal);
  return release;
};
