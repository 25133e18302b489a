import { mustBe } from '../invalid.ts';
import { utf8 } from '../text/bytes.ts';
import { isCount } from '../text/decimal.ts';

/** The parts of a cosignature/v1. `time`: seconds since 1970. `message`: the bytes that the witness signed. */
export type Cosignature = { readonly time: number; readonly signature: Uint8Array; readonly message: Uint8Array };

/** Returns the bytes that a witness signs: the time in seconds since 1970, and the text of the checkpoint. */
export const cosignedMessage = (time: number, text: string): Uint8Array => {
  mustBe(isCount(time), 'The time of a cosignature is a whole number of seconds below 2^53.');
  return utf8(`cosignature/v1\ntime ${time}\n${text}`);
};

/** Returns the bytes of a cosignature in a note: the time in eight bytes, and the Ed25519 signature. */
export const formatCosignature = (time: number, signature: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(8 + signature.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time));
  bytes.set(signature, 8);
  return bytes;
};

/**
 * Returns the parts of a cosignature over a text. Throws InvalidProof for another length, or a time of 2^53 and more.
 */
export const readCosignature = (bytes: Uint8Array, text: string): Cosignature => {
  mustBe(bytes.length === 72, `A cosignature has 72 bytes, not ${bytes.length}.`);
  const time = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  return { time, signature: bytes.slice(8), message: cosignedMessage(time, text) };
};
