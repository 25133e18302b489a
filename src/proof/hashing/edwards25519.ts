/** The prime of the field, 2^255 - 19. */
const prime = 2n ** 255n - 19n;

/** The number of points in the group of the base point. */
export const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/** A point of the curve in extended coordinates: x = X/Z, y = Y/Z, and T = XY/Z. */
export type Point = { readonly X: bigint; readonly Y: bigint; readonly Z: bigint; readonly T: bigint };

const reduce = (value: bigint): bigint => {
  const rest = value % prime;
  return rest < 0n ? rest + prime : rest;
};

const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = reduce(square * square))
    if (rest & 1n) result = reduce(result * square);
  return result;
};

const inverse = (value: bigint): bigint => power(value, prime - 2n);

const d = reduce(-121665n * inverse(121666n));
const rootOfMinusOne = power(2n, (prime - 1n) / 4n);

/** The neutral point. */
export const neutral: Point = { X: 0n, Y: 1n, Z: 1n, T: 0n };

/** Returns the sum of two points. It is complete: it also doubles, and adds the neutral point. */
export const add = (p: Point, q: Point): Point => {
  const a = reduce((p.Y - p.X) * (q.Y - q.X));
  const b = reduce((p.Y + p.X) * (q.Y + q.X));
  const c = reduce(2n * d * reduce(p.T * q.T));
  const e = reduce(2n * p.Z * q.Z);
  const [f, g, h, i] = [b - a, e - c, e + c, b + a];
  return { X: reduce(f * g), Y: reduce(h * i), Z: reduce(g * h), T: reduce(f * i) };
};

/** Returns the point with the opposite sign. */
export const negate = ({ X, Y, Z, T }: Point): Point => ({ X: reduce(-X), Y, Z, T: reduce(-T) });

/** Returns s·P + k·Q. Takes time that depends on the numbers, so it must not get secrets. */
export const addMultiples = ([s, p]: readonly [bigint, Point], [k, q]: readonly [bigint, Point]): Point => {
  const both = add(p, q);
  let sum = neutral;
  for (let bit = 255n; bit >= 0n; bit--) {
    sum = add(sum, sum);
    const [inS, inK] = [(s >> bit) & 1n, (k >> bit) & 1n];
    if (inS & inK) sum = add(sum, both);
    else if (inS) sum = add(sum, p);
    else if (inK) sum = add(sum, q);
  }
  return sum;
};

/** Returns true for the eight points with 8·P = 0. Signatures of such a key bind to no message. */
export const isOfSmallOrder = (point: Point): boolean => {
  let multiple = point;
  for (let doubled = 0; doubled < 3; doubled++) multiple = add(multiple, multiple);
  return multiple.X === 0n;
};

/** Returns 32 bytes, little-endian: y, and the lowest bit of x as the highest bit. */
export const encodePoint = ({ X, Y, Z }: Point): Uint8Array => {
  const scale = inverse(Z);
  const [x, y] = [reduce(X * scale), reduce(Y * scale)];
  const value = y | ((x & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
};

/** Returns the point of 32 bytes. Returns null when y is not below the prime, or no point of the curve has it. */
export const decodePoint = (bytes: Uint8Array): Point | null => {
  const value = littleEndian(bytes);
  const y = value & (2n ** 255n - 1n);
  if (bytes.length !== 32 || y >= prime) return null;
  const x = rootOf(reduce(y * y - 1n), reduce(d * y * y + 1n));
  const isOdd = value >> 255n === 1n;
  if (x === null || (x === 0n && isOdd)) return null;
  const signed = (x & 1n) === (isOdd ? 1n : 0n) ? x : prime - x;
  return { X: signed, Y: y, Z: 1n, T: reduce(signed * y) };
};

/** Returns a number with the square u/v. Returns null when there is none. */
const rootOf = (u: bigint, v: bigint): bigint | null => {
  const candidate = reduce(u * v ** 3n * power(reduce(u * v ** 7n), (prime - 5n) / 8n));
  const square = reduce(v * candidate * candidate);
  if (square === u) return candidate;
  return square === reduce(-u) ? reduce(candidate * rootOfMinusOne) : null;
};

/** Returns the number that bytes represent, the lowest byte first. */
export const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** The base point: y = 4/5, and x is even. */
export const basePoint: Point = (() => {
  const y = reduce(4n * inverse(5n));
  const point = decodePoint(Uint8Array.from({ length: 32 }, (_, index) => Number((y >> BigInt(8 * index)) & 0xffn)));
  if (point === null) throw new Error('The base point is not on the curve.');
  return point;
})();
