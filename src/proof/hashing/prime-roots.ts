/**
 * Returns the first `bits` bits of the fractional parts of the square or cube roots of the first primes. SHA-256 and
 * SHA-512 define their constants so. Whole numbers only, so every engine computes the same.
 */
export const fractionsOfRoots = (count: number, degree: 2 | 3, bits: 32 | 64): readonly bigint[] =>
  firstPrimes(count).map((prime) =>
    BigInt.asUintN(bits, wholeRoot(BigInt(prime) << BigInt(bits * degree), BigInt(degree))),
  );

const firstPrimes = (count: number): readonly number[] => {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return primes;
};

/** Returns the largest whole number with a power of at most `value`, by Newton’s method from above. */
const wholeRoot = (value: bigint, degree: bigint): bigint => {
  let root = 1n << (BigInt(value.toString(2).length) / degree + 1n);
  for (;;) {
    const next = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree;
    if (next >= root) return root;
    root = next;
  }
};
