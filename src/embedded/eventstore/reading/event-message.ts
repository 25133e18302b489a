import type { StoredEvent } from '../events.ts';
import type { IdFormat } from './read-request.ts';

/**
 * Returns the bytes of the protocol's message with an event, `ReadResp` of streams.proto, as the generated encoder
 * writes it. Reading a log is mostly this. Building the message from generated objects takes three times as long.
 */
export const eventMessage = (event: StoredEvent, ids: IdFormat): Buffer => {
  const { position, stream, revision, type, isJson, data, metadata, createdTicks } = event;
  const max = data.length + metadata.length + bytesPerChar * (stream.length + type.length) + otherBytesMax;
  const message: Message = { bytes: Buffer.allocUnsafe(max), start: max };
  // It is written from its last field to its first, because the head of a part has the length of what follows.
  part(message, fields.readEvent, () => {
    number(message, fields.readEventPosition, BigInt(position));
    part(message, fields.recordedEvent, () => {
      if (data.length > 0) bytes(message, fields.data, data);
      if (metadata.length > 0) bytes(message, fields.customMetadata, metadata);
      property(message, 'type', type);
      property(message, 'created', createdTicks);
      property(message, 'content-type', isJson ? 'application/json' : 'application/octet-stream');
      numberUnlessZero(message, fields.commitPosition, BigInt(position));
      numberUnlessZero(message, fields.preparePosition, BigInt(position));
      numberUnlessZero(message, fields.streamRevision, BigInt(revision));
      part(message, fields.streamIdentifier, () => text(message, fields.streamName, stream));
      part(message, fields.id, () => id(message, event.id, ids));
    });
  });
  return message.bytes.subarray(message.start);
};

/** Bytes that are written from the end: `start` is the first written one. */
type Message = { readonly bytes: Buffer; start: number };

/** The numbers of the fields in streams.proto and shared.proto. */
const fields = {
  readEvent: 1,
  recordedEvent: 1,
  readEventPosition: 3,
  id: 1,
  structuredId: 1,
  textId: 2,
  mostSignificantBits: 1,
  leastSignificantBits: 2,
  streamIdentifier: 2,
  streamName: 3,
  streamRevision: 3,
  preparePosition: 4,
  commitPosition: 5,
  metadata: 6,
  customMetadata: 7,
  data: 8,
} as const;

const id = (message: Message, uuid: string, ids: IdFormat): void => {
  if (ids === 'string') {
    text(message, fields.textId, uuid);
    return;
  }
  const hex = uuid.replaceAll('-', '');
  part(message, fields.structuredId, () => {
    numberUnlessZero(message, fields.leastSignificantBits, BigInt(`0x${hex.slice(16)}`));
    numberUnlessZero(message, fields.mostSignificantBits, BigInt(`0x${hex.slice(0, 16)}`));
  });
};

/** An entry of a map from text to text. */
const property = (message: Message, name: string, value: string): void =>
  part(message, fields.metadata, () => {
    text(message, 2, value);
    text(message, 1, name);
  });

const part = (message: Message, field: number, write: () => void): void => {
  const end = message.start;
  write();
  head(message, field, end - message.start);
};

const text = (message: Message, field: number, value: string): void => {
  const length = Buffer.byteLength(value);
  message.start -= length;
  message.bytes.write(value, message.start);
  head(message, field, length);
};

const bytes = (message: Message, field: number, value: Uint8Array): void => {
  message.start -= value.length;
  message.bytes.set(value, message.start);
  head(message, field, value.length);
};

/** The head of a field with a length: its number with wire type 2, and its length. */
const head = (message: Message, field: number, length: number): void => {
  varint(message, length);
  varint(message, field * 8 + 2);
};

const numberUnlessZero = (message: Message, field: number, value: bigint): void => {
  if (value !== 0n) number(message, field, value);
};

/** A 64-bit number, with wire type 0. */
const number = (message: Message, field: number, value: bigint): void => {
  // Small numbers are much cheaper to divide than big ones.
  if (value <= safeMax) varint(message, Number(value));
  else {
    varint(message, Number(value >> 49n));
    // The lower seven groups of seven bits each. Their highest bit says that another group follows.
    for (let low = Number(value & lowerBits), group = 0; group < 7; group++) {
      message.start -= 1;
      message.bytes[message.start] = (Math.floor(low / 128 ** (6 - group)) % 128) | 128;
    }
  }
  varint(message, field * 8);
};

const varint = (message: Message, value: number): void => {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  message.start -= size;
  let rest = value;
  let at = message.start;
  for (; rest >= 128; rest = Math.floor(rest / 128)) message.bytes[at++] = (rest % 128) | 128;
  message.bytes[at] = rest;
};

const safeMax = BigInt(Number.MAX_SAFE_INTEGER);
const lowerBits = 2n ** 49n - 1n;
// UTF-8 needs at most three bytes for a unit of a JavaScript text.
const bytesPerChar = 3;
// Heads, numbers, the id, and the three properties but for the type.
const otherBytesMax = 320;
