import type shared from '@eventstore/db-client/generated/shared_pb.js';
import { status } from '@grpc/grpc-js';
import { appendBytesMax, appendRecordBytesMax, nameBytesMax, type ProposedEvent, recordBytes } from './events.ts';
import { invalidArgument, Refusal } from './grpc-refusal.ts';
import { refuseMetadata } from './retention/protected-streams.ts';

const signedMax = 2n ** 63n - 1n;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const emptyUuid = '00000000-0000-0000-0000-000000000000';
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The common part of the messages of Append and BatchAppend. */
type ProposedMessage = {
  getId(): shared.UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
};

/** Parses the name of a stream. Throws a refusal when it cannot be stored. */
export const parseStream = (identifier: shared.StreamIdentifier | undefined): string => {
  let stream: string;
  try {
    stream = utf8.decode(identifier?.getStreamName_asU8());
  } catch {
    throw invalidArgument('The stream name is not UTF-8');
  }
  if (stream === '') throw invalidArgument('The stream name is empty');
  requireStorable(stream, 'stream name');
  return stream;
};

/** Parses the name of a stream to write to. Throws for the metadata of streams of License Ledger. */
export const parseWritableStream = (identifier: shared.StreamIdentifier | undefined): string => {
  const stream = parseStream(identifier);
  if (stream === '$all') throw invalidArgument('$all is the whole log; it is read, never written to');
  if (stream === '$$') throw invalidArgument('$$ is no stream; the metadata of a stream is in $$ and its name');
  refuseMetadata(stream);
  return stream;
};

/** Parses a revision or position. Throws when it has more than 63 bits, which no event has. */
export const parseRevision = (text: string): bigint => {
  const value = BigInt(text);
  if (value > signedMax) throw invalidArgument(`${text} is no revision or position: the largest is ${signedMax}`);
  return value;
};

/** Collects the events of one append. `add` checks each event and the total size, and throws a refusal. */
export const proposal = () => {
  const events: ProposedEvent[] = [];
  let dataBytes = 0;
  let bytes = 0;
  return {
    events,
    /** Returns the bytes of the events. */
    bytes: () => bytes,
    add: (message: ProposedMessage): void => {
      const event = parseEvent(message);
      dataBytes += event.data.length;
      bytes += recordBytes(event);
      if (dataBytes > appendBytesMax) throw tooLarge();
      if (bytes > appendRecordBytesMax) throw invalidArgument(`An append is larger than ${appendRecordBytesMax} bytes`);
      events.push(event);
    },
  };
};

const parseEvent = (message: ProposedMessage): ProposedEvent => {
  const properties = message.getMetadataMap();
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  if (type === undefined || contentType === undefined) {
    const required = 'type,content-type';
    throw new Refusal(
      status.INVALID_ARGUMENT,
      `An event needs the metadata properties ${required}`,
      'missing-required-metadata-property',
      { 'required-metadata-properties': required },
    );
  }
  if (type === '') throw invalidArgument('The event type is empty');
  requireStorable(type, 'event type');
  const id = parseUuid(message.getId());
  if (id === undefined || id === emptyUuid) throw invalidArgument('The event id is empty');
  if (!uuidPattern.test(id)) throw invalidArgument('The event id is not a UUID');
  return {
    id,
    type,
    isJson: contentType === 'application/json',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
};

/** Returns the id as text in lower case, without checking it; undefined when the message has none. */
const parseUuid = (uuid: shared.UUID | undefined): string | undefined => {
  const structured = uuid?.getStructured();
  if (!structured) return uuid?.getString().toLowerCase() || undefined;
  const hex = [structured.getMostSignificantBits(), structured.getLeastSignificantBits()]
    .map((bits) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0'))
    .join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

const requireStorable = (name: string, what: string) => {
  // Text in Postgres cannot contain half a surrogate pair or a NUL character.
  if (/\p{Surrogate}/u.test(name)) throw invalidArgument(`The ${what} has half of a surrogate pair`);
  if (name.includes('\0')) throw invalidArgument(`The ${what} contains a NUL character`);
  if (Buffer.byteLength(name) > nameBytesMax) throw invalidArgument(`The ${what} is longer than ${nameBytesMax} bytes`);
};

const tooLarge = () =>
  new Refusal(
    status.INVALID_ARGUMENT,
    `The data of one append is larger than ${appendBytesMax} bytes`,
    'maximum-append-size-exceeded',
    { 'maximum-append-size': String(appendBytesMax) },
  );
