import { once } from 'node:events';

/** Standard output of a command that prints many lines, or follows something until it is stopped. */
export type Out = {
  /** Prints a line, and waits while the reader is slow. */
  readonly line: (text: string) => Promise<void>;
  /** Aborts at Ctrl-C and at SIGTERM. The command then ends with exit code 0. */
  readonly signal: AbortSignal;
  /** Ends the watch for signals. */
  readonly close: () => void;
};

/** Returns standard output. Nobody else may handle SIGINT or SIGTERM while it is open. */
export const openOut = (): Out => {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const name of stopSignals) process.on(name, end);
  return {
    signal: ending.signal,
    line: async (text) => {
      if (ending.signal.aborted || process.stdout.write(`${text}\n`)) return;
      await once(process.stdout, 'drain', { signal: ending.signal }).catch(() => undefined);
    },
    close: () => {
      for (const name of stopSignals) process.off(name, end);
    },
  };
};

const stopSignals = ['SIGINT', 'SIGTERM'] as const;
