import { destination, type Logger, pino } from 'pino';

/** Returns a log that writes JSON lines to standard error. Standard output is for what a command prints to a person. */
export const createLog = (level: string): Logger => {
  const output = destination({ fd: 2, sync: false });
  // Nobody reads a terminal or a pipe that has closed. A server goes on without its log, and its exit does not wait
  // for lines that cannot be written.
  output.on('error', () =>
    Object.assign(output, { write: writeNothing, end: ignore, flushSync: ignore, destroy: ignore }),
  );
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: described },
    },
    output,
  );
};

const writeNothing = () => true;

const ignore = () => {};

/**
 * Returns what an operator needs from an error. Errors of the database driver contain connections and values, which are
 * left out.
 */
const described = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  return { type: name, message, stack, ...('code' in error ? { code: String(error.code) } : {}) };
};
