import { randomBytes } from 'node:crypto';
import { v5 } from 'uuid';
import { uuidv7 } from 'uuidv7';

/** The namespace of every derived id. It is part of the stored format: changing it would break every retry in flight. */
export const ledgerNamespace = '5f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21';

/**
 * The command id of a request with an Idempotency-Key: the same four fields give the same id on any machine on any day.
 * Throws when a field holds a NUL character, because two different requests could then share an id.
 */
export const commandIdFor = (
  organization: string,
  principal: string,
  operation: string,
  idempotencyKey: string,
): string => {
  return uuidv5(ledgerNamespace, joined([organization, principal, operation, idempotencyKey]));
};

/** The command id of a request without an Idempotency-Key: new each time, ordered by time (UUIDv7). */
export const newCommandId = (): string => uuidv7();

/** The UUID of the aggregate that a command creates, so that a repeated create meets its own stream. */
export const aggregateId = (commandId: string, kind: string): string => uuidv5(commandId, kind);

/**
 * The UUID of what a request adds to an aggregate that there is already, or refers to. Another request has another one, also
 * under the same command id: an Idempotency-Key may come again once its first request is forgotten.
 */
export const partId = (
  { commandId, requestHash }: { readonly commandId: string; readonly requestHash: string },
  kind: string,
): string => uuidv5(commandId, `${kind}:${requestHash}`);

/** Returns a nonce for one decision: 128 random bits, hex. */
export const newNonce = (): string => randomBytes(16).toString('hex');

/**
 * Returns the id of the event at `index` of one decision on a command. A store takes an append with equal ids at the
 * same revision for a repetition; the nonce makes sure that it then is one, with the same content.
 */
export const eventId = (commandId: string, nonce: string, index: number): string =>
  uuidv5(commandId, `${nonce}\0${index}`);

/**
 * Returns true when the same command id can come again: it follows from an Idempotency-Key or a name (UUIDv5). The id
 * of a request without a key never does.
 */
export const canComeAgain = (commandId: string): boolean => commandId.charAt(14) === '5';

/** The command id under which any number of workers carry out once `name` says. */
export const systemCommandId = (name: string): string => uuidv5(ledgerNamespace, name);

/** A name-based UUID (RFC 9562 §5.5, SHA-1), lower case. Throws when `namespace` is not a UUID. */
export const uuidv5 = (namespace: string, name: string): string => {
  if (!uuid.test(namespace))
    throw new Error(`A UUID was expected as the namespace of a derived id, got "${namespace}".`);
  // As bytes: as text the package takes UUIDs of known versions only, and no name with half a surrogate pair.
  return v5(Buffer.from(name, 'utf8'), Buffer.from(namespace.replaceAll('-', ''), 'hex'));
};

/** Returns the text that a list of fields is hashed as: another for every other list. Throws when a field holds a NUL. */
export const joined = (fields: readonly string[]): string => {
  if (fields.some((field) => field.includes('\0')))
    throw new Error('An id cannot be made from a field that holds a NUL character.');
  return fields.join('\0');
};

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
