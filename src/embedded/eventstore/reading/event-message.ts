import type { StoredEvent } from '../events.ts';
import type { IdFormat } from './read-request.ts';
import { createMessage, endPart, type Message, putBytes, putNumber, putText, writtenBytes } from './wire.ts';

/** An event that a link leads to. Undefined when it does not exist or is hidden. */
export type LinkTarget = { readonly event: StoredEvent | undefined };

/**
 * Returns the bytes of the protocol's message with an event, `ReadResp` of streams.proto, as the generated encoder
 * writes it. Reading a log is mostly this. Building the message from generated objects takes several times as long.
 * With a target, the event is the link that leads to it. A target that makes the message too large is left out.
 */
export const eventMessage = (event: StoredEvent, ids: IdFormat, target?: LinkTarget): Buffer => {
  const targetEvent = bytesMax(event) + bytesMax(target?.event) <= messageBytesMax ? target?.event : undefined;
  const message = createMessage(bytesMax(event) + bytesMax(targetEvent));
  // It is written from its last field to its first, because the head of a part has the length of what follows.
  const end = message.start;
  putNumber(message, fields.readEventPosition, event.position);
  putEvent(message, target === undefined ? fields.recordedEvent : fields.link, event, ids);
  if (targetEvent) putEvent(message, fields.recordedEvent, targetEvent, ids);
  endPart(message, fields.readEvent, end);
  return writtenBytes(message);
};

const putEvent = (message: Message, field: number, event: StoredEvent, ids: IdFormat): void => {
  const { position, stream, revision, type, isJson, data, metadata, createdTicks } = event;
  const end = message.start;
  if (data.length > 0) putBytes(message, fields.data, data);
  if (metadata.length > 0) putBytes(message, fields.customMetadata, metadata);
  putProperty(message, 'type', type);
  putProperty(message, 'created', createdTicks);
  putProperty(message, 'content-type', isJson ? 'application/json' : 'application/octet-stream');
  if (position !== '0') {
    putNumber(message, fields.commitPosition, position);
    putNumber(message, fields.preparePosition, position);
  }
  if (revision !== '0') putNumber(message, fields.streamRevision, revision);
  const streamEnd = message.start;
  putText(message, fields.streamName, stream);
  endPart(message, fields.streamIdentifier, streamEnd);
  putId(message, event.id, ids);
  endPart(message, field, end);
};

/** The numbers of the fields in streams.proto and shared.proto. */
const fields = {
  readEvent: 1,
  recordedEvent: 1,
  link: 2,
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

const putId = (message: Message, uuid: string, ids: IdFormat): void => {
  const end = message.start;
  if (ids === 'string') {
    putText(message, fields.textId, uuid);
  } else {
    const hex = uuid.replaceAll('-', '');
    const [most, least] = [BigInt(`0x${hex.slice(0, 16)}`), BigInt(`0x${hex.slice(16)}`)];
    if (least !== 0n) putNumber(message, fields.leastSignificantBits, String(least));
    if (most !== 0n) putNumber(message, fields.mostSignificantBits, String(most));
    endPart(message, fields.structuredId, end);
  }
  endPart(message, fields.id, end);
};

/** An entry of a map from text to text. */
const putProperty = (message: Message, name: string, value: string): void => {
  const end = message.start;
  putText(message, 2, value);
  putText(message, 1, name);
  endPart(message, fields.metadata, end);
};

const bytesMax = (event: StoredEvent | undefined): number =>
  event === undefined
    ? 0
    : event.data.length +
      event.metadata.length +
      bytesPerChar * (event.stream.length + event.type.length) +
      otherBytesMax;

/** The official client refuses a larger message, and would never get past it. */
const messageBytesMax = 17 * 1024 * 1024;

// UTF-8 needs at most three bytes for a unit of a JavaScript text.
const bytesPerChar = 3;
// Heads, numbers, the id, and the three properties but for the type.
const otherBytesMax = 320;
