import { once } from 'node:events';

/** Standard output of a command that prints many lines, or follows something until it is stopped. */
export type Out = {
  /** Prints a line, and waits while the reader is slow. */
  readonly line: (text: string) => Promise<void>;
  /** Aborts at Ctrl-C, at SIGTERM, and when the reader has closed the pipe. The command then ends with exit code 0. */
  readonly signal: AbortSignal;
  /** Ends the watch for signals. */
  readonly close: () => void;
};

/** Returns standard output. Nobody else may handle SIGINT, SIGTERM or a closed pipe while it is open. */
export const openOut = (stream: NodeJS.WriteStream = process.stdout): Out => {
  const ending = new AbortController();
  const end = () => ending.abort();
  const onError = (error: NodeJS.ErrnoException) => {
    // A reader such as `head` closes the pipe when it has enough.
    if (error.code !== 'EPIPE') throw error;
    end();
  };
  stream.on('error', onError);
  for (const name of stopSignals) process.on(name, end);
  return {
    signal: ending.signal,
    line: async (text) => {
      if (ending.signal.aborted || stream.write(`${text}\n`)) return;
      await once(stream, 'drain', { signal: ending.signal }).catch(() => undefined);
    },
    // The listener for errors stays: a write that is in progress may still fail.
    close: () => {
      for (const name of stopSignals) process.off(name, end);
    },
  };
};

const stopSignals = ['SIGINT', 'SIGTERM'] as const;
