import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request } from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServeFile } from '../../../src/api/http/app.ts';
import { createRespond } from '../../../src/api/http/respond.ts';
import { serveDocsPage } from '../../../src/api/openapi/docs-page.ts';
import { findChromium, openBrowser } from '../../support/browser.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const executable = findChromium();

test('Every file of the page comes from this server, and its policy forbids other servers', async () => {
  const { text, headers } = await ledger.call('GET', '/docs');
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/^default-src 'none'; script-src 'self';/);
  expect(policy.split('; ')).toContain("connect-src 'self'");
  expect(policy).not.toMatch(/\*|https?:/);
  const references = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference]) => String(reference));
  expect(references.length).toBeGreaterThan(3);
  for (const reference of references) {
    expect(reference).toMatch(/^\/docs\//);
    expect((await ledger.call('GET', reference)).status).toBe(200);
  }
});

test('An installation without the files of the page says which package has them', async () => {
  const answers = new Map<string, Parameters<ServeFile>[1]>();
  const serve: ServeFile = (path, answer) => void answers.set(path, answer);
  serveDocsPage(serve, createRespond([]), null, null);
  expect([...answers.keys()]).toEqual(['/docs']);
  const server = createServer((request, response) => answers.get(String(request.url))?.(response, request as Request));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/docs`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Install the package @fastify/swagger-ui to get it');
  } finally {
    server.close();
  }
});

// On a busy machine a browser takes its time to start.
describe.runIf(executable !== null)('In a browser', { timeout: 120_000 }, () => {
  test('the page shows every operation without a request to another server', async () => {
    const browser = await openBrowser(executable ?? '');
    try {
      const page = await browser.newPage();
      const asked: string[] = [];
      const faults: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      page.on('pageerror', (error) => faults.push(error.message));
      await page.goto(`${ledger.baseUrl}/docs`);
      await page.locator('.opblock').first().waitFor();
      const operations = ledger.routes.length;
      expect(await page.locator('.opblock').count()).toBe(operations);
      await page.locator('.opblock-summary').first().click();
      await page.locator('.opblock-body').first().waitFor();
      expect(faults).toEqual([]);
      expect(asked.length).toBeGreaterThan(4);
      expect(asked.filter((url) => !url.startsWith(`${ledger.baseUrl}/`) && !url.startsWith('data:'))).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
