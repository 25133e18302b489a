import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { mustBe } from '../proof/invalid.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';
import { parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { utf8 } from '../proof/text/bytes.ts';

/** Throws InvalidProof when a note is malformed, or the key has not signed it. */
export type NoteCheck = (note: string) => void;

/**
 * Returns the check of the key of a log (vkey). It uses the Ed25519 of Node, which is faster than our own. Throws
 * InvalidProof for a text that is no such key.
 */
export const noteCheckOf = (vkey: string): NoteCheck => {
  const { name, keyId, publicKey, kind } = parseVerifierKey(vkey);
  mustBe(kind === 'LOG', `The key ${name} is not the key of a log.`);
  const key = nodeKey(publicKey);
  return (note) => {
    const { text, signatures } = parseNote(note);
    const line = signatures.find((signature) => signature.name === name && signature.keyId === keyId);
    mustBe(line !== undefined, `The key ${keyId} of ${name} has not signed the note.`);
    mustBe(verify(null, utf8(text), key, line?.bytes ?? new Uint8Array()), `The signature of ${name} is wrong.`);
  };
};

const nodeKey = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([derPrefix, publicKey]), format: 'der', type: 'spki' });

// The DER bytes before an Ed25519 public key (RFC 8410).
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');
