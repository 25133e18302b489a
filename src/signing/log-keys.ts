import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import type { Sha256 } from '../proof/hashing/sha256.ts';
import { cosignedMessage, formatCosignature } from '../proof/notes/cosignatures.ts';
import type { Signature } from '../proof/notes/signed-notes.ts';
import { type VerifierKey, verifierKey } from '../proof/notes/verifier-keys.ts';
import { utf8 } from '../proof/text/bytes.ts';

/** A private key with its public half. Never log it. */
export type SigningKey = { readonly verifier: VerifierKey; readonly privateKey: KeyObject };

/** SHA-256 of Node, which is faster than our own. */
export const nodeSha256: Sha256 = (bytes) => {
  // Text costs half of a buffer, which has memory outside of the heap.
  const { buffer, byteOffset, length } = Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
  return new Uint8Array(buffer, byteOffset, length);
};

/**
 * Returns the key of a 32-byte Ed25519 seed. Throws RangeError for another length, InvalidProof for an invalid name.
 */
export const signingKey = (name: string, kind: VerifierKey['kind'], seed: Uint8Array): SigningKey => {
  if (seed.length !== 32) throw new RangeError(`An Ed25519 seed has 32 bytes, not ${seed.length}.`);
  const der = Buffer.concat([derPrefix, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { verifier: verifierKey(name, kind, new Uint8Array(Buffer.from(x, 'base64url'))), privateKey };
};

/** Returns the signature of a log over the text of a note. */
export const signText = (text: string, { verifier, privateKey }: SigningKey): Signature => ({
  name: verifier.name,
  keyId: verifier.keyId,
  bytes: new Uint8Array(sign(null, utf8(text), privateKey)),
});

/** Returns the cosignature of a witness over the text of a checkpoint. `time`: seconds since 1970. */
export const cosignText = (text: string, time: number, { verifier, privateKey }: SigningKey): Signature => ({
  name: verifier.name,
  keyId: verifier.keyId,
  bytes: formatCosignature(time, new Uint8Array(sign(null, cosignedMessage(time, text), privateKey))),
});

// The DER bytes before the seed of an Ed25519 key in PKCS #8 (RFC 8410).
const derPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
