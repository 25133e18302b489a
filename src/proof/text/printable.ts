/**
 * Returns the text with an escape such as `\u{1b}` for each character that could draw something else on a terminal or a
 * page. These are line breaks, control characters, characters without a picture of their own, and spaces but the plain
 * one.
 */
export const printable = (text: string): string =>
  text.replace(/(?! )[\p{Other}\p{Separator}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
