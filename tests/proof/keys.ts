import { createHash } from 'node:crypto';
import { type Checkpoint, formatCheckpoint } from '../../src/proof/notes/checkpoints.ts';
import { formatNote } from '../../src/proof/notes/signed-notes.ts';
import type { KeyKind } from '../../src/proof/notes/verifier-keys.ts';
import { cosignText, type SigningKey, signingKey, signText } from '../../src/signing/log-keys.ts';

/** Returns a key for tests only: its seed is the hash of its name. */
export const testKey = (name: string, kind: KeyKind = 'LOG'): SigningKey =>
  signingKey(name, kind, createHash('sha256').update(`test key of ${name}`).digest());

/** A witness and the seconds since 1970 at which it cosigns. */
export type Cosigner = { readonly key: SigningKey; readonly time: number };

/** Returns the signed note of a checkpoint. */
export const signedCheckpoint = (
  checkpoint: Checkpoint,
  log: SigningKey,
  witnesses: readonly Cosigner[] = [],
): string => {
  const text = formatCheckpoint(checkpoint);
  const cosignatures = witnesses.map(({ key, time }) => cosignText(text, time, key));
  return formatNote({ text, signatures: [signText(text, log), ...cosignatures] });
};
