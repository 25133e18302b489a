import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validationCodes } from '../../src/domain/license/validate.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';

// The examples are run as a reader of them would, from the command line, against the real server.
const folder = mkdtempSync(join(tmpdir(), 'ledger-examples-'));
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(async () => {
  await ledger.stop();
  rmSync(folder, { recursive: true, force: true });
});

const languages = [
  ['TypeScript', ['node', '--import', 'tsx'], (name: string) => `examples/typescript/${name}.ts`],
  ['Python', ['python3'], (name: string) => `examples/python/${name.replaceAll('-', '_')}.py`],
  ['Bash', ['bash'], (name: string) => `examples/bash/${name}.sh`],
] as const;

type Ended = { readonly code: number | null; readonly output: string; readonly errors: string };

describe.each(languages)('in %s', (language, command, file) => {
  const run = (name: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const [program = '', ...before] = command;
      const child = spawn(program, [...before, file(name)], {
        env: { ...process.env, LEDGER_URL: ledger.baseUrl, PYTHONDONTWRITEBYTECODE: '1', ...env },
      });
      const text = { output: '', errors: '' };
      child.stdout.on('data', (chunk) => (text.output += chunk));
      child.stderr.on('data', (chunk) => (text.errors += chunk));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, ...text }));
    });

  test('every code of a validation has its reaction', async () => {
    const { code, output } = await run('codes');
    expect(code).toBe(0);
    const table = output
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(table.map(([name]) => name).sort()).toEqual([...validationCodes].sort());
    const running = table.filter(([, runs]) => runs === 'run').map(([name]) => name);
    expect(running.sort()).toEqual(['VALID', 'VALID_IN_GRACE', 'VALID_OVERAGE']);
    for (const [name, , say] of table) expect([name, (say ?? '') !== '']).toEqual([name, name !== 'VALID']);
  });

  test('a license goes through its life', async () => {
    const ended = await run('license-life', { API_KEY: ledger.a.apiKey });
    expect(ended).toMatchObject({ code: 0, errors: '' });
    expect(ended.output.trimEnd().toLowerCase().split('\n')).toEqual([
      'issued: active',
      'validated before activation: not_activated',
      'activated: true',
      'validated: valid',
      'a second device: activation_limit_exceeded',
      'swapped: true',
      'the first device now: not_activated',
      'the second device now: valid',
      'suspended: suspended',
      'reinstated: valid',
      'renewed, term: 2',
      'revoked: revoked',
    ]);
  });

  test('a device is activated once, refused where all activations are in use, and put in the place of another', async () => {
    const { licenseKey } = await ledger.issue({ limits: { activations: 1 } });
    const activate = (device: string, more: Record<string, string> = {}) =>
      run('activate', { LICENSE_KEY: licenseKey, FINGERPRINT: device, ...more });
    const first = await activate('one');
    expect([first.code, first.output]).toEqual([
      0,
      expect.stringMatching(/^Activated: act_\w{26}, 1 of 1 in use\.\n$/),
    ]);
    const again = await activate('one');
    expect([again.code, again.output]).toEqual([0, first.output.replace('Activated', 'Was activated already')]);
    const activationId = /act_\w{26}/.exec(first.output)?.[0] ?? '';
    const second = await activate('two');
    expect([second.code, second.errors]).toEqual([5, expect.stringContaining('ACTIVATION_LIMIT_EXCEEDED')]);
    expect(second.errors).toContain(activationId);
    expect((await activate('two', { SWAP: activationId })).code).toBe(0);
    expect((await activate('one')).code).toBe(5);
    expect(await activate('one', { LICENSE_KEY: 'LL-MISTYPED' })).toMatchObject({ code: 3 });
  });

  test('the license is validated at start-up, and the last answer is good for a while without the server', async () => {
    const { licenseId, licenseKey } = await ledger.issue();
    const cache = join(folder, `${language}.json`);
    const validate = (more: Record<string, string> = {}) =>
      run('validate-at-startup', { LICENSE_KEY: licenseKey, FINGERPRINT: 'a device', LICENSE_CACHE: cache, ...more });
    expect(await validate()).toMatchObject({ code: 3, output: expect.stringMatching(/^NOT_ACTIVATED: /) });
    const nobody = { LEDGER_URL: 'http://127.0.0.1:9' };
    expect(await validate(nobody)).toMatchObject({ code: 1 });
    await run('activate', { LICENSE_KEY: licenseKey, FINGERPRINT: 'a device' });
    expect(await validate()).toMatchObject({ code: 0, output: 'VALID\n' });
    expect(await validate(nobody)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^Nobody answers.*\nVALID\n$/),
    });
    await ledger.call('POST', `/v1/licenses/${licenseId}/suspend`, {
      key: ledger.a.apiKey,
      body: { reason: { code: 'FRAUD' } },
    });
    expect(await validate()).toMatchObject({ code: 3, output: expect.stringMatching(/^SUSPENDED: /) });
    const expiring = await ledger.issue({ term: { duration: 'PT1H' } });
    ledger.clock.aheadMs = 2 * 3_600_000;
    try {
      expect(await validate({ LICENSE_KEY: expiring.licenseKey })).toMatchObject({ code: 4 });
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });

  test('a user signs in once, and expired tokens are renewed', async () => {
    const email = `${language.toLowerCase()}@example.com`;
    const password = 'correct horse battery';
    const signup = { email, password, organizationName: `${language} Ltd` };
    expect((await ledger.call('POST', '/v1/auth/signup', { body: signup })).status).toBe(201);
    const tokens = join(folder, `${language}.tokens`);
    const me = (given = password) => run('refresh-tokens', { EMAIL: email, PASSWORD: given, TOKEN_FILE: tokens });
    const signedIn = { code: 0, output: `Signed in as ${email}.\n` };
    expect(await me()).toMatchObject(signedIn);
    const first = readFileSync(tokens, 'utf8');
    expect(await me('not needed any more')).toMatchObject(signedIn);
    expect(readFileSync(tokens, 'utf8')).toBe(first);
    ledger.clock.aheadMs = 2 * 3_600_000;
    try {
      expect(await me('not needed any more')).toMatchObject(signedIn);
      expect(readFileSync(tokens, 'utf8')).not.toBe(first);
      ledger.clock.aheadMs = 30 * 86_400_000;
      expect(await me()).toMatchObject(signedIn);
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });
});
