import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startStack } from '../src/embedded/stack.ts';
import { growTree } from '../src/notary/grow-tree.ts';
import { growingTrees, noteAllGrowth } from '../src/notary/growing-trees.ts';
import { createPool } from '../src/projections/connect.ts';
import { prepareDatabase } from '../src/projections/prepare-database.ts';
import { leafBytes } from '../src/proof/leaf.ts';
import { leafHash } from '../src/proof/tree/merkle-hashes.ts';
import { newTileBuilder } from '../src/proof/tree/tile-builder.ts';
import { nodeSha256 } from '../src/signing/log-keys.ts';
import { type Bench, compared, type Figures, type Row, whole } from './bench.ts';
import type { ProofTimes, ProvedLog } from './proof-times-process.ts';

const issuer = 'org_01k00000000000000000000000';

/** Measures the notary on the log of one issuer with ten entries for each license, or `--leaves=<number>`. */
export const notaryFigures: Figures = {
  ids: ['notary'],
  measure: async (bench) => {
    const directory = await mkdtemp(path.join(tmpdir(), 'ledger-bench-'));
    const stack = await startStack({ dataDir: directory, log: () => undefined });
    try {
      await prepareDatabase({ url: stack.databaseUrl, log: () => undefined });
      const client = new pg.Client(stack.databaseUrl);
      await client.connect();
      return await measureNotary(bench, client, stack.databaseUrl).finally(() => client.end());
    } finally {
      await stack.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

const measureNotary = async ({ leaves, say }: Bench, client: pg.Client, url: string): Promise<readonly Row[]> => {
  say(`a log of ${whole(leaves)} entries`);
  await client.query('set role ledger_owner; alter table rm.log_entries no force row level security');
  await client.query(
    `insert into rm.log_entries select $1, n, ('01980000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        'license-lic_01k0000000000000' || lpad((n / 100)::text, 10, '0'), n % 100, sha256(n::text::bytea), '2026-01-01T00:00:00Z'
      from generate_series(0, $2::bigint - 1) n`,
    [issuer, leaves],
  );
  await client.query('alter table rm.log_entries force row level security');
  // No projector runs that would say so, and the API reads nothing before.
  await client.query(`update ops.projection_versions set is_level = true where state = 'active'`);

  say('hashing the same leaves in memory');
  const plain = hashInMemory(leaves);
  say('the notary');
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const pool = createPool({ url, role: 'ledger_worker', max: 4, log });
  await noteAllGrowth(pool);
  const startedMs = performance.now();
  let memory = 0;
  for (;;) {
    const [tree] = await growingTrees(pool, { after: '', without: [] });
    if (tree === undefined) break;
    await growTree({ pool, now: () => new Date(), rebuilt: new Set() }, tree, null);
    memory = Math.max(memory, process.memoryUsage().rss);
  }
  const notaryMs = performance.now() - startedMs;
  await client.query('set role ledger_worker');
  const { rows } = await client.query<{ tiles: string; bytes: string }>(
    `select count(*) as tiles, sum(octet_length(hashes)) as bytes from ops.log_tiles`,
  );
  await pool.end();
  say('proofs');
  await client.query('set role ledger_owner');
  await client.query('vacuum (analyze) rm.log_entries, ops.log_tiles');
  const { p50, p99 } = await proofTimes({ url, issuer, leaves });
  const [ofNotary, ofPlain] = [(leaves / notaryMs) * 1_000, (leaves / plain.ms) * 1_000];
  const what = `of ${whole(leaves)} leaves`;
  return [
    compared('notary', 'notary / hashing the same leaves in memory', [ofNotary, ofPlain], '>= 0.5'),
    ['notary', `tiles ${what}, MB`, whole(Number(rows[0]?.bytes) / 1e6), '<= 400', `${rows[0]?.tiles} tiles`],
    ['notary', `most memory ${what}, MB`, whole(memory / 1e6), '', `${whole(plain.memory / 1e6)} MB before`],
    ['notary', `inclusion proof ${what} from Postgres, p99 in ms`, p99.toFixed(2), '<= 5', `p50 ${p50.toFixed(2)} ms`],
  ];
};

/** Measures proofs in a process of their own, after Postgres has vacuumed what was loaded. */
const proofTimes = async (log: ProvedLog): Promise<ProofTimes> => {
  const child = fork(fileURLToPath(new URL('./proof-times-process.ts', import.meta.url)), { stdio: 'inherit' });
  child.send(log);
  const [times] = (await once(child, 'message')) as [ProofTimes];
  child.disconnect();
  return times;
};

/** Makes the leaves of the same entries one after the other, and their tree without storing tiles. */
const hashInMemory = (leaves: number): { readonly ms: number; readonly memory: number } => {
  const builder = newTileBuilder({ onFullTile: () => undefined, hash: nodeSha256 });
  const startedMs = performance.now();
  for (let number = 0; number < leaves; number++) {
    const digits = number.toString(16).padStart(12, '0');
    const leaf = leafBytes({
      hash: digits.padStart(64, '0'),
      id: `01980000-0000-7000-8000-${digits}`,
      recordedAt: '2026-01-01T00:00:00.000Z',
      revision: number % 100,
      stream: `license-lic_01k0000000000000${String(Math.floor(number / 100)).padStart(10, '0')}`,
    });
    builder.append(leafHash(leaf, nodeSha256));
  }
  builder.root();
  return { ms: performance.now() - startedMs, memory: process.memoryUsage().rss };
};
