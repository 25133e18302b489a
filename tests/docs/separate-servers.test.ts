import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { copyCluster } from '../support/prepared.ts';
import { condition, processesOf } from '../support/product.ts';

const guide = readFileSync('docs/guides/separate-servers.md', 'utf8');
const blocks = (kind: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text);
const redisUrl = process.env.TEST_REDIS_URL;
if (!redisUrl) console.log('The guide on separate servers ran without Redis: TEST_REDIS_URL is not set.');

test('The guide on separate servers works from the first command to the last', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ledger-separate-'));
  await copyCluster(path.join(folder, 'postgres'));
  const port = await freePort();
  const postgres = await startPostgres({
    ...{ dataDir: path.join(folder, 'postgres'), password: 'tests', port, durable: false },
  });
  for (const statement of blocks('sql')
    .join('')
    .split(';')
    .filter((text) => text.trim() !== ''))
    await asSuperuser(postgres.url, statement);

  // Another ledger may have the ports of the guide.
  const ports = ['2113', '2114', '2115', '8080', '8081'];
  const free = await Promise.all(ports.map(() => freePort()));
  const script = ports
    .reduce((text, name, index) => text.replaceAll(`:${name}`, `:${free[index]}`), blocks('bash').join('\n'))
    .replaceAll('HEALTH_PORT=2115', `HEALTH_PORT=${free[2]}`)
    .replaceAll(':5432', `:${port}`)
    .replace('redis://127.0.0.1:6379', redisUrl ?? '');
  const [store, health, , api, management] = free;
  const { code, output } = await inBash(script, folder, {
    ...{ LEDGER_EVENTSTORE_PORT: `${store}`, LEDGER_EVENTSTORE_HEALTH_PORT: `${health}` },
    ...{ PORT: `${api}`, MANAGEMENT_PORT: `${management}`, LOG_LEVEL: 'warn', STOP_DELAY_SECONDS: '0' },
  });

  expect(output).toContain(`The event store is ready on esdb://localhost:${store}.`);
  expect(output).toMatch(/^event store +24\.6\.0, TLS, let in: ledger \(appends\)$/m);
  expect(output).toMatch(/^reporting +read /m);
  expect(output).toContain('Removed reporting.');
  expect(output).toMatch(/Intact: \d+ events/);
  const urlFile = path.join(folder, 'store', 'eventstore-url');
  expect(statSync(urlFile).mode & 0o777).toBe(0o600);
  const [, password = ''] = /:([\w-]{43})@/.exec(readFileSync(urlFile, 'utf8')) ?? [];
  expect(password).not.toBe('');
  expect(output).not.toContain(password);
  expect(code).toBe(0);

  await postgres.stop();
  await condition('no process is left', () => processesOf(folder).length === 0);
  rmSync(folder, { recursive: true, force: true });
}, 240_000);

const asSuperuser = async (url: string, statement: string) => {
  const db = new pg.Client(url);
  await db.connect();
  await db.query(statement);
  await db.end();
};

/** Runs a script with an `npx` that starts our program directly, in a folder like the clone, and stops what it started when it fails. */
const inBash = async (script: string, folder: string, env: Readonly<Record<string, string>>) => {
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  const npx = path.join(bin, 'npx');
  await writeFile(npx, `#!/bin/sh\nshift\nexec "${process.execPath}" "${process.cwd()}/bin/ledger.js" "$@"\n`);
  await chmod(npx, 0o755);
  await symlink(path.join(process.cwd(), 'bin', 'ledger.js'), path.join(bin, 'ledger.js'));
  const onFailure = `trap 'kill $(jobs -pr) 2>/dev/null; wait' ERR`;
  const child = spawn('bash', ['-c', `set -euo pipefail\n${onFailure}\n${script}`], {
    cwd: folder,
    env: { ...process.env, ...env, PATH: `${bin}:${process.env.PATH}` },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const [code] = await once(child, 'close');
  return { code, output };
};
