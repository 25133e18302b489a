import { isatty } from 'node:tty';

/**
 * Returns the signals that end a process. SIGHUP says that the terminal has closed. A process without a terminal, such
 * as one behind `nohup`, ignores it: Node takes back what `nohup` has set.
 */
export const endingSignals = (hasTerminal = [0, 1, 2].some((fd) => isatty(fd))): readonly NodeJS.Signals[] => {
  if (hasTerminal) return ['SIGINT', 'SIGTERM', 'SIGHUP'];
  if (process.listenerCount('SIGHUP') === 0) process.on('SIGHUP', () => {});
  return ['SIGINT', 'SIGTERM'];
};
