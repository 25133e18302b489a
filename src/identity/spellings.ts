/**
 * Returns the texts that a device, a component or the holder of a seat may be stored under. New values use the first:
 * in Unicode form NFC, without white space, control and other invisible characters around it. Case matters. The second
 * is the text as sent, which earlier releases stored; absent when it is the same.
 */
export const spellingsOfDevice = (text: string): readonly string[] => spellings(text, plain(text));

/** Returns the same for the name of a user. Case does not matter in a name with `@`. */
export const spellingsOfUser = (text: string): readonly string[] => {
  const name = plain(text);
  return spellings(text, name.includes('@') ? name.toLowerCase() : name);
};

/** Returns true for a text of white space, control and other invisible characters alone, which names nothing. */
export const isBlank = (text: string): boolean => text.replace(around, '') === '';

const spellings = (sent: string, stored: string): readonly string[] => (stored === sent ? [stored] : [stored, sent]);

// A text of nothing else stays as it is, because no text would be left.
const plain = (text: string): string => (isPlain.test(text) ? text : text.replace(around, '').normalize('NFC') || text);

// Almost every fingerprint is printable ASCII, and validations read thousands a second.
const isPlain = /^[!-~](?:[ -~]*[!-~])?$/;
const around = /^[\p{White_Space}\p{Cc}\p{Cf}]+|[\p{White_Space}\p{Cc}\p{Cf}]+$/gu;
