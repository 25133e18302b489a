const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let isStopping = false;

/** Returns true when a signal ends the command. Its work then fails, which is nothing to report. */
export const isEndedBySignal = (): boolean => isStopping;

/**
 * Stops servers in order when a signal ends the command, and then ends the process by that signal. A command with a
 * handler of its own decides alone. Returns what takes the handlers away again.
 */
export const stopBeforeExit = (stop: () => Promise<void>): (() => void) => {
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping || process.listenerCount(signal) > 1) return;
    isStopping = true;
    void stop()
      .catch(() => {})
      .finally(() => {
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
