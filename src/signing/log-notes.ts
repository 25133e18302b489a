import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { mustBe } from '../proof/invalid.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';
import { parseVerifierKey } from '../proof/notes/verifier-keys.ts';
import { utf8 } from '../proof/text/bytes.ts';

/** Returns the text of a note. Throws InvalidProof for a malformed note, and for one that the key did not sign. */
export type NoteReader = (note: string) => string;

/**
 * Returns the reader of the notes that this key of a log (vkey) signed. It verifies with Node, which is thirty times as
 * fast as `verifyNote`, because the server checks each checkpoint that it signs. Throws InvalidProof for another key.
 */
export const noteReader = (vkey: string): NoteReader => {
  const { name, keyId, kind, publicKey } = parseVerifierKey(vkey);
  mustBe(kind === 'LOG', `The key ${name} is not the key of a log.`);
  const key = publicKeyOf(publicKey);
  return (note) => {
    const { text, signatures } = parseNote(note);
    const signature = signatures.find((line) => line.name === name && line.keyId === keyId);
    mustBe(signature !== undefined, `The key ${keyId} of ${name} did not sign the note.`);
    mustBe(verify(null, utf8(text), key, signature.bytes), `The signature of ${name} with the key ${keyId} is wrong.`);
    return text;
  };
};

/** Returns the text of a note that this key of a log (vkey) signed. Throws InvalidProof as `noteReader`. */
export const textSignedBy = (note: string, vkey: string): string => noteReader(vkey)(note);

const publicKeyOf = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([derPrefix, bytes]), format: 'der', type: 'spki' });

// The DER bytes before an Ed25519 public key (RFC 8410).
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');
