import { createPasswords, type Passwords } from '../../src/identity/passwords.ts';

/**
 * Passwords with the cheapest hashes that argon2 makes, for tests of what surrounds a password. A real hash takes 40 ms
 * of a core. `tests/identity/passwords.test.ts` and the product as a process use real ones.
 */
export const cheapPasswords = (): Passwords =>
  createPasswords({ cost: { memoryCost: 1_024, timeCost: 2, parallelism: 1 } });
