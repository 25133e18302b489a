import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { createLineWriter, type LineWriter } from './logs/line-writer.ts';
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

let ofProcess: LineWriter | undefined;

/** Returns the writer of standard error. All logs of the process share it, so their lines stay whole and in order. */
const openStderr = (): LineWriter => {
  if (ofProcess === undefined) {
    ofProcess = createLineWriter(2);
    process.on('exit', ofProcess.flushSync);
  }
  return ofProcess;
};

const asText = (stderr: LineWriter): LineWriter => {
  const paint = painter(process.stderr);
  return {
    ...stderr,
    write: (json) => {
      const line = parseLogLine(json);
      stderr.write(line === null ? json : `${logText(line, paint)}\n`);
    },
  };
};

const alsoInto = (files: LogFiles, lines: LineWriter): LineWriter => ({
  // pino calls flushSync after a fatal line, because the process may end at once.
  ...lines,
  write: (json) => {
    lines.write(json);
    files.write(json);
  },
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
