import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** The trailer `exception`, by which clients tell domain errors apart. */
export type Exception = 'maximum-append-size-exceeded' | 'missing-required-metadata-property';

/** A call that is answered with an error: what is in it goes to the client word for word. */
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

export const invalidArgument = (details: string) => new Refusal(status.INVALID_ARGUMENT, details);

export const unimplemented = (details: string) => new Refusal(status.UNIMPLEMENTED, details);

/** Closes the client's channel: only for a server that is going away. */
export const unavailable = (details: string) => new Refusal(status.UNAVAILABLE, details);

/** As grpc-js wants errors. Whatever is not a refusal is our fault, and the client learns no more than that. */
export const toServiceError = (error: unknown): ServiceError => {
  const refusal =
    error instanceof Refusal ? error : new Refusal(status.INTERNAL, 'The event store failed; see its log');
  const metadata = new Metadata();
  if (refusal.exception) metadata.set('exception', refusal.exception);
  for (const [name, value] of Object.entries(refusal.trailers)) metadata.set(name, value);
  return Object.assign(new Error(refusal.message), { code: refusal.code, details: refusal.message, metadata });
};
