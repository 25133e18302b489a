import { isUsableKey } from '../hashing/ed25519.ts';
import { sha256 } from '../hashing/sha256.ts';
import { mustBe } from '../invalid.ts';
import { decodeBase64, encodeBase64 } from '../text/base64.ts';
import { hexOf, joinBytes, utf8 } from '../text/bytes.ts';
import { checkName } from './key-names.ts';

/** The signature of a log over a note (0x01), or the cosignature of a witness with a time (0x04). Both are Ed25519. */
export type KeyKind = 'LOG' | 'WITNESS';

/** A public key of C2SP signed-note. `keyId`: eight lower-case hex digits. `publicKey`: 32 bytes. */
export type VerifierKey = {
  readonly name: string;
  readonly kind: KeyKind;
  readonly keyId: string;
  readonly publicKey: Uint8Array;
};

const types: Readonly<Record<KeyKind, number>> = { LOG: 1, WITNESS: 4 };

/**
 * Returns the verifier key of a public key. Throws InvalidProof for an invalid name or a public key that nobody should
 * use.
 */
export const verifierKey = (name: string, kind: KeyKind, publicKey: Uint8Array): VerifierKey => {
  checkName(name, 'The name of a key');
  mustBe(isUsableKey(publicKey), `The key ${name} is not a usable Ed25519 public key.`);
  const keyId = hexOf(sha256(joinBytes(utf8(`${name}\n`), typed(kind, publicKey))).subarray(0, 4));
  return { name, kind, keyId, publicKey };
};

/** Returns the text of a key (“vkey”): name, key id and key with its type, separated by `+`. */
export const formatVerifierKey = ({ name, kind, keyId, publicKey }: VerifierKey): string =>
  `${name}+${keyId}+${encodeBase64(typed(kind, publicKey))}`;

/** Returns the key of a vkey. Throws InvalidProof for another text, another type, or an id that is not of this key. */
export const parseVerifierKey = (vkey: string): VerifierKey => {
  const [, name = '', keyId = '', encoded = ''] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(vkey) ?? [];
  mustBe(encoded !== '', 'A key has the form name+id+base64.');
  mustBe(/^[0-9a-f]{8}$/.test(keyId), `The id of the key ${name} is not eight lower-case hex digits.`);
  const bytes = decodeBase64(encoded, `The key ${name}`);
  const kind = bytes[0] === types.LOG ? 'LOG' : 'WITNESS';
  mustBe(bytes[0] === types[kind], `The key ${name} has a type other than Ed25519 (1) and cosignature/v1 (4).`);
  mustBe(bytes.length === 33, `The key ${name} has ${bytes.length - 1} bytes, and an Ed25519 key has 32.`);
  const key = verifierKey(name, kind, bytes.slice(1));
  mustBe(key.keyId === keyId, `The id ${keyId} is not of the key ${name}: it must be ${key.keyId}.`);
  return key;
};

const typed = (kind: KeyKind, publicKey: Uint8Array): Uint8Array => joinBytes(Uint8Array.of(types[kind]), publicKey);
