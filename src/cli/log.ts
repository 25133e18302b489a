import { destination, type Logger, pino } from 'pino';

/** JSON lines on standard error, so that standard output stays for what a command prints to a person. */
export const createLog = (level: string): Logger =>
  pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    destination({ fd: 2, sync: false }),
  );
