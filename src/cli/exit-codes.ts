import { InvalidConfiguration } from '../config.ts';
import { NoData, UnusableDirectory } from '../embedded/errors.ts';
import { OutcomeUnknown, StoreUnavailable } from '../eventstore/event-store.ts';

/** The exit codes of operator commands. */
export const exitCodes = {
  fine: 0,
  failed: 1,
  usage: 2,
  damaged: 3,
  unreachable: 4,
  refused: 5,
  nothingToCheck: 6,
} as const;

/** Returns the exit code of a command that ended with an error. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommandEnded) return error.exitCode;
  const isUsage = [InvalidConfiguration, UsageError, UnusableDirectory].some((kind) => error instanceof kind);
  if (isUsage) return exitCodes.usage;
  if (error instanceof NoData || error instanceof NothingToCheck) return exitCodes.nothingToCheck;
  if (error instanceof RefusedByPolicy) return exitCodes.refused;
  if (
    error instanceof Unreachable ||
    error instanceof StoreUnavailable ||
    error instanceof OutcomeUnknown ||
    isConnectionError(error)
  )
    return exitCodes.unreachable;
  return exitCodes.failed;
};

/** Thrown for options that do not go together. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Thrown to end a command with an exit code and a sentence for the person at the terminal. */
export class CommandEnded extends Error {
  override readonly name = 'CommandEnded';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Thrown when a server of the configuration does not answer. The message names the variable. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** Thrown when the servers answer and have nothing that the command could read. */
export class NothingToCheck extends Error {
  override readonly name = 'NothingToCheck';
}

/** Thrown when a rule forbids what was asked, such as deleting without a confirmation. */
export class RefusedByPolicy extends Error {
  override readonly name = 'RefusedByPolicy';
}

const isConnectionError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && unreachable.has(String(error.code));

// The codes of the network, and of a Postgres that starts, stops or accepts no further connection.
const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'EPIPE',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '08006',
  '08001',
]);
