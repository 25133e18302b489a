import { readFileSync } from 'node:fs';

/** A command in a block of `text` of a page, and the output that the page shows after it. Empty: it shows none. */
export type Shown = { readonly page: string; readonly command: string; readonly output: string };

/** Returns the commands after `$ ` in the blocks of `text` of a page, in order. `npx` is left out. */
export const shownCommands = (page: string): readonly Shown[] =>
  [...readFileSync(page, 'utf8').matchAll(/^```text\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return { page, command: part.slice(0, end).replace(/^npx /, ''), output: part.slice(end + 1) };
      }),
  );

/**
 * Returns a pattern for the output that a page shows of a command. `…` stands for the rest of a line, and alone in a line
 * for any lines. A word with a digit stands for any such word, as do a host, a path below /srv and the width of a column. Throws when the page
 * does not show the command.
 */
export const outputPattern = (page: string, command: string): RegExp => {
  const shown = shownCommands(page).find((other) => other.command === command && other.output !== '');
  if (shown === undefined) throw new Error(`${page} shows no output of ${command}.`);
  const lines = shown.output
    .trimEnd()
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\\n)*?' : `${linePattern(line)} *\\n`));
  return new RegExp(`^${lines.join('')}`, 'm');
};

const linePattern = (line: string): string =>
  line
    .split(/( {2,}|-{5,}|…|[\w-]*\d[\w-]*|\bvm\b|\/srv\/\S+)/)
    .map((part, index) => (index % 2 === 0 ? part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : anyLike(part)))
    .join('');

const anyLike = (part: string): string => {
  if (part.startsWith('  ')) return ' +';
  if (part.startsWith('-----')) return '-+';
  if (part === '…') return '.*';
  if (part.startsWith('/srv/')) return '\\S+';
  return /^\d+$/.test(part) ? '\\d+' : '[\\w.-]+';
};

/** Returns the JSON that a page shows of a command. Throws when the page does not show the command. */
export const shownJson = (page: string, command: string): unknown => {
  const shown = shownCommands(page).find((other) => other.command === command);
  if (shown === undefined) throw new Error(`${page} shows no output of ${command}.`);
  return JSON.parse(shown.output.replaceAll('\n', ''));
};
