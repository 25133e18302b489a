import { WaitedTooLong } from '../async/keyed-queue.ts';

/** The command may have been carried out, and the rest of the request was not done. A repetition completes it. */
export class Unfinished extends Error {
  override readonly name = 'Unfinished';
}

/** Does the rest of a request whose command was accepted. Throws Unfinished in place of WaitedTooLong. */
export const afterAppend = async <Result>(rest: () => Promise<Result>): Promise<Result> => {
  try {
    return await rest();
  } catch (error) {
    if (error instanceof WaitedTooLong) throw new Unfinished(unfinished, { cause: error });
    throw error;
  }
};

const unfinished =
  'Other requests change the same at this moment. This one may have been carried out: repeat the request with the same Idempotency-Key.';
