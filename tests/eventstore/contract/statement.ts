import { test } from 'vitest';
import { notYet } from './not-yet.ts';
import { outsideUrl } from './server.ts';

/** The sentences of all statements, in the order of their declaration. */
export const declared: string[] = [];

/** Runs everything, also what `notYet` lists: `LEDGER_CONTRACT_ALL=1`. */
const skipsNothing = outsideUrl !== null || process.env.LEDGER_CONTRACT_ALL === '1';

/** Declares one statement of the contract: a test with this name. `timeoutMs` replaces that of the project. */
export const statement = (sentence: string, check: () => Promise<void>, timeoutMs?: number): void => {
  declared.push(sentence);
  if (skipsNothing || !notYet.includes(sentence)) test(sentence, check, timeoutMs);
  else test(sentence, ({ skip }) => skip('The embedded server does not do this yet.'));
};

/** Declares a statement about what only the embedded server does. It does not run against other servers. */
export const ownStatement = (sentence: string, check: () => Promise<void>): void => {
  if (outsideUrl === null) {
    statement(sentence, check);
    return;
  }
  declared.push(sentence);
  test(sentence, ({ skip }) => skip('Only the embedded server does this.'));
};
