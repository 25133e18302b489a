import { createHash } from 'node:crypto';

// The definitions of RFC 9162, section 2.1, word for word and with the hashes of Node: the tests compare with them.

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

/** Returns the hash of a leaf. */
export const naiveLeafHash = (leaf: Uint8Array): Uint8Array => sha256(Uint8Array.of(0), leaf);

/** Returns the largest power of 2 below a count of at least 2. */
const split = (count: number): number => 2 ** Math.floor(Math.log2(count - 1));

const roots = new Map<string, Uint8Array>();

/** Returns the root over hashes of leaves. Remembers the roots of parts of a tree that `name` names. */
export const naiveRoot = (hashes: readonly Uint8Array[], name = '', start = 0): Uint8Array => {
  if (name === '') return rootOf(hashes, name, start);
  const key = `${name} ${start} ${hashes.length}`;
  const root = roots.get(key) ?? rootOf(hashes, name, start);
  roots.set(key, root);
  return root;
};

const rootOf = (hashes: readonly Uint8Array[], name: string, start: number): Uint8Array => {
  const [first] = hashes;
  if (first === undefined) return sha256();
  if (hashes.length === 1) return first;
  const k = split(hashes.length);
  return sha256(
    Uint8Array.of(1),
    naiveRoot(hashes.slice(0, k), name, start),
    naiveRoot(hashes.slice(k), name, start + k),
  );
};

/** Returns PATH(m, D_n): the inclusion proof of the leaf m. */
export const naivePath = (m: number, hashes: readonly Uint8Array[], name = '', start = 0): readonly Uint8Array[] => {
  if (hashes.length <= 1) return [];
  const k = split(hashes.length);
  const [left, right] = [hashes.slice(0, k), hashes.slice(k)];
  return m < k
    ? [...naivePath(m, left, name, start), naiveRoot(right, name, start + k)]
    : [...naivePath(m - k, right, name, start + k), naiveRoot(left, name, start)];
};

/** Returns PROOF(m, D_n): the consistency proof from m leaves. Returns no hash for m = 0. */
export const naiveProof = (m: number, hashes: readonly Uint8Array[], name = ''): readonly Uint8Array[] =>
  m === 0 ? [] : subproof(m, hashes, { isWhole: true, name, start: 0 });

type Place = { readonly isWhole: boolean; readonly name: string; readonly start: number };

const subproof = (m: number, hashes: readonly Uint8Array[], { isWhole, name, start }: Place): readonly Uint8Array[] => {
  if (m === hashes.length) return isWhole ? [] : [naiveRoot(hashes, name, start)];
  const k = split(hashes.length);
  const [left, right] = [hashes.slice(0, k), hashes.slice(k)];
  return m <= k
    ? [...subproof(m, left, { isWhole, name, start }), naiveRoot(right, name, start + k)]
    : [...subproof(m - k, right, { isWhole: false, name, start: start + k }), naiveRoot(left, name, start)];
};
