import { type Sha256, sha256 } from '../hashing/sha256.ts';
import { joinBytes } from '../text/bytes.ts';

/** The bytes of a hash. */
export const hashBytes = 32;

/** Returns the hash of a leaf as RFC 9162 defines it: SHA-256 of 0x00 and the bytes. `hash` may be a faster SHA-256. */
export const leafHash = (leaf: Uint8Array, hash: Sha256 = sha256): Uint8Array => hash(joinBytes(leafPrefix, leaf));

/** Returns the hash of the node over two hashes: SHA-256 of 0x01 and both. `hash` may be a faster SHA-256. */
export const nodeHash = (left: Uint8Array, right: Uint8Array, hash: Sha256 = sha256): Uint8Array => {
  const node = new Uint8Array(1 + 2 * hashBytes);
  node[0] = 1;
  node.set(left, 1);
  node.set(right, 1 + hashBytes);
  return hash(node);
};

/** Returns the root of the tree without leaves: SHA-256 of nothing. */
export const emptyRoot = (): Uint8Array => sha256(new Uint8Array());

const leafPrefix = Uint8Array.of(0);
