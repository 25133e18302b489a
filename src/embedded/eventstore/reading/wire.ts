/** Bytes in the wire format of protobuf. They are written from the end: `start` is the first written one. */
export type Message = { readonly bytes: Buffer; start: number };

/** Creates a message that has room for `bytesMax` bytes. */
export const createMessage = (bytesMax: number): Message => ({
  bytes: Buffer.allocUnsafe(bytesMax),
  start: bytesMax,
});

/** Returns what was written. */
export const writtenBytes = ({ bytes, start }: Message): Buffer => bytes.subarray(start);

/** Puts the head of a field before everything that was written since `start` was `end`. */
export const endPart = (message: Message, field: number, end: number): void => {
  putVarint(message, end - message.start);
  putVarint(message, field * 8 + lengthDelimited);
};

/** Puts a field of text. */
export const putText = (message: Message, field: number, value: string): void => {
  const end = message.start;
  if (!putAscii(message, value)) {
    message.start = end - Buffer.byteLength(value);
    message.bytes.write(value, message.start);
  }
  endPart(message, field, end);
};

/** Puts a field of bytes. */
export const putBytes = (message: Message, field: number, value: Uint8Array): void => {
  const end = message.start;
  message.start -= value.length;
  message.bytes.set(value, message.start);
  endPart(message, field, end);
};

/** Puts a field of an unsigned 64-bit number, which is given as decimal text. */
export const putNumber = (message: Message, field: number, value: string): void => {
  if (value.length <= safeDigits) putVarint(message, Number(value));
  else putLargeVarint(message, BigInt(value));
  putVarint(message, field * 8);
};

const lengthDelimited = 2;

/** Every number with so many digits is exact in JavaScript. */
const safeDigits = 15;

/** For short texts, which most are, a loop is faster than a call into Node. Returns false for text that is not ASCII. */
const putAscii = (message: Message, value: string): boolean => {
  const { bytes } = message;
  let at = message.start;
  for (let index = value.length - 1; index >= 0; index--) {
    const unit = value.charCodeAt(index);
    if (unit > 127) return false;
    bytes[--at] = unit;
  }
  message.start = at;
  return true;
};

/** For numbers of at least 2^49. */
const putLargeVarint = (message: Message, value: bigint): void => {
  putVarint(message, Number(value >> 49n));
  // The lower seven groups of seven bits each. Their highest bit says that another group follows.
  for (let low = Number(value & lowerBits), group = 0; group < 7; group++) {
    message.start -= 1;
    message.bytes[message.start] = (Math.floor(low / 128 ** (6 - group)) % 128) | 128;
  }
};

const putVarint = (message: Message, value: number): void => {
  const { bytes } = message;
  if (value < 128) {
    bytes[--message.start] = value;
    return;
  }
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  message.start -= size;
  let at = message.start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at] = rest;
};

const lowerBits = 2n ** 49n - 1n;
