import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isUsableKey, verifyEd25519 } from '../../src/proof/hashing/ed25519.ts';
import {
  add,
  basePoint,
  decodePoint,
  encodePoint,
  groupOrder,
  isOfSmallOrder,
  littleEndian,
  negate,
  neutral,
  type Point,
} from '../../src/proof/hashing/edwards25519.ts';
import { sha256 } from '../../src/proof/hashing/sha256.ts';
import { sha512 } from '../../src/proof/hashing/sha512.ts';
import { sized } from '../support/size.ts';

const bytes = (value: Uint8Array) => Buffer.from(value).toString('hex');

describe.each([
  ['sha256', sha256],
  ['sha512', sha512],
] as const)('Our own %s', (name, hash) => {
  const expected = (input: Uint8Array) => createHash(name).update(input).digest('hex');

  test('has the hash of Node for every length around the ends of blocks', () => {
    for (let length = 0; length <= 300; length++) {
      const input = new Uint8Array(length).map((_, index) => index * 7 + length);
      expect(bytes(hash(input)), String(length)).toBe(expected(input));
    }
  });

  test('has the hash of Node for any bytes, also those of a part of a larger buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(40), (input, from) => {
        expect(bytes(hash(input.subarray(from)))).toBe(expected(input.subarray(from)));
      }),
      { numRuns: sized(1_000, 50) },
    );
  });
});

// The DER bytes before a raw Ed25519 public key (RFC 8410).
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const verifyWithNode = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const key = createPublicKey({ key: Buffer.concat([derPrefix, publicKey]), format: 'der', type: 'spki' });
  return verify(null, message, key, signature);
};

const newSignature = (message: Uint8Array) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  return { publicKey: raw, signature: new Uint8Array(sign(null, message, privateKey)) };
};

const flip = (input: Uint8Array, bit: number): Uint8Array =>
  input.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));

describe('Our own Ed25519', () => {
  test('accepts what Node signs, and agrees with Node on any flipped bit of message, key and signature', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (message, bit) => {
        const { publicKey, signature } = newSignature(message);
        expect(verifyEd25519(publicKey, message, signature)).toBe(true);
        expect(verifyEd25519(publicKey, flip(message, bit % (message.length * 8)), signature)).toBe(false);
        const otherSignature = flip(signature, bit % 512);
        expect(verifyEd25519(publicKey, message, otherSignature)).toBe(false);
        expect(verifyWithNode(publicKey, message, otherSignature)).toBe(false);
        expect(verifyEd25519(flip(publicKey, bit % 256), message, signature)).toBe(false);
      }),
      { numRuns: sized(300, 10) },
    );
  });

  test('refuses an S that is not below the group order, as Node does', () => {
    const message = Uint8Array.of(1);
    const { publicKey, signature } = newSignature(message);
    const s = littleEndian(signature.subarray(32));
    for (let multiple = 1n; s + multiple * groupOrder < 2n ** 256n; multiple++) {
      const forged = Uint8Array.of(...signature.subarray(0, 32), ...toBytes(s + multiple * groupOrder));
      expect(verifyEd25519(publicKey, message, forged)).toBe(false);
      expect(verifyWithNode(publicKey, message, forged)).toBe(false);
    }
  });

  test('refuses signatures and keys of another length', () => {
    const message = Uint8Array.of(2);
    const { publicKey, signature } = newSignature(message);
    expect(verifyEd25519(publicKey, message, signature.subarray(0, 63))).toBe(false);
    expect(verifyEd25519(publicKey, message, Uint8Array.of(...signature, 0))).toBe(false);
    expect(verifyEd25519(publicKey.subarray(0, 31), message, signature)).toBe(false);
    expect(verifyEd25519(Uint8Array.of(...publicKey, 0), message, signature)).toBe(false);
    expect(verifyEd25519(publicKey, message, new Uint8Array())).toBe(false);
  });

  test('refuses the eight points of small order as keys, for which a signature would be of any message', () => {
    const points = smallOrderPoints();
    expect(new Set(points.map((point) => bytes(encodePoint(point)))).size).toBe(8);
    // R = S·B with S = 0 is the neutral point. With a key of the order 1 Node accepts it for every message.
    const forged = Uint8Array.of(...encodePoint(neutral), ...new Uint8Array(32));
    expect(verifyWithNode(encodePoint(neutral), Uint8Array.of(3), forged)).toBe(true);
    for (const point of points) {
      expect(isOfSmallOrder(point)).toBe(true);
      expect(isUsableKey(encodePoint(point))).toBe(false);
      expect(verifyEd25519(encodePoint(point), Uint8Array.of(3), forged)).toBe(false);
    }
    expect(isOfSmallOrder(basePoint)).toBe(false);
  });

  test('refuses points that are written in a second way, and numbers that are of no point', () => {
    const prime = 2n ** 255n - 19n;
    // y = 1 + prime, y = prime, and x = 0 with the bit of a sign.
    for (const value of [1n + prime, prime, 2n ** 255n - 1n, 1n + 2n ** 255n, prime - 1n + 2n ** 255n])
      expect(decodePoint(toBytes(value))).toBeNull();
    // About half of all numbers have a point.
    const has = Array.from({ length: 40 }, (_, y) => decodePoint(toBytes(BigInt(y))) !== null);
    expect(has.filter(Boolean).length).toBeGreaterThan(10);
    expect(has.filter((isPoint) => !isPoint).length).toBeGreaterThan(10);
  });

  test('computes with points: a sum with the opposite is neutral, and the base point has the group order', () => {
    expect(bytes(encodePoint(add(basePoint, negate(basePoint))))).toBe(bytes(encodePoint(neutral)));
    expect(bytes(encodePoint(basePoint))).toBe(`58${'66'.repeat(31)}`);
    expect(bytes(encodePoint(multiple(groupOrder, basePoint)))).toBe(bytes(encodePoint(neutral)));
  });
});

const multiple = (count: bigint, point: Point): Point => {
  let sum = neutral;
  for (let [rest, power] = [count, point]; rest > 0n; rest >>= 1n, power = add(power, power))
    if (rest & 1n) sum = add(sum, power);
  return sum;
};

/** Returns the multiples of a point of order 8: any point times the group order that has it. */
const smallOrderPoints = (): readonly Point[] => {
  for (let y = 2n; ; y++) {
    const point = decodePoint(toBytes(y));
    const small = point === null ? neutral : multiple(groupOrder, point);
    const four = multiple(4n, small);
    if (bytes(encodePoint(four)) !== bytes(encodePoint(neutral)))
      return Array.from({ length: 8 }, (_, count) => multiple(BigInt(count), small));
  }
};
