import { destination, type Logger, pino } from 'pino';

/** JSON lines on standard error, so that standard output stays for what a command prints to a person. */
export const createLog = (level: string): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: described },
    },
    destination({ fd: 2, sync: false }),
  );

/** What an operator needs of an error. Errors of the database driver carry whole connections and values; those stay out. */
const described = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  return { type: name, message, stack, ...('code' in error ? { code: String(error.code) } : {}) };
};
