// All of the package is in one file, so that both of its formats have each class of error once.
export type {
  Answered,
  AnswerOf,
  CallOptions,
  Client,
  EntryOf,
  InputOf,
  ListId,
  OperationId,
} from './client.ts';
export { createClient } from './client.ts';
export type { Credentials, Tokens } from './credentials.ts';
export type { DeviceTokens } from './device-tokens.ts';
export type * from './generated/operations.ts';
export { LedgerProblem, LedgerUnreachable } from './problem.ts';
export type { Patience } from './send.ts';
