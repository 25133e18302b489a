import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that is removed with all it holds when the test is over; what the test started must have ended by then. */
export const temporaryDirectory = async (mode = 0o700): Promise<string> => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-test-'));
  await chmod(directory, mode);
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
};
