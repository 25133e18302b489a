import type { ServerResponse } from 'node:http';

/**
 * For each response a signal that is given when the client has gone, when it has been answered, or when the server is to
 * stop. Nothing of it is left afterwards, which AbortSignal.any would not do: on Node 20 it keeps something at the signal
 * that lives longest, for every request.
 */
export const createEndings = (stopping: AbortSignal): ((response: ServerResponse) => AbortSignal) => {
  const open = new Set<AbortController>();
  stopping.addEventListener('abort', () => {
    for (const ending of open) ending.abort();
  });
  return (response) => {
    const ending = new AbortController();
    if (stopping.aborted || response.destroyed) ending.abort();
    else {
      open.add(ending);
      response.once('close', () => {
        open.delete(ending);
        ending.abort();
      });
    }
    return ending.signal;
  };
};
