import { test } from 'vitest';
import { outsideUrl } from './server.ts';

/** Declares one statement of the contract: a test with this name. `timeoutMs` replaces that of the project. */
export const statement = (sentence: string, check: () => Promise<void>, timeoutMs?: number): void => {
  test(sentence, check, timeoutMs);
};

/** Declares a statement about what only the embedded server does. It does not run against other servers. */
export const ownStatement = (sentence: string, check: () => Promise<void>): void => {
  if (outsideUrl === null) test(sentence, check);
  else test(sentence, ({ skip }) => skip('Only the embedded server does this.'));
};
