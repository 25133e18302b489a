const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Returns an unsigned number in base 62, padded with zeros to `length`. Throws Error when it does not fit. */
export const base62 = (value: bigint, length: number): string => {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = alphabet.charAt(Number(rest % 62n)) + text;
  if (text.length > length) throw new Error(`A base-62 number of ${text.length} digits does not fit into ${length}.`);
  return text.padStart(length, '0');
};
