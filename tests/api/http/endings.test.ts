import { getEventListeners, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createEndings } from '../../../src/api/http/endings.ts';

/** The responses of a server that answers nothing by itself, to so many requests. */
const withResponses = async (
  count: number,
  work: (responses: readonly ServerResponse[], leave: () => void) => Promise<void>,
) => {
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => responses.push(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const leaving = new AbortController();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const asked = Array.from({ length: count }, () => fetch(url, { signal: leaving.signal }).catch(() => null));
  await expect.poll(() => responses.length, { timeout: 20_000 }).toBe(count);
  await work(responses, () => leaving.abort());
  server.closeAllConnections();
  server.close();
  await Promise.all(asked);
};

test('The signal aborts when the client leaves, when it is answered, and when the server stops', () =>
  withResponses(3, async ([answered, stopped, other], leave) => {
    if (answered === undefined || stopped === undefined || other === undefined) throw new Error('Nothing was asked.');
    const stopping = new AbortController();
    const endingOf = createEndings(stopping.signal);
    const [first, second] = [endingOf(answered), endingOf(stopped)];
    expect([first.aborted, second.aborted]).toEqual([false, false]);
    answered.end();
    await once(first, 'abort');
    expect(second.aborted).toBe(false);
    stopping.abort();
    expect(second.aborted).toBe(true);
    expect(endingOf(other).aborted).toBe(true);
    const third = createEndings(new AbortController().signal)(other);
    leave();
    await once(third, 'abort');
    expect(createEndings(new AbortController().signal)(other).aborted).toBe(true);
  }));

test('An ended response leaves nothing behind at the server', () =>
  withResponses(50, async (responses) => {
    const stopping = new AbortController();
    const endingOf = createEndings(stopping.signal);
    const signals = responses.map(endingOf);
    expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(1);
    for (const response of responses) response.end();
    await expect.poll(() => signals.every(({ aborted }) => aborted), { timeout: 20_000 }).toBe(true);
  }));
