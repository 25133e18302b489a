import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashOf, linkToChain } from '../../src/eventstore/chain/chain.ts';
import { type ConnectedStore, connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { twinHash } from '../support/broken-chain.ts';
import { copyProductData } from '../support/prepared.ts';
import { type Product, startProduct } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';
import { outputPattern } from '../support/shown-output.ts';

let env: { LEDGER_DATA_DIR: string; LOG_LEVEL: string };
let product: Product;
let store: ConnectedStore;
let stream: string;
beforeAll(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-repair-'));
  await copyProductData(dataDir);
  env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
  product = await startProduct(env);
  const runtime: { eventStoreUrl: string } = JSON.parse(await readFile(path.join(dataDir, 'runtime.json'), 'utf8'));
  store = connectEventStore({ url: runtime.eventStoreUrl });
  stream = `license-${product.demo.licenseId}`;
});
afterAll(async () => {
  await store.close();
  product.process.kill('SIGTERM');
  await product.ended;
  await rm(env.LEDGER_DATA_DIR, { recursive: true });
});

const post = async (what: string, body: object) => {
  const { baseUrl, apiKey, licenseId } = product.demo;
  const response = await fetch(new URL(`/v1/licenses/${licenseId}/${what}`, baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(body),
  });
  return response.status;
};

/** Breaks the chain: appends an event with a wrong link, like a process of an early release. */
const breakChain = async () => {
  const { events } = await store.read(stream);
  const last = events.at(-1);
  if (last === undefined) throw new Error('The license has no event.');
  const nextRevision = last.revision + 1n;
  const { prevHash: _, hash: __, ...metadata } = last.metadata;
  const event = {
    id: crypto.randomUUID(),
    type: 'LicenseSuspended',
    metadata,
    data: { reasonCode: 'ADMIN', until: null },
  };
  const end = { stream, nextRevision, hash: twinHash(stream, nextRevision) };
  await store.append(stream, linkToChain([event], end), last.revision, { timeoutMs: 10_000 });
  return { revision: nextRevision, expected: hashOf(last), actual: twinHash(stream, nextRevision) };
};

test('A broken chain is reported, an operator repairs it, and the license accepts commands again', {
  timeout: 120_000,
}, async () => {
  expect(await runCommand(['repair-chain'], env)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^The hash chains of \d+ streams are whole\. There is nothing to repair\.$/m),
  });
  const { revision, expected, actual } = await breakChain();
  expect(await post('reinstate', {})).toBe(500);
  const damaged = await runCommand(['verify'], env);
  expect(damaged).toMatchObject({
    code: 3,
    output: expect.stringContaining(`CHAIN_BROKEN at stream ${stream}, revision ${revision},`),
  });
  expect(damaged.output).toMatch(outputPattern('docs/operations.md', 'ledger verify'));

  const printed = await runCommand(['repair-chain'], env);
  expect(printed.code).toBe(3);
  expect(printed.output).toContain(
    `${stream}: the event at revision ${revision} links to ${actual}; its previous event is ${expected}.`,
  );
  expect(printed.output).toMatch(
    /1 of \d+ streams have a broken hash chain; 1 of them can be repaired\. Nothing was changed\./,
  );
  expect((await store.read(stream)).revision).toBe(revision);

  const applied = await runCommand(
    ['repair-chain', '--stream', stream, '--apply', '--operator', 'ops-7', '--reason', 'TWO_WRITERS'],
    env,
  );
  expect(applied).toMatchObject({
    code: 0,
    output: expect.stringContaining(`${stream}: REPAIRED, 1 event was appended.`),
  });
  expect(applied.output).toMatch(
    outputPattern('docs/operations.md', 'ledger repair-chain --apply --operator ops-7 --reason TWO_WRITERS'),
  );
  expect((await store.read(stream, revision + 1n)).events).toMatchObject([
    { type: 'ChainRepaired', data: { revision: Number(revision), expected, found: actual, operator: 'ops-7' } },
  ]);
  expect(await post('reinstate', {})).toBe(200);
  const verified = await runCommand(['verify', '--json'], env);
  expect(verified.code).toBe(0);
  expect(JSON.parse(verified.output)).toMatchObject({
    intact: true,
    damaged: 0,
    repaired: 1,
    findings: [{ code: 'CHAIN_REPAIRED', stream }],
  });
});

test('A repair without an operator’s id or a reason is refused before it reads anything', async () => {
  const options = [
    [[], '--apply needs --operator'],
    [
      ['--operator', 'jane@example.com', '--reason', 'TWO_WRITERS'],
      '--operator jane@example.com is not an operator id',
    ],
    [['--operator', 'ops-7'], '--apply needs --reason'],
    [['--operator', 'ops-7', '--reason', 'because I say so'], '--reason because I say so is not a reason code'],
  ] as const;
  for (const [args, output] of options)
    expect(await runCommand(['repair-chain', '--apply', ...args], env)).toMatchObject({
      code: 2,
      output: expect.stringContaining(output),
    });
});
