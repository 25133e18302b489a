import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error The build is plain JavaScript without types.
import { bundleVerifier } from '../../build/verifier.js';
import { type Leaf, leafBytes } from '../../src/proof/leaf.ts';
import { formatBundle, parseBundle } from '../../src/proof/tree/entry-bundles.ts';
import { addLeaves, filesOfLog, type SignedTree, signTree } from '../support/issuer-trees.ts';
import type { Ledger, TestOrganization } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';
import { testKey } from './keys.ts';

// The real API serves a log of two full tiles and a partial one. A proxy in front of it changes answers.

/** Returns the bytes that the proxy answers in place of those of the API, for a file of the log. */
type Lie = (file: string, bytes: Uint8Array) => Uint8Array | undefined;

const folder = mkdtempSync(path.join(tmpdir(), 'ledger-lies-'));
const program = path.join(folder, 'ledger-verify.mjs');
let ledger: Ledger;
let issuer: TestOrganization;
let older: SignedTree;
let newer: SignedTree;
let proxy: Server;
let lie: Lie = (_, bytes) => bytes;
/** How often the proxy still closes the connection within the body of a tile. */
let lostBodies = 0;
const queries: string[] = [];
let url: string;

beforeAll(async () => {
  const [started] = await Promise.all([shareLedger(), bundleVerifier(process.cwd(), program)]);
  ledger = started;
  issuer = await ledger.createVendor('Lying');
  const { superuser } = ledger.database;
  await addLeaves(superuser, issuer.organizationId, 600);
  older = await signTree(superuser, issuer.organizationId, { size: 300 });
  newer = await signTree(superuser, issuer.organizationId);
  proxy = createServer(async (request, response) => {
    const answer = await fetch(`${ledger.baseUrl}${request.url}`, {
      headers: { authorization: request.headers.authorization ?? '' },
    });
    const [file = '', query = ''] = request.url?.split(`${issuer.organizationId}/`)[1]?.split('?') ?? [];
    queries.push(query);
    const bytes = lie(file, new Uint8Array(await answer.arrayBuffer()));
    if (lostBodies > 0 && bytes !== undefined && file.startsWith('tile/')) {
      lostBodies -= 1;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 10), () => request.socket.destroy());
      return;
    }
    response.writeHead(bytes === undefined ? 404 : answer.status).end(bytes);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/v1/logs/${issuer.organizationId}`;
  writeFileSync(path.join(folder, 'token'), `${issuer.apiKey}\n`);
  writeFileSync(path.join(folder, 'older.checkpoint'), older.note);
  writeFileSync(path.join(folder, 'log.vkey'), `${older.vkey}\n`);
}, 60_000);
afterAll(async () => {
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  rmSync(folder, { recursive: true, force: true });
  await ledger.stop();
});

/** Runs the published verifier, which trusts the key and has the older checkpoint. */
const verify = (place: string, options: readonly string[] = ['--older', 'older.checkpoint', '--token', 'token']) =>
  new Promise<{ readonly exitCode: number; readonly output: string }>((resolve) => {
    const args = [program, 'log', place, '--key', 'log.vkey', ...options];
    execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) =>
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
    );
  });

/** Reads the log from the proxy with the code of the published file. Returns why it is not proved, or null. */
const refusalOf = async (lying: Lie): Promise<string | null> => {
  lie = lying;
  const { checks } = await import(/* @vite-ignore */ program);
  const readFile = async (file: string) => {
    const answer = await fetch(`${url}/${file}`, { headers: { authorization: `Bearer ${issuer.apiKey}` } });
    return new Uint8Array(await answer.arrayBuffer());
  };
  const keys = { logs: [checks.parseVerifierKey(older.vkey)], witnesses: [] };
  return checks.reportOnLog(readFile, { keys, older: older.note }).then(
    () => null,
    ({ message }: Error) => message,
  );
};

/** Returns the lie of an operator with the key, who signs another log. */
const signing = (leaves: readonly Leaf[], key = testKey(newer.origin)): Lie => {
  const files = filesOfLog(leaves, key);
  return (file) => files.get(file);
};
const swapped = <Item>(items: readonly Item[], at: number): readonly Item[] =>
  items.toSpliced(at, 2, items[at + 1] as Item, items[at] as Item);
const entriesOf = (
  file: string,
  bytes: Uint8Array,
  change: (entries: readonly Uint8Array[]) => readonly Uint8Array[],
) => (file === 'tile/entries/000' ? formatBundle(change(parseBundle(bytes, 256))) : bytes);
const changed = (leaf: Leaf): Leaf => ({
  ...leaf,
  hash: leaf.hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
});

test('An honest server is proved, as a server and as saved files', async () => {
  const proved = await verify(url);
  expect(proved.output).toBe(`Proved:
- The log ${newer.origin} signed a checkpoint of ${newer.size} events with the key ${newer.vkey.split('+')[1]}.
- The checkpoint is of exactly the ${newer.size} leaves that the log shows, and all tiles are those of these leaves.
- The first 300 leaves of ${newer.origin} are those of the older checkpoint, in the same order.
- Each of the 601 streams has every revision once, from 0 on.

Not proved:
- The content of any event: this needs the event in its stored form.
- Events after the first ${newer.size}: a newer checkpoint covers them.
- What was never recorded: no log can prove that.
- That others see the same log: compare your checkpoint with theirs, or name a witness.
`);
  for (const [file, bytes] of filesOfLog(newer.leaves, testKey(newer.origin))) {
    mkdirSync(path.dirname(path.join(folder, 'saved', file)), { recursive: true });
    writeFileSync(path.join(folder, 'saved', file), bytes);
  }
  const saved = await verify('saved', []);
  expect([saved.exitCode, saved.output.includes('give a checkpoint that you have as --older')]).toEqual([0, true]);
  lie = () => undefined;
  expect(await verify(url)).toMatchObject({ exitCode: 1, output: expect.stringContaining('answered 404') });
  // Nobody with this token may read the log, and the server says so.
  lie = (_, bytes) => bytes;
  const unauthorized = await verify(url, []);
  expect(unauthorized.output).toMatch(/answered 4\d\d: [A-Z]/);
});

test('A connection that is lost within a tile is made again, and tiles are of the origin of the checkpoint', async () => {
  [lie, lostBodies, queries.length] = [(_, bytes) => bytes, 1, 0];
  expect((await verify(url)).exitCode).toBe(0);
  expect(lostBodies).toBe(0);
  expect(new Set(queries)).toEqual(new Set(['', `origin=${encodeURIComponent(newer.origin)}`]));
});

test('A token goes to no plain address, and one with a line break is not shown', async () => {
  const options = ['--token', 'two-tokens'];
  writeFileSync(path.join(folder, 'two-tokens'), 'secret-one\nsecret-two\n');
  const two = await verify(url, options);
  expect([two.exitCode, two.output.includes('secret')]).toEqual([2, false]);
  expect(await verify('http://ledger.example/v1/logs/org_1', ['--token', 'token'])).toMatchObject({
    exitCode: 2,
    output: expect.stringContaining('https'),
  });
});

describe('The verifier catches a server that', () => {
  const lies: Readonly<Record<string, readonly [lie: () => Lie, sentence: string]>> = {
    'cuts the end of the log': [() => signing(newer.leaves.slice(0, 290)), 'the end is cut off'],
    'shows an old checkpoint': [
      () => {
        const old = filesOfLog(newer.leaves.slice(0, 100), testKey(newer.origin));
        return (file, bytes) => (file === 'checkpoint' ? old.get(file) : bytes);
      },
      'the older checkpoint has 300',
    ],
    'signs another root': [
      () => {
        const other = filesOfLog(swapped(newer.leaves, 500), testKey(newer.origin));
        return (file, bytes) => (file === 'checkpoint' ? other.get(file) : bytes);
      },
      'The leaves do not lead to the root',
    ],
    'forks the log for another customer': [
      () => signing(newer.leaves.map((leaf, at) => (at === 250 ? changed(leaf) : leaf))),
      'The first 300 leaves do not lead to the root of the older checkpoint',
    ],
    'changes an event': [
      () => (file, bytes) =>
        entriesOf(file, bytes, (entries) => [leafBytes(changed(newer.leaves[0] as Leaf)), ...entries.slice(1)]),
      'tile/0/000 does not have the hashes',
    ],
    'swaps two leaves and signs again': [
      () => signing(swapped(newer.leaves, 120)),
      'The first 300 leaves do not lead to the root',
    ],
    'drops an entry': [
      () => (file, bytes) => entriesOf(file, bytes, (entries) => entries.slice(1)),
      'The bundle has 255 entries',
    ],
    'changes a tile': [
      () => (file, bytes) => (file === 'tile/0/001' ? bytes.with(77, 255 - (bytes[77] ?? 0)) : bytes),
      'tile/0/001 does not have the hashes',
    ],
    'signs with another key': [
      () => signing(newer.leaves, { ...testKey('another.example'), verifier: testKey(newer.origin).verifier }),
      'The signature of',
    ],
    'puts leaves in another order': [
      () => (file, bytes) => entriesOf(file, bytes, (entries) => swapped(entries, 40)),
      'tile/0/000 does not have the hashes',
    ],
    'shows an event twice': [
      () => signing([...newer.leaves, ...newer.leaves.slice(-1)]),
      'and the next one of this stream is 1',
    ],
    'shows the log of another name': [
      () => signing(newer.leaves, testKey('ledger.example/org_other')),
      'No known key signed',
    ],
  };

  test.each(Object.entries(lies))('%s', async (_, [lying, sentence]) => {
    expect(await refusalOf(lying())).toContain(sentence);
  });
});
