import { loadConfig } from '../../config.ts';
import { places } from '../../embedded/data-directory.ts';
import { CommandEnded, exitCodes } from '../exit-codes.ts';
import { painter, printable } from '../output/colors.ts';
import { openOut } from '../output/write-out.ts';
import { type LogLevel, type LogLine, logLevels, logText, parseLogLine } from './log-text.ts';
import { caughtUp, hasLogFiles, readLogFiles } from './read-log-files.ts';

type Options = {
  readonly follow: boolean;
  readonly level: LogLevel;
  /** Lines since then, as an instant. */
  readonly since?: Date;
  /** The newest lines only. */
  readonly limit?: number;
  readonly json: boolean;
};

/**
 * `ledger logs`: prints the log files of the embedded mode, oldest line first. Needs no running server. Ends with 6 when
 * there is no log file, and with 5 when servers are configured.
 */
export const logsCommand = async (options: Options): Promise<void> => {
  const { servers, dataDir } = loadConfig();
  if (servers.mode === 'servers')
    throw new CommandEnded(
      exitCodes.refused,
      'With DATABASE_URL each process writes its log to its standard error, and License Ledger keeps no file. ' +
        'Read it where the process runs, for example with journalctl, docker logs or kubectl logs.',
    );
  const folder = places(dataDir).logs;
  if (!(await hasLogFiles(folder)))
    throw new CommandEnded(exitCodes.nothingToCheck, `There is no log in ${folder}. ledger start writes it.`);
  const out = openOut();
  try {
    await printLines(folder, options, out);
  } finally {
    out.close();
  }
};

const printLines = async (folder: string, options: Options, out: ReturnType<typeof openOut>): Promise<void> => {
  const { follow, limit, since, json } = options;
  const paint = painter(process.stdout);
  const printed = (text: string, line: LogLine | null): string => {
    if (json) return text;
    return line === null ? printable(text) : logText(line, paint);
  };
  let newest: string[] | null = limit === undefined ? null : [];
  const sinceMs = since?.getTime() ?? null;
  for await (const text of readLogFiles(folder, { follow, signal: out.signal, sinceMs })) {
    if (text === caughtUp) {
      for (const line of newest ?? []) await out.line(line);
      newest = null;
      continue;
    }
    const line = parseLogLine(text);
    if (!isChosen(line, options)) continue;
    if (newest === null) await out.line(printed(text, line));
    else if (newest.push(printed(text, line)) > (limit ?? 0)) newest.shift();
    if (out.signal.aborted) return;
  }
};

/** Returns true for a line to print. A text that is no line of the log has no level and no time: only `trace` has it. */
const isChosen = (line: LogLine | null, { level, since, json }: Options): boolean => {
  if (line === null) return level === 'trace' && since === undefined && !json;
  return line.level >= logLevels[level] && (since === undefined || Date.parse(line.time) >= since.getTime());
};
