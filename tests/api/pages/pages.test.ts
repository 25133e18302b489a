import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../../src/domain/ids.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

const demo = {
  ...{ organizationId: encodeId('org', randomUUID()), licenseId: 'lic_demo', licenseKey: 'LL-DEMO' },
  email: 'a<b&"c@demo.example',
};
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger({ guide: { managementUrl: 'http://127.0.0.1:8081', demo: () => demo } });
});
afterAll(() => ledger.stop());

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

const sent = (path: string, headers: Record<string, string>, method = 'GET'): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(new URL(path, ledger.baseUrl), { method, headers, agent: false })
      .on('response', resolve)
      .on('error', reject)
      .end();
  });

/** Sends a request with the given headers as they are, also Host. */
const get = async (path: string, headers: Record<string, string> = browser, method = 'GET') => {
  const response = await sent(path, headers, method);
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
};

describe('The address of the server', () => {
  test('opens a page in a browser, which runs no script and has every style in a file', async () => {
    const { status, headers, body } = await get('/');
    expect([status, headers['content-type'], headers.vary]).toEqual([200, 'text/html; charset=utf-8', 'Accept']);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers['cache-control']).toBe('no-store');
    expect(body).not.toMatch(/<script|style=|<style/);
    const links = [...body.matchAll(/href="(\/[^"#]*)/g)].map(([, link]) => String(link));
    expect(links).toEqual(expect.arrayContaining(['/docs', '/problems', '/openapi.json', '/style.css']));
    for (const link of links) expect((await get(link)).status, link).toBe(200);
  });

  test('tells programs where to read on, as JSON when they prefer it, and without the demo', async () => {
    for (const headers of [{}, { accept: '*/*' }, { accept: 'text/plain' }, { accept: 'image/png' }]) {
      const answer = await get('/', headers);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
      for (const link of ['/docs ', '/problems ', '/openapi.json ']) expect(answer.body).toContain(link);
      expect(answer.body).not.toContain(demo.licenseKey);
    }
    const json = await get('/', { accept: 'application/json' });
    expect(json.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', vary: 'Accept' });
    expect(JSON.parse(json.body)).toEqual({
      name: 'License Ledger',
      version: expect.any(String),
      links: { docs: '/docs', problems: '/problems', openapi: '/openapi.json' },
    });
    expect(await get('/', browser, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  test('shows the login of the demo and the metrics at the machine of the server', async () => {
    const { body } = await get('/');
    for (const part of [
      'a&#60;b&#38;&#34;c@demo.example',
      'demo.json',
      demo.licenseKey,
      'http://127.0.0.1:8081/metrics',
    ])
      expect(body).toContain(part);
    expect((await get('/docs/examples.json')).body).toContain(demo.licenseKey);
  });

  test.each([
    ['through a proxy', { 'x-forwarded-for': '203.0.113.7' }],
    ['through a proxy that names itself', { via: '1.1 proxy' }],
    ['under the name of another site', { host: 'attacker.example' }],
    ['under a name that only begins like ours', { host: 'localhost.attacker.example' }],
  ])('shows neither to a request %s', async (_, headers: Record<string, string>) => {
    const page = await get('/', { ...browser, ...headers });
    expect(page.status).toBe(200);
    for (const part of ['a&#60;b', 'demo.json', demo.licenseKey, '8081', String(headers.host)])
      expect(page.body).not.toContain(part);
    expect((await get('/docs/examples.json', headers)).body).toBe('{"values":{},"email":null}');
  });
});

describe('The page of the problems', () => {
  test('is searched by words of the code, the status and the text', async () => {
    const rows = async (search: string) =>
      [...(await get(`/problems?q=${encodeURIComponent(search)}`)).body.matchAll(/<tr[^>]*><td><code>(\w+)/g)].map(
        ([, code]) => code,
      );
    expect((await rows('')).length).toBeGreaterThan(50);
    expect(await rows('email taken')).toEqual(['EMAIL_TAKEN']);
    expect(await rows('403')).toEqual(['FORBIDDEN', 'PASSWORD_REQUIRED', 'SIGNUP_CLOSED']);
    expect(await rows('EMAIL_TAKEN 403')).toEqual([]);
    expect((await get('/problems?q=nosuchword')).body).toContain('Nothing contains these words.');
  });

  test('shows a search as text', async () => {
    const { body } = await get(`/problems?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
    expect(body).not.toContain('<script');
    expect(body).toContain('&#34;&#62;&#60;script&#62;');
  });

  test('leads to each code by its address', async () => {
    expect((await get('/problems')).body).toContain('<tr id="signup-closed">');
  });
});

describe('The description of the API', () => {
  test.each([
    ['br', (bytes: Buffer) => brotliDecompressSync(bytes)],
    ['gzip', (bytes: Buffer) => gunzipSync(bytes)],
  ])('is sent as %s to a client that accepts it', async (encoding, decompress) => {
    const plain = await fetchBytes('/openapi.json', { 'accept-encoding': 'identity' });
    const compressed = await fetchBytes('/openapi.json', { 'accept-encoding': encoding });
    expect(compressed.headers['content-encoding']).toBe(encoding);
    expect(compressed.bytes.length * 5).toBeLessThan(plain.bytes.length);
    expect(decompress(compressed.bytes).equals(plain.bytes)).toBe(true);
    expect(compressed.headers.etag).not.toBe(plain.headers.etag);
  });

  test('is not sent again to a client that has it', async () => {
    const headers = { 'accept-encoding': 'gzip, br;q=0' };
    const first = await fetchBytes('/openapi.json', headers);
    expect(first.headers).toMatchObject({
      'content-encoding': 'gzip',
      'cache-control': 'public, no-cache',
      vary: 'Accept-Encoding',
    });
    const etag = String(first.headers.etag);
    const again = await fetchBytes('/openapi.json', { ...headers, 'if-none-match': `"other", W/${etag}` });
    expect([again.status, again.bytes.length, again.headers.etag]).toEqual([304, 0, etag]);
    expect((await fetchBytes('/openapi.json', { ...headers, 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('keeps its policy when it is not sent again, because a browser takes the newest one', async () => {
    const first = await fetchBytes('/docs', {});
    const again = await fetchBytes('/docs', { 'if-none-match': String(first.headers.etag) });
    expect(again.status).toBe(304);
    expect(again.headers['content-security-policy']).toBe(first.headers['content-security-policy']);
    expect(first.headers['content-security-policy']).toContain("script-src 'self'");
  });
});

const fetchBytes = async (path: string, headers: Record<string, string>) => {
  const response = await sent(path, headers);
  return { status: response.statusCode, headers: response.headers, bytes: Buffer.concat(await response.toArray()) };
};
