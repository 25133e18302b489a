/** The symbols of license keys: digits and letters without I, L, O and U. */
export const keyAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The number of random symbols of a key. Four check symbols follow. */
export const bodyLength = 26;

/** Returns the check symbols of a body: the first 20 bits of its SHA-256, given in hex, as four symbols. */
export const symbolsOfBits = (sha256: string): string => {
  const bits = Number.parseInt(sha256.slice(0, checkDigits), 16);
  const symbolAt = (shift: number): string => keyAlphabet.charAt((bits >>> shift) & 31);
  return symbolAt(15) + symbolAt(10) + symbolAt(5) + symbolAt(0);
};

// 20 bits as hex digits.
const checkDigits = 5;

/** Returns the 30 symbols of a pasted key, or null when the text does not end with 30 symbols after a prefix. */
export const pastedSymbols = (text: string): string | null => {
  const plain = text
    .normalize('NFKC')
    .replace(unseen, '')
    .replace(surroundings, '')
    .replace(dashes, '-')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  return symbolsAfterPrefix.exec(plain)?.[1]?.replaceAll('-', '') ?? null;
};

const unseen = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]/gu;
// Quotes, brackets, the bullet or dash of a list in front, and what ends a sentence.
const surroundings =
  /^[\p{Quotation_Mark}`\p{Ps}<*\u2022\p{Dash}]+|[\p{Quotation_Mark}`\p{Pe}>*\p{Terminal_Punctuation}]+$/gu;
// Unicode does not count these as dashes: ˗ (modifier), ⁃ (bullet), ー (Japanese keyboards), ─ and ━ (box drawing), ➖.
const dashes = /[\p{Dash}\u02D7\u2043\u30FC\u2500\u2501\u2796]/gu;
// The prefix ends at the first dash. When that dash was lost, the prefix has 2 to 10 letters or digits.
const symbolsAfterPrefix = /^(?:[^-]*-+|[0-9A-Z]{2,10})?((?:[0-9A-HJKMNP-TV-Z]-*){30})$/;
