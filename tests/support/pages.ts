import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A page of the documentation as commands of bash, and what it shows of their output. */
export type Page = {
  readonly path: string;
  /** The blocks of `sh`. After a block that sets `answer` and is followed by a block of `json`, they print `answer`. */
  readonly commands: string;
  /** The texts after ` # `, in order, for `differences`. */
  readonly lines: readonly string[];
  /** The blocks of `json` that show an `answer`, in order. */
  readonly answers: readonly unknown[];
};

const mark = 'the answer of this page: ';

/** Reads a page. A block of `json` shows the `answer` of the block of `sh` before it, when that block sets one. */
export const readPage = (path: string): Page => {
  const blocks = [...readFileSync(path, 'utf8').matchAll(/^```(sh|json)\n(.*?)^```$/gms)];
  const setsAnswer = (index: number) => blocks[index]?.[1] === 'sh' && /^answer=/m.test(blocks[index]?.[2] ?? '');
  const isAnswer = (index: number) => blocks[index]?.[1] === 'json' && setsAnswer(index - 1);
  const commands = blocks.flatMap(([, kind, text = ''], index) =>
    kind === 'sh' ? [text, isAnswer(index + 1) ? `printf '${mark}%s\\n' "$(tr -d '\\n' <<<"$answer")"\n` : ''] : [],
  );
  return {
    path,
    commands: commands.join(''),
    lines: [...commands.join('').matchAll(/ # (.+)$/gm)].map(([, line = '']) => line.trim()),
    answers: blocks.flatMap(([, , text = ''], index) => (isAnswer(index) ? [JSON.parse(text)] : [])),
  };
};

/** Runs the commands of a page in `folder`. `definitions` come first. Throws with the output when a command fails. */
export const runPage = async (
  { commands }: Page,
  { folder, definitions }: { readonly folder: string; readonly definitions: string },
): Promise<{ readonly lines: readonly string[]; readonly answers: readonly unknown[] }> => {
  const { code, output } = await inBash(`set -euo pipefail\n${definitions}${commands}`, folder);
  if (code !== 0) throw new Error(`The commands ended with ${code}:\n${output}`);
  const printed = output.trim().split('\n');
  return {
    lines: printed.filter((line) => !line.startsWith(mark)),
    answers: printed.filter((line) => line.startsWith(mark)).map((line) => JSON.parse(line.slice(mark.length))),
  };
};

/**
 * Returns the places at which an answer differs from what a page shows of it. The page may leave members of objects
 * out, and write `…` for a part of a text that differs each time.
 */
export const differences = (claim: unknown, answer: unknown, place = ''): readonly string[] => {
  if (typeof claim === 'string' && claim.includes('…')) {
    const [start = '', end = ''] = claim.split('…');
    const fits = typeof answer === 'string' && answer.startsWith(start) && answer.endsWith(end);
    return fits ? [] : [`${place}: ${JSON.stringify(answer)}`];
  }
  if (typeof claim !== 'object' || claim === null)
    return claim === answer ? [] : [`${place}: ${JSON.stringify(answer)}`];
  if (typeof answer !== 'object' || answer === null) return [`${place}: ${JSON.stringify(answer)}`];
  if (Array.isArray(claim) && (!Array.isArray(answer) || answer.length !== claim.length))
    return [`${place}: ${JSON.stringify(answer)}`];
  const members = new Map(Object.entries(answer));
  return Object.entries(claim).flatMap(([name, value]) => differences(value, members.get(name), `${place}/${name}`));
};

const inBash = (commands: string, folder: string): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', commands], { cwd: folder });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
