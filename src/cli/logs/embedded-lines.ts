import type { Logger } from 'pino';
import type { LogFiles } from './log-files.ts';
import { logLevels } from './log-text.ts';

/**
 * Returns what takes the lines of the embedded servers. The log files have all of them. The log itself has those of its
 * level. Postgres reports the reason of its end in a line with PANIC, for example a full disk.
 */
export const logEmbedded =
  (log: Logger, files: LogFiles | null) =>
  (line: string): void => {
    const level = line.includes('PANIC') ? 'error' : 'debug';
    if (log.isLevelEnabled(level)) log[level](line);
    else files?.write(`${JSON.stringify({ level: logLevels[level], time: new Date().toISOString(), msg: line })}\n`);
  };
