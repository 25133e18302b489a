import type { ServerResponse } from 'node:http';

/**
 * Returns a function that creates a signal for a response. The signal aborts when the response has ended, the client
 * has left or the server stops. It leaves nothing behind. AbortSignal.any would: on Node 20 every request leaves an
 * entry at the signal that lives longest.
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
