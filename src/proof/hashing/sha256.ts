import { joinBytes } from '../text/bytes.ts';
import { fractionsOfRoots } from './prime-roots.ts';

/** Returns the SHA-256 hash of bytes, 32 bytes. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** SHA-256 in plain JavaScript, because a page of plain http has no `crypto.subtle`. */
export const sha256: Sha256 = (bytes) => {
  const hash = newSha256();
  hash.update(bytes);
  return hash.digest();
};

/** A hash over bytes that come in parts. `digest` ends it. */
export type HashOfParts = { readonly update: (bytes: Uint8Array) => void; readonly digest: () => Uint8Array };

/** Returns a SHA-256 hash over bytes that come in parts. */
export const newSha256 = (): HashOfParts => {
  const state = firstState.slice();
  let length = 0;
  let rest = new Uint8Array();
  return {
    update: (bytes) => {
      length += bytes.length;
      const joined = rest.length === 0 ? bytes : joinBytes(rest, bytes);
      const whole = joined.length - (joined.length % 64);
      for (let start = 0; start < whole; start += 64) compress(state, joined, start);
      rest = joined.slice(whole);
    },
    digest: () => {
      const end = endOf(rest, length);
      for (let start = 0; start < end.length; start += 64) compress(state, end, start);
      const hash = new Uint8Array(32);
      const view = new DataView(hash.buffer);
      state.forEach((word, index) => {
        view.setInt32(4 * index, word);
      });
      return hash;
    },
  };
};

/** Returns the last bytes with their padding: a bit 1, zeros, and the number of bits. */
const endOf = (rest: Uint8Array, length: number): Uint8Array => {
  const end = new Uint8Array(rest.length < 56 ? 64 : 128);
  end.set(rest);
  end[rest.length] = 0x80;
  new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(length) * 8n);
  return end;
};

const asWords = (values: readonly bigint[]): Int32Array => Int32Array.from(values, (value) => Number(value) | 0);
const firstState = asWords(fractionsOfRoots(8, 2, 32));
const constants = asWords(fractionsOfRoots(64, 3, 32));
const schedule = new Int32Array(64);

// Hashing a tree is nearly all of the time of a proof. Names of one letter are those of FIPS 180-4.
const compress = (state: Int32Array, bytes: Uint8Array, start: number): void => {
  const word = (index: number): number => state[index] as number;
  fillSchedule(bytes, start);
  let [a, b, c, d] = [word(0), word(1), word(2), word(3)];
  let [e, f, g, h] = [word(4), word(5), word(6), word(7)];
  for (let round = 0; round < 64; round++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (constants[round] as number) + (schedule[round] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = word(0) + a;
  state[1] = word(1) + b;
  state[2] = word(2) + c;
  state[3] = word(3) + d;
  state[4] = word(4) + e;
  state[5] = word(5) + f;
  state[6] = word(6) + g;
  state[7] = word(7) + h;
};

const fillSchedule = (bytes: Uint8Array, start: number): void => {
  for (let i = 0, at = start; i < 16; i++, at += 4)
    schedule[i] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
  for (let i = 16; i < 64; i++) {
    const x = schedule[i - 15] as number;
    const y = schedule[i - 2] as number;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    schedule[i] = (schedule[i - 16] as number) + s0 + (schedule[i - 7] as number) + s1;
  }
};
