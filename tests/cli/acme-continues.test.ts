import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { copyStackData } from '../support/prepared.ts';
import { condition, type DemoFile, startProduct } from '../support/product.ts';
import { temporaryDirectory } from '../support/temporary.ts';

type AcmeDemo = DemoFile & { readonly acme: { readonly organizationId: string; readonly isComplete: boolean } };
type Event = { readonly type: string; readonly recordedtime: string };

test('A server that is killed in the middle of Acme Tools completes it at its next start, and no sweep comes between', async () => {
  const dataDir = await temporaryDirectory();
  await copyStackData(dataDir);
  const file = path.join(dataDir, 'demo.json');
  const read = async () => JSON.parse(await readFile(file, 'utf8')) as AcmeDemo;
  const begun = Date.now();
  const env = { LEDGER_DATA_DIR: dataDir, EXPIRY_SWEEP_SECONDS: '1' };
  const port = await freePort();
  const first = await startProduct({ ...env, LEDGER_DEMO: 'full', MANAGEMENT_PORT: `${port}` });
  onTestFinished(() => void first.process.kill('SIGKILL'));
  // The lag is the age of the last event, so it tells which day of the story has come.
  const daysLeft = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(/^ledger_projection_lag_seconds (\S+)/m.exec(metrics)?.[1]) / 86_400;
  };
  const isInMiddle = async () => {
    const days = await daysLeft();
    return days > 1 && days < 600;
  };
  await condition('the story is in its middle', isInMiddle, 120_000);
  first.process.kill('SIGKILL');
  await first.ended;
  expect((await read()).acme.isComplete).toBe(false);

  const second = await startProduct({ ...env, LEDGER_DEMO: 'none' });
  onTestFinished(() => void second.process.kill('SIGKILL'));
  await condition('Acme Tools is complete', async () => (await read()).acme.isComplete, 120_000);
  const completed = (await stat(file)).mtimeMs;
  const { baseUrl, email, password, acme } = await read();
  const { organizationId } = acme;
  const login = await fetch(`${baseUrl}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password, organizationId }),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const authorization = `Bearer ${accessToken}`;
  const feed = await fetch(`${baseUrl}/v1/events?order=desc&limit=1000`, { headers: { authorization } });
  const { data } = (await feed.json()) as { data: readonly Event[] };
  expect(data.length).toBeGreaterThan(100);
  const recorded = data.map(({ recordedtime }) => Date.parse(recordedtime));
  expect(recorded.filter((at) => at >= begun && at < completed)).toEqual([]);
  expect(second.output()).not.toContain('refused');
}, 180_000);
