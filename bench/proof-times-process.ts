import { asTenant } from '../src/postgres/tenant.ts';
import { createPool } from '../src/projections/connect.ts';
import { inclusionProof } from '../src/proof/tree/tile-proofs.ts';
import { tilesOf } from '../src/records/issuer-trees.ts';
import { nodeSha256 } from '../src/signing/log-keys.ts';

/** The log of an issuer, at the URL of its Postgres. `leaves`: its size. */
export type ProvedLog = { readonly url: string; readonly issuer: string; readonly leaves: number };

/** Times of proofs in milliseconds. */
export type ProofTimes = { readonly p50: number; readonly p99: number };

const proofs = 2_000;
/** The first ones compile the code. */
const warmUp = 1_000;

// Makes proofs of leaves all over the log, one after the other, each in a transaction of the tenant as the API does. In a
// process of its own, because collecting the garbage of other measurements would be part of the times.
process.once('message', async ({ url, issuer, leaves }: ProvedLog) => {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const pool = createPool({ url, role: 'ledger_api', max: 2, log });
  const timesMs: number[] = [];
  for (let drawn = 0; drawn < warmUp + proofs; drawn++) {
    // Steps of a large prime spread the leaves over the log.
    const index = (drawn * 7_654_321) % leaves;
    const startedMs = performance.now();
    await asTenant(pool, issuer, (db) =>
      inclusionProof(index, { size: leaves, readTile: tilesOf(db, issuer), hash: nodeSha256 }),
    );
    if (drawn >= warmUp) timesMs.push(performance.now() - startedMs);
  }
  await pool.end();
  timesMs.sort((one, other) => one - other);
  const at = (share: number) => timesMs[Math.floor(timesMs.length * share)] ?? 0;
  process.send?.({ p50: at(0.5), p99: at(0.99) } satisfies ProofTimes);
});
