import { styleText } from 'node:util';
import { colorChoice } from '../../config.ts';

/** The styles that the output uses. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Returns a text with a style, or the text itself where the output has no color. */
export type Paint = (style: Style, text: string) => string;

/** Returns what colors a text for an output: only on a terminal without NO_COLOR, and always with FORCE_COLOR. */
export const painter = (output: { readonly isTTY?: boolean }, choice = colorChoice()): Paint => {
  const isColored = choice === 'always' || (choice === 'terminal' && output.isTTY === true);
  // Newer versions of Node check the output themselves. These options leave the decision here.
  return isColored ? (style, text) => (styleText as Styling)(style, text, { validateStream: false }) : plain;
};

type Styling = (style: Style, text: string, options: { readonly validateStream: boolean }) => string;

/** Returns every text as it is. */
export const plain: Paint = (_, text) => text;

/**
 * Returns a text that cannot change a terminal: control characters become their JSON escapes. Texts of tenants may
 * contain any character.
 */
export const printable = (text: string): string =>
  text.replaceAll(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

// Control characters, and the marks that change the direction of a text.
const controls = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
