import { ErrorType, isCommandError, WrongExpectedVersionError } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type rpcStatus from '@eventstore/db-client/generated/status_pb.js';
import { saysDiskFull } from './disk-full.ts';
import {
  AppendTooLarge,
  OutcomeUnknown,
  type Position,
  type Proposed,
  type Revision,
  RevisionConflict,
  StoreFull,
  StoreUnavailable,
} from './event-store.ts';

/** Events for a stream at a revision, and by when the server answers, in milliseconds from now. */
export type Append = {
  readonly stream: string;
  readonly events: readonly Proposed[];
  readonly expected: Revision;
  readonly timeoutMs: number;
};

/** The revision and the position of the last event of an append. */
export type Appended = { readonly revision: bigint; readonly position: Position };

/** Returns the error of the port for what a call of its own has failed with. */
export const errorOfCall = ({ stream, expected }: Append, error: unknown): Error => {
  if (error instanceof WrongExpectedVersionError) return conflict(stream, expected, error.actualVersion, error);
  if (error instanceof Error && isCommandError(error) && error.type === ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED)
    return tooLarge(stream, error.message, error);
  if (error instanceof Error && isCommandError(error) && refusals.has(error.type))
    return refused(stream, error.message, error);
  if (saysNothingWritten(messageOf(error), error)) return storeFull(stream, error);
  return unknownOutcome(stream, messageOf(error), error);
};

/**
 * Returns the error of the port for a reply of BatchAppend. The kind of an error is the type of its details; a kind that
 * we do not know says nothing about the outcome.
 */
export const errorOfReply = ({ stream, expected }: Append, failed: rpcStatus.Status): Error => {
  const message = failed.getMessage();
  const details = failed.getDetails();
  switch (details?.getTypeName().replace(/^event_store\.client\./, '')) {
    case 'WrongExpectedVersion': {
      const wrong = shared.WrongExpectedVersion.deserializeBinary(details.getValue_asU8());
      return conflict(stream, expected, wrong.hasCurrentStreamRevision() ? wrong.getCurrentStreamRevision() : 'none');
    }
    case 'MaximumAppendSizeExceeded':
    case 'MaximumAppendEventSizeExceeded':
      return tooLarge(stream, message);
    case 'AccessDenied':
    case 'InvalidTransaction':
    case 'StreamDeleted':
      return refused(stream, message);
    case 'BadRequest':
      if (failed.getCode() === invalidArgument) return refused(stream, message);
  }
  return saysNothingWritten(message) ? storeFull(stream) : unknownOutcome(stream, message);
};

/** Returns the error for an append with an unknown outcome. */
export const unknownOutcome = (stream: string, reason: string, cause?: unknown): OutcomeUnknown =>
  new OutcomeUnknown(`It is not known whether an append to ${stream} happened: ${reason}`, { cause });

const conflict = (stream: string, expected: Revision, actual: unknown, cause?: unknown): RevisionConflict =>
  new RevisionConflict(`${stream} is not at revision ${expected} but at ${actual}.`, { cause });

const tooLarge = (stream: string, reason: string, cause?: unknown): AppendTooLarge =>
  new AppendTooLarge(`The event store refused an append to ${stream} for its size: ${reason}`, { cause });

const refused = (stream: string, reason: string, cause?: unknown): StoreUnavailable =>
  new StoreUnavailable(`The event store refused to append to ${stream}: ${reason}`, { cause });

const storeFull = (stream: string, cause?: unknown): StoreFull =>
  new StoreFull(`The disk of the event store is full, so nothing was appended to ${stream}.`, { cause });

// Another server may have stored some of the events, so only our own word counts.
const saysNothingWritten = (message: string, error: unknown = new Error(message)): boolean =>
  saysDiskFull(error) && message.includes(nothingWritten);

// The embedded event store begins every refusal of a whole write with it.
const nothingWritten = 'Nothing was written';

/** The code of gRPC for a request that the server refuses for its content. */
const invalidArgument = 3;

/** Errors with which the server refuses an append for certain: nothing was appended. */
const refusals: ReadonlySet<string> = new Set([
  ErrorType.ACCESS_DENIED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.INVALID_TRANSACTION,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.STREAM_DELETED,
]);

/** Returns the message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
