import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyProductData } from '../support/prepared.ts';
import { condition, type Product, startProduct } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';
import { outputPattern } from '../support/shown-output.ts';

const launcher = path.join(process.cwd(), 'bin/ledger.js');
let env: { LEDGER_DATA_DIR: string; LOG_LEVEL: string };
let product: Product;
beforeAll(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-operator-'));
  await copyProductData(dataDir);
  await rm(path.join(dataDir, 'logs'), { recursive: true, force: true });
  env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'info' };
  product = await startProduct({ ...env, LOG_FORMAT: 'text' });
});
afterAll(async () => {
  product.process.kill('SIGTERM');
  await product.ended;
  await rm(env.LEDGER_DATA_DIR, { recursive: true });
});

const signUp = async (name: string): Promise<string> => {
  const response = await fetch(new URL('/v1/auth/signup', product.demo.baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ email: `${name}@other.example`, password: 'seven tall blue pears', displayName: 'Other Person' },
      organizationName: 'Other Vendor',
    }),
  });
  const answer = (await response.json()) as { organization?: { id: string } };
  if (answer.organization === undefined) throw new Error(`No signup: ${response.status} ${JSON.stringify(answer)}`);
  return answer.organization.id;
};

/** Starts a command that follows something. `lines`: what it has printed on standard output so far. */
const follow = (args: readonly string[]) => {
  const child = spawn(process.execPath, [launcher, ...args], { env: { ...process.env, ...env } });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'close');
  return { child, ended, lines: () => output.split('\n').filter((line) => line !== '') };
};

const jsonLines = (output: string): readonly Record<string, unknown>[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('Two operators follow the events of all organizations at once, and Ctrl-C ends them', async () => {
  const followers = [0, 1].map(() => follow(['events', '--follow', '--from', 'start', '--json']));
  await condition('the events of the demo', () =>
    followers.every(({ lines }) => lines().some((line) => line.includes(product.demo.licenseId))),
  );
  const other = await signUp('second');
  const ofOther = (line: string) => JSON.parse(line).issuerOrgId === other;
  await condition('the event of another organization', () => followers.every(({ lines }) => lines().some(ofOther)));
  for (const { child } of followers) child.kill('SIGINT');
  for (const { ended } of followers) expect(await ended).toEqual([0, null]);
  const [first, second] = followers.map(({ lines }) => lines());
  expect(first).toEqual(second);
  expect(first?.join('\n')).not.toMatch(/second@other|Other Person|[a-z]Hash"/);

  const filtered = await runCommand(
    ['events', '--json', '--organization', other, '--type', 'OrganizationCreated'],
    env,
  );
  expect(jsonLines(filtered.output)).toEqual([
    expect.objectContaining({ type: 'OrganizationCreated', issuerOrgId: other, stream: `organization-${other}` }),
  ]);
  const position = String(jsonLines(filtered.output)[0]?.position);
  const args = ['events', '--from', position, '--limit', '1', '--stream', `organization-${other}`];
  const after = await runCommand(args, env);
  expect(after.output).not.toContain('OrganizationCreated');
  const oldest = await runCommand(['events', '--limit', '1'], env);
  expect(oldest.output).toMatch(outputPattern('docs/operations.md', 'ledger events --limit 1'));
}, 60_000);

test('A reader who closes the pipe ends the command quietly', async () => {
  const { child, ended } = follow(['events', '--follow', '--from', 'start']);
  const errors = text(child.stderr);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  // The next event is written into the closed pipe.
  await signUp('third');
  expect(await ended).toEqual([141, null]);
  expect(await errors).toBe('');
});

test('A queue is paused and resumed, and a job runs on demand', async () => {
  const listed = await runCommand(['jobs', 'list', '--json'], env);
  const { queues, jobs } = JSON.parse(listed.output);
  expect(queues.map(({ queue }: { queue: string }) => queue)).toEqual([
    'ledger',
    'ledger-devices',
    'ledger-mail',
    'ledger-packs',
  ]);
  expect(jobs).toContainEqual(expect.objectContaining({ job: 'expiry-sweep', queue: 'ledger', everySeconds: 30 }));
  const paused = await runCommand(['jobs', 'pause', 'ledger', '--json'], env);
  expect(JSON.parse(paused.output)).toEqual({ queue: 'ledger', isPaused: true });
  expect(await runCommand(['jobs', 'run', 'expiry-sweep'], env)).toMatchObject({
    code: 5,
    output: expect.stringContaining('ledger jobs resume ledger'),
  });
  expect((await runCommand(['jobs', 'resume', 'ledger'], env)).code).toBe(0);
  expect(await runCommand(['jobs', 'run', 'expiry-sweep', '--wait'], env)).toMatchObject({ code: 0 });
  const text = await runCommand(['jobs', 'list'], env);
  expect(text.output).toMatch(outputPattern('docs/operations.md', 'ledger jobs list'));
}, 60_000);

test('The log has the lines of the server and of Postgres', async () => {
  const all = await runCommand(['logs', '--json'], env);
  expect(all.code).toBe(0);
  const lines = jsonLines(all.output);
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 20, msg: expect.stringMatching(/^postgres: .*ready/) }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ level: 30, msg: 'request' }));
  // The form of standard error changes nothing in the files.
  expect(product.output()).toMatch(/^\d{4}-\S+Z INFO {2}request .*status=/m);
  const some = await runCommand(['logs', '--json', '--level', 'info', '--since', '1h', '--limit', '2'], env);
  expect(jsonLines(some.output)).toHaveLength(2);
  const people = await runCommand(['logs', '--level', 'info', '--limit', '1'], env);
  expect(people.output).toMatch(/^\d{4}-\S+Z INFO {2}\S/);
  const failed = { level: 50, time: new Date().toISOString(), context: 'job mail', msg: 'A scheduled job failed.' };
  const file = path.join(env.LEDGER_DATA_DIR, 'logs', 'ledger-000001.log');
  await appendFile(file, `${JSON.stringify(failed)}\n`);
  const warnings = await runCommand(['logs', '--since', '10m', '--level', 'warn'], env);
  expect(warnings.output).toMatch(outputPattern('docs/operations.md', 'ledger logs --since 10m --level warn'));
  expect((await runCommand(['logs', '--limit', '1'], { ...env, FORCE_COLOR: '1' })).output).toContain('\u001b[');
  expect(await readdir(path.join(env.LEDGER_DATA_DIR, 'logs'))).toEqual(['ledger-000001.log']);
});

test('Commands that change something print the result as JSON', async () => {
  const results = [
    ['user', 'reset-password', product.demo.email],
    ['keys', 'rotate', '--force'],
    ['parked', 'replay'],
    ['rebuild', '--prune'],
  ].map(async (args) => JSON.parse((await runCommand([...args, '--json'], { ...env, LOG_LEVEL: 'warn' })).output));
  expect(await Promise.all(results)).toEqual([
    { email: product.demo.email, password: expect.stringMatching(/^[\w-]{24}$/) },
    { created: expect.any(String), removed: expect.any(Array) },
    [],
    { dropped: null },
  ]);
  const refused = await runCommand(['keys', 'rotate', '--json'], env);
  expect({ code: refused.code, ...JSON.parse(refused.output) }).toMatchObject({
    code: 5,
    error: { exitCode: 5, message: expect.stringContaining('--force') },
  });
}, 60_000);

test('Bash completes commands, options and values with the script that completion prints', async () => {
  const script = `
    ledger() { "${process.execPath}" "${launcher}" "$@"; }
    source <(ledger completion bash)
    completed() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); __ledger_complete 2> /dev/null; echo "\${COMPREPLY[*]}"; }
    completed ledger ev
    completed ledger jobs pause ledger-m
    completed ledger events --fol`;
  const child = spawn('bash', ['--norc', '-c', script], { env: { ...process.env, ...env } });
  expect(await text(child.stdout)).toBe('events eventstore\nledger-mail\n--follow\n');
});
