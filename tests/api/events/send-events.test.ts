import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { sendEvents } from '../../../src/api/events/send-events.ts';
import type { FeedEvent, FeedPage } from '../../../src/projections/queries/event-feed.ts';
import { testId, vendor } from '../../support/license-fixtures.ts';
import { condition } from '../../support/product.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const licenseId = testId('lic', 'one');
const bytesEach = 20_000;
const pageSize = 10;

const eventAt = (position: bigint): FeedEvent => ({
  position,
  licenseId,
  revision: position,
  logIndex: null,
  issuerOrgId: vendor,
  eventId: `00000000-0000-4000-8000-${String(position).padStart(12, '0')}`,
  type: 'LicenseIssued',
  schemaVersion: 1,
  reasonCode: null,
  correlationId: 'c',
  causationId: null,
  recordedAt: '2026-01-01T00:00:00.000Z',
  effectiveAt: '2026-01-01T00:00:00.000Z',
  actor: { type: 'SYSTEM', id: 'test', onBehalfOf: null },
  data: { filling: 'x'.repeat(bytesEach) },
});
const pageAfter = (last: bigint): FeedPage => {
  const events = Array.from({ length: pageSize }, (_, index) => eventAt(last + BigInt(index) + 1n));
  return { events, through: events.at(-1) ?? null, hasMore: true, covered: null };
};

type State = { pages: number; response: ServerResponse | null; page: WeakRef<FeedPage> | null };

/** A server that sends an endless feed to each client. */
const serving = async (work: (port: number, state: State) => Promise<void>) => {
  const state = { pages: 0, response: null, page: null } as State;
  const stop = new AbortController();
  const server = createServer((_request, response) => {
    state.response = response;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    void sendEvents(response, {
      start: null,
      next: async (after) => {
        state.pages += 1;
        const page = pageAfter(after?.position ?? 0n);
        state.page = new WeakRef(page);
        return page;
      },
      cursorOf: (place) => String(place?.position),
      signal: stop.signal,
    }).then(() => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work((server.address() as AddressInfo).port, state);
  } finally {
    stop.abort();
    server.closeAllConnections();
    server.close();
  }
};

test('The stream waits for a slow reader without a page in memory, and the reader misses nothing', () =>
  serving(async (port, state) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.setEncoding('utf8').pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const hasStopped = async () => {
      const before = state.pages;
      for (let turns = 0; turns < 500; turns++) await new Promise(setImmediate);
      return state.response?.writableNeedDrain === true && state.pages === before;
    };
    await condition('nothing more is sent', hasStopped);
    // Nobody holds the page any longer.
    const isForgotten = () => {
      collectGarbage();
      return state.page?.deref() === undefined;
    };
    await condition('the page is forgotten', isForgotten);
    const buffered = state.response?.writableLength ?? 0;
    expect(buffered).toBeLessThan(2 * bytesEach);
    const stoppedAt = state.pages;

    let text = '';
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.resume();
    await condition('it goes on', () => state.pages > stoppedAt + 100);
    socket.destroy();
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(ids.length).toBeGreaterThan(100);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
  }));

test('The stream ends with the feed or with its signal', async () => {
  const server = createServer((_request, response) => {
    const pages: (FeedPage | null)[] = [{ ...pageAfter(0n), hasMore: false }, null];
    const done = new AbortController();
    void sendEvents(response, {
      start: null,
      next: async () => pages.shift() ?? null,
      cursorOf: String,
      signal: done.signal,
    }).then(() => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect((await answer.text()).match(/^data: /gm)?.length).toBe(pageSize);
  server.close();
});
