import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServeFile } from '../../../src/api/http/app.ts';
import { createRespond } from '../../../src/api/http/respond.ts';
import { securityHeaders } from '../../../src/api/http/security-headers.ts';
import { serveConsole } from '../../../src/api/pages/serve-console.ts';

const folder = `${mkdtempSync(join(tmpdir(), 'ledger-console-page-'))}/`;
const handlers = new Map<string, Parameters<ServeFile>[1]>();
let server: Server;
let url: string;
beforeAll(async () => {
  mkdirSync(`${folder}assets`);
  writeFileSync(`${folder}index.html`, '<meta name="signup" content="closed"><p>console</p>');
  writeFileSync(`${folder}index.js`, 'outside of the assets');
  writeFileSync(`${folder}assets/start.module-Ab_-1.js`, 'export const a = 1;');
  const serve: ServeFile = (path, handler) => void handlers.set(path, handler);
  serveConsole(serve, createRespond(securityHeaders()), { signupMode: 'invited', folder });
  server = createServer((request, response) => {
    const [, name] = /^\/console\/assets\/(.*)/.exec(request.url ?? '') ?? [];
    const handler = handlers.get(name === undefined ? '/console' : '/console/assets/:name');
    // As Express does.
    const params = { name: name && decodeURIComponent(name) };
    void handler?.(response, Object.assign(request, { params }) as unknown as Parameters<typeof handler>[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.maxRequestsPerSocket = 2;
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/console`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test('The page of the console has the signup mode of the server', async () => {
  const page = await fetch(url);
  expect(await page.text()).toBe('<meta name="signup" content="invited"><p>console</p>');
});

test('A browser that has the page gets the headers of the page again, and keeps its policy', async () => {
  const first = await fetch(url);
  const again = await fetch(url, { headers: { 'if-none-match': String(first.headers.get('etag')) } });
  expect([first.status, again.status]).toEqual([200, 304]);
  const policy = 'content-security-policy';
  expect(first.headers.get(policy)).toContain("script-src 'self'");
  expect(again.headers.get(policy)).toBe(first.headers.get(policy));
});

test('A script is served also when its name has a dot', async () => {
  const script = await fetch(`${url}/assets/start.module-Ab_-1.js`);
  expect([script.status, await script.text()]).toEqual([200, 'export const a = 1;']);
  expect((await fetch(`${url}/assets/..%2Findex.js`)).status).toBe(404);
});

test('The last answer of a connection closes it, also when it has no body', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answer = (headers: OutgoingHttpHeaders): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      get(url, { agent, headers }, (response) => response.resume().on('end', () => resolve(response))).on(
        'error',
        reject,
      );
    });
  const first = await answer({});
  const last = await answer({ 'if-none-match': String(first.headers.etag) });
  expect([last.statusCode, last.headers.connection]).toEqual([304, 'close']);
  expect([(await answer({})).statusCode, (await answer({})).headers.connection]).toEqual([200, 'close']);
  agent.destroy();
});
