import { z } from 'zod';
import type { At } from '../domain/decider.ts';
import type { Recorded } from './event-store.ts';
import { type Upcasters, upcast, versionOf } from './upcast.ts';

/** Who caused an event. `onBehalfOf`: the user or organization that a support person or a system acted for. */
export type Actor = {
  readonly type: 'USER' | 'API_KEY' | 'SYSTEM' | 'CLIENT';
  readonly id: string;
  readonly onBehalfOf: string | null;
};

/** Why something was done: a code, and a reference into `vault` when a person wrote a text. */
export type Reason = { readonly code: string; readonly text: string | null };

/** The stored metadata of every event, version 1. Fields may be added, but never renamed or given another meaning. */
export type Envelope = {
  /** The version in which the event's data was written. */
  readonly schemaVersion: number;
  readonly issuerOrgId: string;
  readonly holderOrgId: string | null;
  readonly effectiveAt: string;
  readonly recordedAt: string;
  readonly actor: Actor;
  readonly reason: Reason | null;
  readonly commandId: string;
  readonly requestHash: string;
  readonly $correlationId: string;
  readonly $causationId: string | null;
  readonly prevHash: string;
  readonly hash: string;
};

/** A stored event in the form of the domain, with the instants that `evolve` takes and its envelope. */
export type Decoded<Event> = { readonly event: Event; readonly at: At; readonly envelope: Envelope };

/**
 * Decodes a stored event with the schemas of its stream's events and of the envelope, after converting its data to the
 * current version of its type. Drops fields that this program does not know. Throws UndecodableEvent for a wrong shape.
 * Throws NewerEvent when the envelope is valid and the type is unknown or the schema version is higher.
 */
export const decodeWith = <Event>(events: z.ZodType<Event>, recorded: Recorded, changes: Upcasters): Decoded<Event> => {
  const { type, metadata } = recorded;
  const envelope = envelopeSchema.safeParse(metadata);
  if (!envelope.success) throw new UndecodableEvent(recorded, z.prettifyError(envelope.error), envelope.error);
  const { schemaVersion, recordedAt, effectiveAt } = envelope.data;
  const known = versionOf(type, changes);
  if (schemaVersion > known)
    throw new NewerEvent(recorded, `It has schema version ${schemaVersion}; this release knows ${known}.`);
  const event = events.safeParse({ type, data: upcast(type, schemaVersion, recorded.data, changes) });
  if (event.error?.issues.some(isUnknownType) === true)
    throw new NewerEvent(recorded, 'This release does not know the type.', event.error);
  if (!event.success) throw new UndecodableEvent(recorded, z.prettifyError(event.error), event.error);
  return { event: event.data, at: { recordedAt, effectiveAt }, envelope: envelope.data };
};

/** A stored event that this version of the program cannot read. */
export class UndecodableEvent extends Error {
  override readonly name: string = 'UndecodableEvent';
  readonly stream: string;
  readonly revision: bigint;
  readonly type: string;

  constructor({ stream, revision, type }: Recorded, why: string, cause?: z.ZodError) {
    super(`The event ${type} at revision ${revision} of ${stream} cannot be read:\n${why}`, { cause });
    this.stream = stream;
    this.revision = revision;
    this.type = type;
  }
}

/** A stored event that a newer release of this program wrote. Only that release can read it. */
export class NewerEvent extends UndecodableEvent {
  override readonly name = 'NewerEvent';

  constructor(recorded: Recorded, why: string, cause?: z.ZodError) {
    super(recorded, `${why} A newer release of this program wrote it. Update this process.`, cause);
  }
}

// The type selects the schema, so an issue about the type alone means that no schema has this type.
const isUnknownType = ({ path }: z.core.$ZodIssue): boolean => path.length === 1 && path[0] === 'type';

/** An instant as stored: UTC with exactly milliseconds, so that text order is time order. */
export const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, 'not an instant in UTC with milliseconds');

/** 32 bytes in lower-case hex. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 lower-case hex digits');

const envelopeSchema = z.object({
  schemaVersion: z.int().positive(),
  issuerOrgId: z.string().min(1),
  holderOrgId: z.string().min(1).nullable(),
  effectiveAt: instant,
  recordedAt: instant,
  actor: z.object({
    type: z.enum(['USER', 'API_KEY', 'SYSTEM', 'CLIENT']),
    id: z.string().min(1),
    onBehalfOf: z.string().min(1).nullable(),
  }),
  reason: z.object({ code: z.string().min(1), text: z.string().min(1).nullable() }).nullable(),
  commandId: z.string().min(1),
  requestHash: z.string().min(1),
  $correlationId: z.string().min(1),
  $causationId: z.string().min(1).nullable(),
  prevHash: sha256Hex,
  hash: sha256Hex,
}) satisfies z.ZodType<Envelope>;
