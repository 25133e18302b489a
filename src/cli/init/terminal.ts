import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Asks a person at a terminal. */
export type Terminal = {
  /** Asks until `check` returns null. It returns a sentence about a wrong answer. */
  readonly ask: (question: string, check: (answer: string) => string | null) => Promise<string>;
  /** Asks like `ask`, without showing what is typed. */
  readonly askSecretly: (question: string, check: (answer: string) => string | null) => Promise<string>;
};

/** Thrown when the person ends the questions with Ctrl-C or Ctrl-D. */
export class QuestionsEnded extends Error {
  override readonly name = 'QuestionsEnded';
}

/** Returns the terminal of this process, or null when standard input or standard error is none. */
export const openTerminal = (): Terminal | null => {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  return {
    ask: (question, check) => askUntil(question, check, false),
    askSecretly: (question, check) => askUntil(question, check, true),
  };
};

// Questions go to standard error, because standard output has the result only.
const askUntil = async (
  question: string,
  check: (answer: string) => string | null,
  isSecret: boolean,
): Promise<string> => {
  for (;;) {
    const answer = await askOnce(question, isSecret);
    const fault = check(answer);
    if (fault === null) return answer;
    process.stderr.write(`${fault}\n`);
  }
};

const askOnce = async (question: string, isSecret: boolean): Promise<string> => {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = isSecret ? unseen : process.stderr;
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const ended = new AbortController();
  lines.on('SIGINT', () => ended.abort());
  lines.on('close', () => ended.abort());
  try {
    if (isSecret) process.stderr.write(question);
    const answer = await lines.question(isSecret ? '' : question, { signal: ended.signal });
    if (isSecret) process.stderr.write('\n');
    return answer;
  } catch {
    process.stderr.write('\n');
    throw new QuestionsEnded('Ended. Nothing was created.');
  } finally {
    lines.close();
  }
};
