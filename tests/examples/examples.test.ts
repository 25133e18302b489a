import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validationCodes } from '../../src/domain/license/validation/validation-codes.ts';
import { compiled } from '../support/compiled.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { refusal, type Scripted, withScripted } from '../support/scripted-api.ts';
import { sized } from '../support/size.ts';

// The tests run the examples from the command line, against the real server.
const folder = mkdtempSync(join(tmpdir(), 'ledger-examples-'));
let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(async () => {
  await ledger.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The interpreter itself: what a version manager puts in its place takes six times as long to start. */
const pythonProgram = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).stdout?.trim();

const languages = [
  ['TypeScript', 'node', (name: string) => compiled(`examples/typescript/${name}.ts`)],
  ['Python', pythonProgram || 'python3', (name: string) => `examples/python/${name.replaceAll('-', '_')}.py`],
  ['Bash', 'bash', (name: string) => `examples/bash/${name}.sh`],
] as const;

// A developer without one of these programs gets a line that says what was left out.
const needs = { TypeScript: [], Python: ['python3'], Bash: ['bash', 'curl'] };
const present = languages.filter(([language]) => {
  const missing = needs[language].filter((program) => spawnSync(program, ['--version']).status !== 0);
  if (missing.length > 0)
    console.log(`The examples in ${language} were not tried: there is no ${missing.join(', ')} here.`);
  return missing.length === 0;
});

/** The answer of a network that requires a sign-in. */
const portal = { status: 200, body: '<html>Please sign in to this network</html>' };

type Ended = { readonly code: number | null; readonly output: string; readonly errors: string };

const execute = (
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, LEDGER_URL: ledger.baseUrl, PYTHONDONTWRITEBYTECODE: '1', ...env },
    });
    const text = { output: '', errors: '' };
    child.stdout.on('data', (chunk) => (text.output += chunk));
    child.stderr.on('data', (chunk) => (text.errors += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });

// The other tests run the compiled form, which starts in a third of the time.
test('An example in TypeScript runs from its source', { timeout: 120_000 }, async () => {
  const source = ['node', '--import', 'tsx', 'examples/typescript/license-life.ts'] as const;
  const ended = await execute(source, { API_KEY: ledger.a.apiKey });
  expect(ended).toMatchObject({ code: 0, errors: '' });
  expect(ended.output).toMatch(/revoked: revoked\n$/i);
});

// Each run starts a process, which on a busy machine takes seconds.
describe.each(present)('The examples in %s', { timeout: 120_000 }, (language, command, file) => {
  const run = (name: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    execute([command, file(name)], env);
  const testOfOne = test.runIf(language === 'TypeScript' || sized(1, 0) === 1);

  test('react to every code of a validation', async () => {
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

  test('take a license through its life', async () => {
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

  testOfOne('activate a device once, report a full license, and replace another device', async () => {
    const { licenseKey } = await ledger.issue({ limits: { activations: 1 } });
    const activate = (device: string, more: Record<string, string> = {}) =>
      run('activate', { LICENSE_KEY: licenseKey, FINGERPRINT: device, ...more });
    const first = await activate('one');
    expect(`${first.code} ${first.output}`).toMatch(/^0 Activated: act_\w{26}, 1 of 1 in use\.\n$/);
    const again = await activate('one');
    expect([again.code, again.output]).toEqual([0, first.output.replace('Activated', 'Was activated already')]);
    const renamed = { licenseKey, product: 'local_cli', fingerprint: 'one', name: 'Another name' };
    expect((await ledger.call('POST', '/v1/licenses/activate', { body: renamed })).body.changed).toBe(true);
    expect((await activate('one')).output).toBe(again.output);
    const activationId = /act_\w{26}/.exec(first.output)?.[0] ?? '';
    const second = await activate('two');
    expect([second.code, second.errors]).toEqual([5, expect.stringContaining('ACTIVATION_LIMIT_EXCEEDED')]);
    expect(second.errors).toContain(activationId);
    expect((await activate('two', { SWAP: activationId })).code).toBe(0);
    expect((await activate('one')).code).toBe(5);
    expect(await activate('one', { LICENSE_KEY: 'LL-MISTYPED' })).toMatchObject({ code: 3 });
    expect(await activate('one', { LEDGER_URL: 'http://127.0.0.1:9' })).toMatchObject({ code: 1 });
  });

  test('retry with the same Idempotency-Key while a retry can help', async () => {
    const soon = { 'retry-after': '0' };
    const activated = { activation: { id: 'act_1' }, changed: true, limits: { activations: { used: 1, max: 2 } } };
    const answers: Scripted[] = [
      'half an answer',
      refusal(409, 'IDEMPOTENCY_IN_FLIGHT', soon),
      { status: 502, headers: soon, body: '<html>Bad gateway</html>' },
      { status: 201, body: activated },
    ];
    await withScripted(
      (_seen, count) => answers[count - 1] ?? 'silence',
      async (url, seen) => {
        const ended = await run('activate', { LICENSE_KEY: 'LL-X', FINGERPRINT: 'one', LEDGER_URL: url });
        expect([ended.code, ended.output]).toEqual([0, 'Activated: act_1, 1 of 2 in use.\n']);
        expect(seen).toHaveLength(4);
        expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
      },
    );
  });

  testOfOne('do not retry a refusal, wait over half a minute, or follow a redirect', async () => {
    for (const answer of [
      refusal(409, 'LICENSE_REVOKED'),
      refusal(429, 'RATE_LIMITED', { 'retry-after': '31' }),
      { status: 307, headers: { location: '/v1/elsewhere' } },
    ])
      await withScripted(
        () => answer,
        async (url, seen) => {
          const ended = await run('activate', { LICENSE_KEY: 'LL-X', FINGERPRINT: 'one', LEDGER_URL: url });
          expect(ended.code).not.toBe(0);
          expect(new Set(seen.map(({ path }) => path))).toEqual(new Set(['/v1/licenses/activate']));
          if (answer.status !== 307) expect([ended.code, seen.length]).toEqual([3, 1]);
        },
      );
  });

  testOfOne('send texts with special characters unchanged', async () => {
    const odd = 'a "quoted" \\ back\\slash & a\ttab,\na line, \u001f, é';
    await withScripted(
      () => refusal(409, 'LICENSE_REVOKED'),
      async (url, seen) => {
        await run('activate', { LICENSE_KEY: 'LL-X', FINGERPRINT: odd, SWAP: odd, LEDGER_URL: url });
        expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ fingerprint: odd, release: { activationId: odd } });
      },
    );
  });

  /** Does `work` while the clock of the server is ahead. */
  const later = async (aheadMs: number, work: () => Promise<unknown>) => {
    ledger.clock.aheadMs = aheadMs;
    await work().finally(() => {
      ledger.clock.aheadMs = 0;
    });
  };

  const nobody = { LEDGER_URL: 'http://127.0.0.1:9' };
  /** Starts an application with a license on one device. */
  const starting = (name: string, licenseKey: string) => {
    const cache = join(folder, `${language}-${name}.json`);
    return (more: Record<string, string> = {}) =>
      run('validate-at-startup', { LICENSE_KEY: licenseKey, FINGERPRINT: 'a device', LICENSE_CACHE: cache, ...more });
  };
  const activated = async () => {
    const issued = await ledger.issue();
    const body = { licenseKey: issued.licenseKey, fingerprint: 'a device' };
    expect((await ledger.call('POST', '/v1/licenses/activate', { body })).status).toBe(201);
    return issued;
  };
  const fromEarlier = { code: 0, output: expect.stringMatching(/^Nobody answers.*\nVALID\n$/) };

  testOfOne('validate at startup, and use the last answer for a while without the server', async () => {
    const { licenseKey } = await activated();
    const validate = starting('offline', licenseKey);
    expect(await validate(nobody)).toMatchObject({ code: 1 });
    expect(await validate()).toMatchObject({ code: 0, output: 'VALID\n' });
    expect(await validate(nobody)).toMatchObject(fromEarlier);
    for (const answer of [refusal(503, 'UNAVAILABLE', { 'retry-after': '0' }), portal])
      await withScripted(
        () => answer,
        async (url) => expect(await validate({ LEDGER_URL: url })).toMatchObject(fromEarlier),
      );
    // The cached answer belongs to this request only.
    expect(await validate({ ...nobody, FINGERPRINT: 'another device' })).toMatchObject({ code: 1 });
    expect(await validate({ ...nobody, PRODUCT: 'cloud_ide' })).toMatchObject({ code: 1 });
  });

  testOfOne('stop for an invalid license, also when the server is then disconnected', async () => {
    const { licenseId, licenseKey } = await activated();
    const validate = starting('refused', licenseKey);
    expect(await validate({ FINGERPRINT: 'another' })).toMatchObject({
      code: 3,
      output: expect.stringMatching(/^NOT_ACTIVATED: /),
    });
    expect(await validate({ LICENSE_KEY: 'LL-MISTYPED' })).toMatchObject({
      code: 3,
      errors: expect.stringContaining('LICENSE_KEY_MALFORMED'),
    });
    expect(await validate()).toMatchObject({ code: 0 });
    await ledger.call('POST', `/v1/licenses/${licenseId}/revoke`, {
      key: ledger.a.apiKey,
      body: { reason: { code: 'FRAUD' } },
    });
    expect(await validate()).toMatchObject({ code: 3, output: expect.stringMatching(/^REVOKED: /) });
    expect(await validate(nobody)).toMatchObject({ code: 1 });
    const expiring = await ledger.issue({ term: { duration: 'PT1H' } });
    await later(2 * 3_600_000, async () =>
      expect(await validate({ LICENSE_KEY: expiring.licenseKey })).toMatchObject({ code: 4 }),
    );
  });

  testOfOne('report nothing about a license that was never validated when the server fails', async () => {
    for (const answer of [refusal(503, 'UNAVAILABLE', { 'retry-after': '0' }), portal])
      await withScripted(
        () => answer,
        async (url) =>
          expect(
            await run('validate-at-startup', {
              LICENSE_KEY: 'LL-X',
              LICENSE_CACHE: join(folder, 'none.json'),
              LEDGER_URL: url,
            }),
          ).toMatchObject({ code: 1, output: '' }),
      );
  });

  testOfOne('validate again after CHECK_IN_OVERDUE', async () => {
    const told: string[] = [];
    await withScripted(
      ({ body }, count) => {
        const { nonce } = JSON.parse(body);
        const code = count === 1 ? 'CHECK_IN_OVERDUE' : 'VALID';
        told.push(code);
        return { status: 200, body: { valid: code === 'VALID', code, offlineGraceUntil: null, nonce } };
      },
      async (url) => {
        const env = { LICENSE_KEY: 'LL-X', LICENSE_CACHE: join(folder, `${language}-overdue.json`), LEDGER_URL: url };
        expect(await run('validate-at-startup', env)).toMatchObject({ code: 0, output: 'VALID\n' });
      },
    );
    expect(told).toEqual(['CHECK_IN_OVERDUE', 'VALID']);
  });

  testOfOne('sign a user in once, renew expired tokens, and send the device token with the next login', async () => {
    const email = `${language.toLowerCase()}@example.com`;
    const password = 'correct horse battery';
    const signup = { email, password, organizationName: `${language} Ltd` };
    expect((await ledger.call('POST', '/v1/auth/signup', { body: signup })).status).toBe(201);
    const tokens = join(folder, `${language}.tokens`);
    const deviceToken = () => JSON.parse(readFileSync(tokens, 'utf8')).deviceToken;
    const me = (given = password) => run('refresh-tokens', { EMAIL: email, PASSWORD: given, TOKEN_FILE: tokens });
    const signedIn = { code: 0, output: `Signed in as ${email}.\n` };
    expect(await me()).toMatchObject(signedIn);
    const first = readFileSync(tokens, 'utf8');
    expect(statSync(tokens).mode & 0o777).toBe(0o600);
    expect(await me('no longer needed')).toMatchObject(signedIn);
    expect(readFileSync(tokens, 'utf8')).toBe(first);
    await later(2 * 3_600_000, async () => {
      expect(await me('no longer needed')).toMatchObject(signedIn);
      expect(readFileSync(tokens, 'utf8')).not.toBe(first);
      expect(statSync(tokens).mode & 0o777).toBe(0o600);
    });
    // The answer to a login repeats the device token that was sent with it.
    const { deviceToken: ofFirstLogin } = JSON.parse(first);
    expect([ofFirstLogin, deviceToken()]).toEqual([expect.stringMatching(/\S/), ofFirstLogin]);
    await later(30 * 86_400_000, async () => expect(await me()).toMatchObject(signedIn));
    expect(deviceToken()).toBe(ofFirstLogin);
    // No temporary file stays.
    expect(readdirSync(folder).filter((name) => name.startsWith(`${language}.tokens`))).toEqual([`${language}.tokens`]);
  });
});
