import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { openFront } from '../../../src/api/front.ts';
import { createApp } from '../../../src/api/http/app.ts';
import { createExpressServer } from '../../../src/api/http/express-server.ts';
import { createMetrics } from '../../../src/api/monitoring/metrics.ts';
import type { Ledger } from '../../support/ledger.ts';
import { sendRaw } from '../../support/raw-http.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});

describe('A client that sends slowly', () => {
  test('has fifteen seconds for its headers and thirty seconds for its request', () => {
    const { server } = createExpressServer();
    expect([server.headersTimeout, server.requestTimeout, server.maxRequestsPerSocket]).toEqual([
      15_000, 30_000, 1_000,
    ]);
    expect(server.keepAliveTimeout).toBe(65_000);
  });

  test.each([
    ['its headers', 'POST /slow HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'its body',
      'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"a":',
    ],
  ])('gets a 408 and is cut off when %s take too long', async (_name, bytes) => {
    const server = createApp(
      {
        authenticate: { apiKey: async () => null, user: async () => null },
        waitUntilProjected: async () => true,
        log: { answered: () => undefined, failed: () => undefined },
        metrics: createMetrics(),
        front: openFront,
        stopping: new AbortController().signal,
        patience: { headersMs: 100, requestMs: 200, lookMs: 20 },
      },
      ledger.routes.filter(({ operationId }) => operationId === 'validateLicense'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const text = await sendRaw(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      bytes.replace('/slow', '/v1/licenses/validate'),
    );
    expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(text).toContain('The request did not arrive in time.');
    server.close();
  });
});
