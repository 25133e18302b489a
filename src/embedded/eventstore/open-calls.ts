import type { Refusal } from './refusal.ts';

/** Every call that has not been answered, so that a server which goes away can say so instead of falling silent. */
export type OpenCalls = {
  /** Returns what takes the call off the list. After `failAll` the call is failed at once. */
  add(fail: (refusal: Refusal) => void): () => void;
  failAll(refusal: Refusal): void;
};

export const openCalls = (): OpenCalls => {
  const open = new Set<(refusal: Refusal) => void>();
  let over: Refusal | undefined;
  return {
    add: (fail) => {
      if (over) fail(over);
      else open.add(fail);
      return () => open.delete(fail);
    },
    failAll: (refusal) => {
      over ??= refusal;
      for (const fail of [...open]) fail(over);
      open.clear();
    },
  };
};
