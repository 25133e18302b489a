import { expect, test } from 'vitest';
import { retry } from '../../src/async/retry.ts';

test('An attempt that fails is repeated until it succeeds', async () => {
  const result = await retry(
    async (number) => {
      if (number < 3) throw new Error(`attempt ${number}`);
      return number;
    },
    () => 0,
  );
  expect(result).toBe(3);
});

test('The last error is thrown when there is no further attempt', async () => {
  const failures: number[] = [];
  const failing = retry(
    async (number) => {
      throw new Error(`attempt ${number}`);
    },
    (_error, count) => {
      failures.push(count);
      return count < 2 ? 1 : null;
    },
  );
  await expect(failing).rejects.toThrow('attempt 2');
  expect(failures).toEqual([1, 2]);
});

test('An error that repeating cannot help ends the attempts, as another error if the caller says so', async () => {
  const cause = new Error('The server is gone.');
  const failing = retry(
    async () => {
      throw cause;
    },
    (error) => {
      throw new Error('It cannot be read.', { cause: error });
    },
  );
  await expect(failing).rejects.toMatchObject({ message: 'It cannot be read.', cause });
});
