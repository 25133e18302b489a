import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import type { LogFiles } from './logs/log-files.ts';
import { logText, parseLogLine } from './logs/log-text.ts';
import { painter } from './output/colors.ts';

/** Where the lines of a log go, and in which form. */
type LogOptions = {
  /** Default: text on a terminal, JSON elsewhere. */
  readonly format?: Config['logFormat'];
  /** Also gets every line, as JSON. */
  readonly files?: LogFiles | null;
};

/**
 * Returns a log that writes lines to standard error, as JSON or for people. Standard output is for what a command
 * prints to a person.
 */
export const createLog = (level: string, { format = 'auto', files = null }: LogOptions = {}): Logger => {
  const stderr = openStderr();
  const isText = format === 'text' || (format === 'auto' && process.stderr.isTTY === true);
  const lines = isText ? asText(stderr) : stderr;
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: described },
    },
    files === null ? lines : alsoInto(files, lines),
  );
};

type Stderr = ReturnType<typeof destination>;

/**
 * Opens standard error. Nobody reads a terminal or a pipe that has closed. A server goes on without its log, and its exit
 * does not wait for lines that cannot be written.
 */
const openStderr = (): Stderr => {
  const stderr = destination({ fd: 2, sync: false });
  const ignore = () => {};
  stderr.on('error', () =>
    Object.assign(stderr, { write: () => true, end: ignore, flushSync: ignore, destroy: ignore }),
  );
  return stderr;
};

const asText = (stderr: Stderr) => {
  const paint = painter(process.stderr);
  return {
    write: (json: string) => {
      const line = parseLogLine(json);
      stderr.write(line === null ? json : `${logText(line, paint)}\n`);
    },
    // pino calls it after a fatal line, because the process may end at once.
    flushSync: () => stderr.flushSync(),
    flush: (done: (error?: Error) => void) => stderr.flush(done),
  };
};

const alsoInto = (files: LogFiles, lines: DestinationStream & Pick<Stderr, 'flush' | 'flushSync'>) => ({
  write: (json: string) => {
    lines.write(json);
    files.write(json);
  },
  flushSync: () => lines.flushSync(),
  flush: (done: (error?: Error) => void) => lines.flush(done),
});

/**
 * Returns what an operator needs from an error. Errors of the database driver contain connections and values, which are
 * left out.
 */
const described = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  return { type: name, message, stack, ...('code' in error ? { code: String(error.code) } : {}) };
};
