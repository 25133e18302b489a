import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Secrets, secretById } from './secrets.ts';

const secretIdBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = secretIdBytes + nonceBytes + tagBytes;

/** Encrypts text with AES-256-GCM under the purpose `idempotency`. `boundTo` names the row that stores the result. */
export const seal = (secrets: Secrets, text: string, boundTo: string): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', secrets.signing.key('idempotency'), nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(boundTo));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.from(secrets.signing.id, 'hex'), nonce, cipher.getAuthTag(), sealed]);
};

/** Decrypts the result of `seal`. Throws Error when it was altered or moved, or its secret is no longer configured. */
export const unseal = (secrets: Secrets, sealed: Buffer, boundTo: string): string => {
  const secret = secretById(secrets, sealed.toString('hex', 0, secretIdBytes));
  if (secret === undefined || sealed.length < headerBytes) {
    throw new Error('A sealed value is damaged, or its secret is no longer in LEDGER_SECRET.');
  }
  const nonce = sealed.subarray(secretIdBytes, secretIdBytes + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', secret.key('idempotency'), nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(sealed.subarray(headerBytes - tagBytes, headerBytes));
  return Buffer.concat([decipher.update(sealed.subarray(headerBytes)), decipher.final()]).toString('utf8');
};
