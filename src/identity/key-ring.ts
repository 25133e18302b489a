import type { KeyObject } from 'node:crypto';
import { isKid, type PublicJwk, publicJwk, readKeyFiles, type SigningKey } from './key-files.ts';
import { ensureFirstKey } from './make-keys.ts';

/** The current keys of access tokens. The ring follows changes of their directory. */
export type KeyRing = {
  /** Returns the newest key. Throws Error when the directory no longer has a key. */
  signing(): SigningKey;
  /** Returns the public key of this kid, or null. Reads the directory for an unknown kid, at most once a second. */
  find(kid: string): Promise<KeyObject | null>;
  /** Returns true while this kid is in the ring. */
  has(kid: string): boolean;
  /** Returns the public keys for `/.well-known/jwks.json`, the newest first. */
  jwks(): { readonly keys: readonly PublicJwk[] };
  /** Stops reading the directory. */
  close(): void;
};

type Needs = {
  readonly directory: string;
  /** Returns the creation time of the first key. */
  readonly now: () => Date;
  /** Receives each problem of the directory after the start, once. The valid keys stay in use. */
  readonly warn: (sentence: string) => void;
  readonly reloadMs?: number;
};

const seekMs = 1_000;

/**
 * Opens the directory and creates the first key when it is empty. Throws an Error with a sentence per faulty file.
 * Notices new and removed keys within five seconds.
 */
export const openKeyRing = async ({ directory, now, warn, reloadMs = 5_000 }: Needs): Promise<KeyRing> => {
  await ensureFirstKey(directory, now);
  const first = await readKeyFiles(directory);
  if (first.faults.length > 0) throw new Error(first.faults.join('\n'));
  let ring = ringOf(first.keys);
  let lastWarning = '';
  const warnOnce = (sentence: string) => {
    if (sentence !== '' && sentence !== lastWarning) warn(sentence);
    lastWarning = sentence;
  };

  let reading: Promise<void> | null = null;
  let readMs = Number.NEGATIVE_INFINITY;
  const reload = (): Promise<void> => {
    readMs = performance.now();
    reading ??= readKeyFiles(directory)
      .then(({ keys, faults }) => {
        ring = ringOf(keys);
        warnOnce(faults.join('\n'));
      })
      // A failing disk must not end all sessions, so the keys stay as they were.
      .catch((error: unknown) => warnOnce(error instanceof Error ? error.message : String(error)))
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
      if (newest === undefined) throw new Error(`There is no key in ${directory}. Create one with: ledger keys rotate`);
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
