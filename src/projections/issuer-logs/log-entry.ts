import { idPattern } from '../../domain/ids.ts';
import { type Instant, isInstant } from '../../domain/time.ts';
import type { Recorded } from '../../eventstore/event-store.ts';

/**
 * What the log of an issuer says of an event. Everything that proves the event later is made of it, so it has no
 * content and no position, which another event store counts otherwise.
 */
export type LogEntry = {
  readonly issuerOrgId: string;
  /** A lower-case UUID. */
  readonly eventId: string;
  readonly stream: string;
  readonly revision: bigint;
  /** 64 lower-case hex digits, as the metadata of the event has them. */
  readonly hash: string;
  readonly recordedAt: Instant;
};

/** An entry with its index in the log of its issuer, from 0. */
export type IndexedEntry = LogEntry & { readonly index: bigint };

/** Returns true when the name of the stream begins as those of licenses, catalogs and organizations, which are in the logs. */
export const isLogged = (stream: string): boolean => loggedPrefixes.some((prefix) => stream.startsWith(prefix));

/**
 * Returns the entry of an event in the log of the issuer that its metadata names. Returns null for an event of another
 * stream, and for one without a valid envelope. A valid one has a stream, an id, an issuer, a hash and an instant of the
 * form that this program writes. Nothing else of the event matters. A release that knows more types or more fields must
 * give the same indexes, so these conditions never change.
 */
export const logEntryOf = ({ stream, revision, id, metadata }: Recorded): LogEntry | null => {
  const { issuerOrgId, hash, recordedAt } = metadata;
  if (!streamPattern.test(stream) || !uuidPattern.test(id)) return null;
  if (typeof issuerOrgId !== 'string' || !organizationPattern.test(issuerOrgId)) return null;
  if (typeof hash !== 'string' || !hashPattern.test(hash)) return null;
  if (typeof recordedAt !== 'string' || !isInstant(recordedAt)) return null;
  return { issuerOrgId, eventId: id.toLowerCase(), stream, revision, hash, recordedAt };
};

/** Returns the entries of events in their order, without the events that have none. */
export const entriesOf = (events: readonly Recorded[]): readonly LogEntry[] =>
  events.map(logEntryOf).filter((entry) => entry !== null);

/** Returns true for an event of a stream with a log that has no place in it, which somebody must look into. */
export const lacksEntry = (recorded: Recorded): boolean => isLogged(recorded.stream) && logEntryOf(recorded) === null;

const organizationPattern = idPattern('org');
const loggedPrefixes = ['license-', 'catalog-', 'organization-'] as const;
const idAtEnd = (...prefixes: Parameters<typeof idPattern>): string => idPattern(...prefixes).source.slice(1);
const streamPattern = new RegExp(`^(?:license-${idAtEnd('lic')}|(?:catalog|organization)-${idAtEnd('org')})`);
const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const hashPattern = /^[0-9a-f]{64}$/;
