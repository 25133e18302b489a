import type { KeyObject } from 'node:crypto';
import { isKid, type PublicJwk, publicJwk, readKeyFiles, type SigningKey } from './key-files.ts';
import { ensureFirstKey } from './make-keys.ts';

/** The keys of access tokens that are in force now, kept up to date with their directory. */
export type KeyRing = {
  /** The newest key. Throws when the directory has none any more. */
  signing(): SigningKey;
  /** The public key of this kid, or null. An unknown one is looked for on disk, though never more than once a second. */
  find(kid: string): Promise<KeyObject | null>;
  /** True while this kid is in the ring. */
  has(kid: string): boolean;
  /** The public keys for `/.well-known/jwks.json`, the newest first. */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /** Stops looking at the directory. */
  close(): void;
};

type Needs = {
  readonly directory: string;
  /** Stamps the first key. */
  readonly now: () => Date;
  /** Told once of everything that is wrong with the directory after the start; the keys that are good stay in force. */
  readonly warn: (sentence: string) => void;
  readonly reloadMs?: number;
};

const seekMs = 1_000;

/**
 * Opens the directory and makes its first key when it has none. Throws every problem of its files as sentences. New keys
 * are picked up, and removed ones forgotten, within five seconds.
 */
export const openKeyRing = async ({ directory, now, warn, reloadMs = 5_000 }: Needs): Promise<KeyRing> => {
  await ensureFirstKey(directory, now);
  const first = await readKeyFiles(directory);
  if (first.faults.length > 0) throw new Error(first.faults.join('\n'));
  let ring = ringOf(first.keys);
  let told = '';
  const tell = (sentence: string) => {
    if (sentence !== '' && sentence !== told) warn(sentence);
    told = sentence;
  };

  let reading: Promise<void> | null = null;
  let readMs = Number.NEGATIVE_INFINITY;
  const reload = (): Promise<void> => {
    readMs = performance.now();
    reading ??= readKeyFiles(directory)
      .then(({ keys, faults }) => {
        ring = ringOf(keys);
        tell(faults.join('\n'));
      })
      // A disk that does not answer is no reason to end all sessions: the keys stay as they were.
      .catch((error: unknown) => tell(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        reading = null;
      });
    return reading;
  };
  const timer = setInterval(() => void reload(), reloadMs);
  timer.unref();

  return {
    signing: () => {
      const [newest] = ring.values();
      if (newest === undefined) throw new Error(`There is no key in ${directory}: make one with ledger keys rotate.`);
      return newest;
    },
    find: async (kid) => {
      const known = ring.get(kid);
      if (known !== undefined) return known.publicKey;
      if (!isKid(kid)) return null;
      if (performance.now() - readMs >= seekMs) await reload();
      else await reading;
      return ring.get(kid)?.publicKey ?? null;
    },
    has: (kid) => ring.has(kid),
    jwks: () => ({ keys: [...ring.values()].map(publicJwk) }),
    close: () => clearInterval(timer),
  };
};

const ringOf = (keys: readonly SigningKey[]): ReadonlyMap<string, SigningKey> =>
  new Map(keys.map((key) => [key.kid, key]));
