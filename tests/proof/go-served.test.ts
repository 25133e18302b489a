import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { leafBytes } from '../../src/proof/leaf.ts';
import { addLeaves, signTree } from '../support/issuer-trees.ts';
import { findSumdb } from '../support/missing-programs.ts';
import { shareLedger } from '../support/shared-ledger.ts';
import { testKey } from './keys.ts';

const packages = findSumdb();

test.runIf(packages !== null)(
  'Go’s sumdb reads the served checkpoint, tiles, leaves and proofs',
  async () => {
    const ledger = await shareLedger();
    const { superuser } = ledger.database;
    const { organizationId, apiKey: Token } = await ledger.createVendor('Read by Go');
    await addLeaves(superuser, organizationId, 600);
    const witnesses = [{ key: testKey('witness.example', 'WITNESS'), time: 1_767_225_600 }];
    const { vkey: Key, size, leaves } = await signTree(superuser, organizationId, { witnesses });
    const own = leaves.find(({ stream }) => stream.startsWith('organization-'));
    if (own === undefined) throw new Error('The log has no event of the organization.');
    const request = {
      ...{ Token, Key, Older: 300, Leaf: Buffer.from(leafBytes(own)).toString() },
      Log: `${ledger.baseUrl}/v1/logs/${organizationId}`,
      Proof: `${ledger.baseUrl}/v1/events/${encodeId('evt', own.id)}/proof`,
    };
    expect(await runGo(request)).toEqual({ status: 0, stdout: `${size}\n`, stderr: '' });
    const other = await runGo({ ...request, Leaf: request.Leaf.replace('"revision":0', '"revision":9') });
    expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining('invalid') });
    await ledger.stop();
  },
  120_000,
);

/** Runs the program of Go, while this process goes on as the server. Go keeps what it has compiled. */
const runGo = (request: object): Promise<{ status: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const cache = path.resolve('node_modules/.cache/go');
    mkdirSync(cache, { recursive: true });
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: packages ?? '', GOCACHE: cache, GOFLAGS: '' };
    const program = spawn('go', ['run', 'tests/proof/go/served.go'], { env });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      program[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    program.on('close', (status) => resolve({ status, ...output }));
    program.stdin.end(JSON.stringify(request));
  });
