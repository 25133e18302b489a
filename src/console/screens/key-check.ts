import { bodyLength, pastedSymbols, symbolsOfBits } from '../../domain/license-key-symbols.ts';

// Ids and hashes also have 30 symbols and more, so only the form in which keys are issued counts.
const issuedForm = /^\s*[0-9a-z]{2,10}(?:-[0-9a-z]{5}){6}\s*$/i;

/** Returns true for a text with the form of a license key and wrong check symbols. The server is not asked. */
export const hasTypingError = async (text: string): Promise<boolean> => {
  const symbols = issuedForm.test(text) ? pastedSymbols(text) : null;
  if (symbols === null) return false;
  const body = symbols.slice(0, bodyLength);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return symbols.slice(bodyLength) !== symbolsOfBits(hex);
};
