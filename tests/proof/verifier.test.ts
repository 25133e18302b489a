import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error The build is plain JavaScript without types.
import { bundleVerifier } from '../../build/verifier.js';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { runCommand } from '../../src/verifier/command.ts';
import { importsOf } from '../imports/check.ts';
import { exampleHistory, logKey, packOf } from '../packs/pack-in-memory.ts';
import { findChromium, openBrowser } from '../support/browser.ts';
import { testKey } from './keys.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'ledger-verifier-'));
const file = path.join(folder, 'ledger-verify.mjs');
beforeAll(() => bundleVerifier(process.cwd(), file));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const vector = (name: string) => path.resolve('tests/proof/vectors', name);
const keys = ['--key', vector('log.vkey')];
const inclusion = ['inclusion', vector('event.tlog-proof'), vector('event.json')];
const consistency = ['consistency', vector('older.checkpoint'), vector('newer.consistency')];

const run = (args: readonly string[], program = file, options: readonly string[] = []) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, program, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const binary = path.join(folder, 'binary');
writeFileSync(binary, Uint8Array.of(0xff, 0xfe));
const runHere = (args: readonly string[]) => runCommand(args, readFileSync);
const write = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

describe('ledger-verify.mjs', () => {
  test('is one file without dependencies, and the same sources give the same bytes', async () => {
    const again = path.join(folder, 'again.mjs');
    await bundleVerifier(process.cwd(), again);
    const text = readFileSync(file, 'utf8');
    expect(readFileSync(again, 'utf8')).toBe(text);
    expect([...new Set(importsOf(text))].sort()).toEqual(['node:fs', 'node:url']);
    expect(text).not.toMatch(/^import /m);
  });

  test('says what it proved of an event in its stored form, and what no proof can say', () => {
    const { status, stdout, stderr } = run([...inclusion, ...keys, '--witness', vector('witness.vkey')]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`Proved:
- The log ledger.example/org_example signed a checkpoint of 13 events with the key ${keyId()}.
- The witness witness.example signed that it saw this checkpoint at 1767225600 seconds after 1970, as the largest one.
- The log contains the event evt_1d4hemeywq7g49bby0k2t6ermp (2d245d47-7b97-3c08-95af-c098b4676296) as number 4, counted from 0.
- Its leaf names revision 1 of the stream license-lic_1d4hemeywq7g49bby0k2t6ermp, and the time 2026-01-01T00:04:00.000Z.
- Type, data and metadata of the event are those that the log contains by their hash.

Not proved:
- The time, and that what the event says is true: both are what the ledger claims.
- That no other event of this log has the same revision of the stream: a reader of all leaves sees that.
- Events after the first 13: a newer checkpoint covers them.
- What was never recorded: no log can prove that.
- That customers who do not demand the same witness see the same log: compare your checkpoint with theirs.
`);
  });

  test('says of a leaf that it has no content, and without a witness that others may see another log', () => {
    const { exitCode, output } = runHere(['inclusion', vector('event.tlog-proof'), vector('leaf.json'), ...keys]);
    expect(exitCode).toBe(0);
    expect(output).not.toContain('Type, data and metadata');
    expect(output).toContain('- The content of the event: the leaf has only its hash.');
    expect(output).toContain('- That others see the same log: compare your checkpoint with theirs, or name a witness.');
  });

  test('proves that a log only grew, with the key as text', () => {
    const { exitCode, output } = runHere([...consistency, '--key', readFileSync(vector('log.vkey'), 'utf8').trim()]);
    expect(exitCode).toBe(0);
    expect(output).toContain('The first 6 events of the newer checkpoint are those of the older one');
  });

  test('runs behind a link, too', () => {
    const link = path.join(folder, 'link.mjs');
    symlinkSync(file, link);
    expect(run([...consistency, ...keys], link).stdout).toContain('Proved:');
    expect(run([...consistency, ...keys], link, ['--preserve-symlinks-main']).stdout).toContain('Proved:');
  });

  test('ends with 3 for a wrong proof, and names what is wrong', () => {
    const changed = readFileSync(vector('event.json'), 'utf8').replace('"number": 4', '"number": 5');
    const { status, stdout, stderr } = run([
      'inclusion',
      vector('event.tlog-proof'),
      write('e.json', changed),
      ...keys,
    ]);
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toBe('Not proved. The content of the event does not have the hash that its metadata names.\n');
    expect(runHere(['inclusion', binary, vector('event.json'), ...keys]).exitCode).toBe(3);
  });

  test('ends with 1 for a file that it cannot read, and with 6 for an empty one', () => {
    expect(runHere(['inclusion', 'no-file', vector('event.json'), ...keys])).toEqual({
      exitCode: 1,
      output: expect.stringContaining('Cannot read no-file: ENOENT'),
    });
    const empty = write('empty', '');
    expect(runHere(['inclusion', empty, vector('event.json'), ...keys])).toEqual({
      exitCode: 6,
      output: `${empty} is empty: there is nothing to check.\n`,
    });
  });

  test.each([
    ['nothing', []],
    ['no key', inclusion],
    ['an unknown check', ['magic', ...inclusion.slice(1), ...keys]],
    ['one file', [...inclusion.slice(0, 2), ...keys]],
    ['an unknown option', [...inclusion, ...keys, '--quiet']],
    ['an option without a value', [...inclusion, '--key']],
    ['a malformed key', [...inclusion, '--key', 'a+00000000+AAAA']],
    ['a file of keys that is no text', [...inclusion, '--key', binary]],
    ['the key of a witness as that of the log', [...inclusion, '--key', vector('witness.vkey')]],
  ])('ends with 2 for %s', (_, args) => {
    const { exitCode, output } = runHere(args);
    expect(exitCode).toBe(2);
    expect(output).not.toBe('');
  });

  test.each([
    ['a check', ['magic', ...keys], 'There is no check magic. The checks are inclusion, consistency, log and pack.'],
    ['a file', [...inclusion.slice(0, 2), ...keys], 'inclusion needs two files: the proof, and the event or its leaf.'],
    ['a key', inclusion, '--key is missing. Give the key of the log, from its operator and not from the proof.'],
    ['a known option', [...inclusion, ...keys, '--quiet'], 'The option --quiet is unknown.'],
    ['the value of an option', [...inclusion, '--key'], 'The option --key has no value.'],
  ])('names what is missing: %s', (_, args, sentence) => {
    expect(runHere(args).output).toBe(`${sentence} The option --help shows how to call it.\n`);
  });

  test('says which keys signed when none of them is known, as after a rotation', () => {
    const other = testKey('ledger.example/org_example/2');
    const { exitCode, output } = runHere([...inclusion, '--key', formatVerifierKey(other.verifier)]);
    expect(exitCode).toBe(3);
    expect(output).toMatch(/^Not proved\. No known key signed the note\. /);
    expect(output).toContain(`It has signatures of ${keyId()} of ledger.example/org_example, `);
    expect(output).toContain(`Known: ${other.verifier.keyId} of ledger.example/org_example/2.`);
  });

  test('says of an event in another form which file to take', () => {
    const ofFeed = write('feed.json', JSON.stringify({ specversion: '1.0', id: 'evt_1', data: {} }));
    const { exitCode, output } = runHere(['inclusion', vector('event.tlog-proof'), ofFeed, ...keys]);
    expect([exitCode, output]).toEqual([3, expect.stringContaining('`event` of its line in events.ndjson')]);
  });

  test.each([[['--help']], [['inclusion', '--help']], [['pack', '--help']]])('prints its usage with %j', (args) => {
    expect(run(args)).toEqual({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('inclusion <proof.tlog-proof>'),
    });
  });
});

test('It checks a pack in parts, without the product', async () => {
  const { bytes } = await packOf(exampleHistory().log);
  const pack = path.join(folder, 'pack.zip');
  writeFileSync(pack, bytes);
  const { status, stdout } = run(['pack', pack, '--key', formatVerifierKey(logKey.verifier)]);
  expect([status, stdout]).toEqual([0, expect.stringContaining('The histories are complete')]);
});

const keyId = (): string => readFileSync(vector('log.vkey'), 'utf8').split('+')[1] ?? '';
const chromium = findChromium();

test.runIf(chromium !== null)(
  'A page of plain http, which has no crypto.subtle, checks a proof with the same file',
  async () => {
    const browser = await openBrowser(chromium ?? '');
    try {
      const page = await browser.newPage();
      const texts = ['event.tlog-proof', 'event.json', 'log.vkey'].map((name) => readFileSync(vector(name), 'utf8'));
      await page.route('http://ledger.example/**', (route) =>
        route.request().url().endsWith('.mjs')
          ? route.fulfill({ contentType: 'text/javascript', body: readFileSync(file, 'utf8') })
          : route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>A proof</title>' }),
      );
      await page.goto('http://ledger.example/');
      expect(await page.evaluate('typeof crypto.subtle')).toBe('undefined');
      const { bytes } = await packOf(exampleHistory().log);
      const pack = [Buffer.from(bytes).toString('base64'), formatVerifierKey(logKey.verifier)];
      const checkPack = `(async ([pack, vkey]) => {
      const { checks } = await import('/ledger-verify.mjs');
      const bytes = Uint8Array.from(atob(pack), (character) => character.charCodeAt(0));
      const trust = { logs: [checks.parseVerifierKey(vkey)], witnesses: [] };
      return (await checks.verifyPack(checks.sourceOfBytes(bytes), trust)).proved.length;
    })(${JSON.stringify(pack)})`;
      expect(await page.evaluate(checkPack)).toBe(7);
      const check = `(async (texts) => {
      const { checks } = await import('/ledger-verify.mjs');
      const [proof, event, vkey] = texts;
      const keys = { logs: [checks.parseVerifierKey(vkey.trim())], witnesses: [] };
      const changed = event.replace('"number": 4', '"number": 5');
      const refusal = (() => { try { checks.reportOnInclusion(proof, changed, keys); } catch (error) { return error.message; } })();
      return [checks.reportOnInclusion(proof, event, keys).proved.length, refusal];
    })(${JSON.stringify(texts)})`;
      expect(await page.evaluate(check)).toEqual([
        4,
        'The content of the event does not have the hash that its metadata names.',
      ]);
    } finally {
      await browser.close();
    }
  },
);
