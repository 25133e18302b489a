import { fractionsOfRoots } from './prime-roots.ts';

/** Returns the SHA-512 hash of bytes, 64 bytes. It is slow, and meant for the few signatures of a note. */
export const sha512 = (bytes: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(Math.ceil((bytes.length + 17) / 128) * 128);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  let state = firstState;
  for (let start = 0; start < padded.length; start += 128) state = compress(state, view, start);
  const hash = new DataView(new ArrayBuffer(64));
  state.forEach((word, index) => {
    hash.setBigUint64(8 * index, word);
  });
  return new Uint8Array(hash.buffer);
};

type State = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

const firstState = fractionsOfRoots(8, 2, 64) as unknown as State;
const constants = fractionsOfRoots(80, 3, 64);

const asWord = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (word: bigint, by: bigint): bigint => (word >> by) | asWord(word << (64n - by));

// Names of one letter are those of FIPS 180-4.
const compress = (state: State, view: DataView, start: number): State => {
  const schedule = scheduleOf(view, start);
  let [a, b, c, d, e, f, g, h] = state;
  schedule.forEach((word, round) => {
    const s1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n);
    const t1 = h + s1 + ((e & f) ^ (asWord(~e) & g)) + (constants[round] ?? 0n) + word;
    const s0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n);
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, asWord(d + t1), c, b, a, asWord(t1 + t2)];
  });
  const ended = [a, b, c, d, e, f, g, h];
  return state.map((word, index) => asWord(word + (ended[index] ?? 0n))) as unknown as State;
};

const scheduleOf = (view: DataView, start: number): readonly bigint[] => {
  const words = Array.from({ length: 16 }, (_, index) => view.getBigUint64(start + 8 * index));
  const word = (index: number): bigint => words[index] ?? 0n;
  for (let i = 16; i < 80; i++) {
    const [x, y] = [word(i - 15), word(i - 2)];
    const s0 = rotate(x, 1n) ^ rotate(x, 8n) ^ (x >> 7n);
    const s1 = rotate(y, 19n) ^ rotate(y, 61n) ^ (y >> 6n);
    words.push(asWord(word(i - 16) + s0 + word(i - 7) + s1));
  }
  return words;
};
