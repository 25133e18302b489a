import type { Refusal } from './grpc-refusal.ts';

/** The calls that were not answered yet. A server that stops fails them, so that no client waits for an answer. */
export type OpenCalls = {
  /** Adds a call and returns a function that removes it. After `failAll` it fails the call at once. */
  add(fail: (refusal: Refusal) => void): () => void;
  /** Fails all calls, and every call that is added later. */
  failAll(refusal: Refusal): void;
};

/** Creates an empty list of open calls. */
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
