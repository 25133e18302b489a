import { randomBytes } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { uuidv5 } from './uuid-v5.ts';

/** The namespace of every derived id. It is part of the stored format: a change would break every retry in flight. */
export const ledgerNamespace = '5f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21';

/**
 * Returns the command id of a request with an Idempotency-Key. The same four fields give the same id on any machine on
 * any day. Throws when a field contains a NUL character, because two different requests could then share an id.
 */
export const commandIdFor = (
  organization: string,
  principal: string,
  operation: string,
  idempotencyKey: string,
): string => {
  return uuidv5(ledgerNamespace, joined([organization, principal, operation, idempotencyKey]));
};

/** Returns a new command id (UUIDv7, ordered by time) for a request without an Idempotency-Key. */
export const newCommandId = (): string => uuidv7();

/**
 * Returns the UUID of the aggregate that a command creates. A repeated command gets the same UUID, so the same stream.
 */
export const aggregateId = (commandId: string, kind: string): string => uuidv5(commandId, kind);

/**
 * Returns the UUID of a part that a request adds to an existing aggregate, or refers to. Different requests get
 * different UUIDs, even under one command id: a client may use an Idempotency-Key again after its first request is
 * forgotten.
 */
export const partId = (
  { commandId, requestHash }: { readonly commandId: string; readonly requestHash: string },
  kind: string,
): string => uuidv5(commandId, `${kind}:${requestHash}`);

/** Returns a nonce for one decision: 128 random bits, hex. */
export const newNonce = (): string => {
  // The system is asked for many nonces at once, because the call costs more than the bits.
  if (nextNonce === nonces.length) {
    nonces = randomBytes(noncesAtOnce * nonceBytes);
    nextNonce = 0;
  }
  nextNonce += nonceBytes;
  return nonces.toString('hex', nextNonce - nonceBytes, nextNonce);
};

const nonceBytes = 16;
const noncesAtOnce = 256;
let nonces = Buffer.alloc(0);
let nextNonce = 0;

/**
 * Returns the id of the event at `index` of one decision on a command. A store treats an append with equal ids at the
 * same revision as a repetition. The nonce makes sure that such an append has the same content.
 */
export const eventId = (commandId: string, nonce: string, index: number): string =>
  uuidv5(commandId, `${nonce}\0${index}`);

/**
 * Returns true when the same command id can arrive again: it is derived from an Idempotency-Key or a name (UUIDv5). The
 * id of a request without a key is always new.
 */
export const canComeAgain = (commandId: string): boolean => commandId.charAt(14) === '5';

/**
 * Returns the command id of a command that the ledger sends itself. Workers that use the same `name` get the same id.
 */
export const systemCommandId = (name: string): string => uuidv5(ledgerNamespace, name);

/** Joins fields to a text for hashing. Different lists give different texts. Throws when a field contains a NUL. */
export const joined = (fields: readonly string[]): string => {
  if (fields.some((field) => field.includes('\0')))
    throw new Error('An id cannot be derived from a field that contains a NUL character.');
  return fields.join('\0');
};
