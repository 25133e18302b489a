import { bodyLength, pastedSymbols, symbolsOfBits } from '../../domain/license-key-symbols.ts';

/** Returns true for a text with the form of a license key and wrong check symbols. The server is not asked. */
export const hasTypingError = async (text: string): Promise<boolean> => {
  const symbols = pastedSymbols(text);
  if (symbols === null) return false;
  const body = symbols.slice(0, bodyLength);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return symbols.slice(bodyLength) !== symbolsOfBits(hex);
};
