import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** The value of the trailer `exception`, by which clients distinguish errors. */
export type Exception =
  | 'maximum-append-size-exceeded'
  | 'missing-required-metadata-property'
  | 'stream-deleted'
  | 'wrong-expected-version';

/** The error that a call is answered with. The client gets its text word for word. */
export class Refusal extends Error {
  readonly code: status;
  readonly exception: Exception | undefined;
  readonly trailers: Readonly<Record<string, string>>;

  constructor(code: status, details: string, exception?: Exception, trailers: Record<string, string> = {}) {
    super(details);
    this.code = code;
    this.exception = exception;
    this.trailers = trailers;
  }
}

/** Returns a refusal of an invalid request. */
export const invalidArgument = (details: string) => new Refusal(status.INVALID_ARGUMENT, details);

/** Returns a refusal of a request that this server does not implement. */
export const unimplemented = (details: string) => new Refusal(status.UNIMPLEMENTED, details);

/** Returns a refusal to read or write a deleted stream. */
export const streamDeleted = (stream: string) =>
  new Refusal(status.FAILED_PRECONDITION, `The stream ${stream} is deleted`, 'stream-deleted', {
    'stream-name': stream,
  });

/** Returns a refusal of a request whose deadline has passed. */
export const deadlineExceeded = (details: string) => new Refusal(status.DEADLINE_EXCEEDED, details);

/** Returns a refusal that makes the client close its channel. Only for a server that stops. */
export const unavailable = (details: string) => new Refusal(status.UNAVAILABLE, details);

/** Returns the refusal of the calls that are open when a server stops in order. The client closes its channel. */
export const cancelled = (details: string) => new Refusal(status.CANCELLED, details);

/** Converts an error to the form of grpc-js. The client learns the text of refusals only, not of other errors. */
export const toServiceError = (error: unknown): ServiceError => {
  const refusal =
    error instanceof Refusal ? error : new Refusal(status.INTERNAL, 'The event store failed; see its log');
  const metadata = new Metadata();
  if (refusal.exception) metadata.set('exception', refusal.exception);
  for (const [name, value] of Object.entries(refusal.trailers)) metadata.set(name, inAscii(value));
  return Object.assign(new Error(refusal.message), { code: refusal.code, details: refusal.message, metadata });
};

/** A trailer has only ASCII characters. Others are percent-encoded. */
const inAscii = (value: string): string => (/^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value));
