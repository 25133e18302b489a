import { afterEach, expect, test } from 'vitest';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { chanceOf, runSeed } from '../support/chance.ts';
import { issueDirectly } from '../support/issue-directly.ts';
import { type Mesh, meshSecret, startMesh } from '../support/mesh.ts';
import { condition } from '../support/product.ts';
import { sized } from '../support/size.ts';
import { createVendorWithId } from '../support/vendor.ts';

// Two processes record the usage of many licenses at the same time, lose replies and are killed. Clients send again what
// was not answered. In the long run it is 600 records a minute of 1,000 licenses for ten minutes.
const licenses = sized(1_000, 8);
const rounds = sized(60, 2);
const perRound = 100;
/** The usual limit of records in a minute allows one round in this time. The rounds of a short run have no distance. */
const betweenRoundsMs = sized(10_000, 0);
const minutes = 60_000;

let mesh: Mesh | null = null;
afterEach(async () => {
  await mesh?.stop();
  mesh = null;
}, 2 * minutes);

type Sent = { readonly licenseId: string; readonly licenseKey: string; readonly limit: number };
type Counted = { readonly refusal: { readonly code: string } | null };

test(
  'Two processes under a flood of usage count what they accept, with lost replies, kills and repeated requests',
  async () => {
    const seed = runSeed();
    console.log(`LEDGER_SEED=${seed}`);
    const chance = chanceOf(seed);
    mesh = await startMesh(chance);
    const { store, models, apis, workers } = mesh;
    const vendor = await createVendorWithId({ databaseUrl: models.url, eventStoreUrl: store.url, secret: meshSecret });
    const issuing = {
      executor: createExecutor({ store: store.connect() }),
      secrets: parseSecrets(meshSecret),
      needs: { now: () => new Date().toISOString() },
      projected: { waitFor: async () => true },
      a: vendor,
    };
    const all: Sent[] = [];
    for (let index = 0; index < licenses; index += 1) {
      // Every second license has too little left for all records.
      const limit = index % 2 === 0 ? rounds * perRound * 2 : Math.floor((rounds * perRound) / 2);
      all.push({ ...(await issueDirectly(issuing, { limits: { meters: { builds: limit } } })), limit });
    }

    store.server.faults.droppedReply = 'unavailable';
    store.server.faults.dropReply = () => chance.percent(2);
    const startedMs = performance.now();
    let sent = 0;
    /** Sends records to one API, and to the other one when it does not answer. Returns what became of each. */
    const record = async (licenseKey: string, usageIds: readonly string[], first: number): Promise<Counted[]> => {
      const body = { licenseKey, records: usageIds.map((usageId) => ({ meter: 'builds', quantity: 1, usageId })) };
      let [api, answer]: [number, Counted[] | null] = [first, null];
      const attempt = async () => {
        answer = await post(`${apis[api++ % 2]?.url()}/v1/licenses/usage`, body);
        return answer !== null;
      };
      await condition('the records are answered', attempt, 5 * minutes);
      return answer ?? [];
    };
    const flood = async ({ licenseKey }: Sent): Promise<Counted[]> => {
      const counted: Counted[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const until = startedMs + (round + 1) * betweenRoundsMs;
        const ids = Array.from({ length: perRound }, (_, index) => `r${round}-${index}`);
        const halves = [ids.slice(0, perRound / 2), ids.slice(perRound / 2)];
        const answers = await Promise.all(halves.map((half, api) => record(licenseKey, half, api)));
        counted.push(...answers.flat());
        sent += 1;
        await condition('the next round is due', () => performance.now() >= until, minutes);
      }
      return counted;
    };
    const kills = async () => {
      for (const [index, api] of apis.entries()) {
        const due = ((index + 1) * rounds * licenses) / 3;
        await condition('it is time for a kill', () => sent >= due, 20 * minutes);
        await api.killAndStart();
      }
    };
    const [counted] = await Promise.all([Promise.all(all.map(flood)), kills()]);
    const seconds = (performance.now() - startedMs) / 1_000;
    store.server.faults.dropReply = undefined;
    await Promise.all(workers.map((worker) => worker.stop()));

    const connected = store.connect();
    for (const [index, { licenseId, limit }] of all.entries()) {
      const results = counted[index] ?? [];
      expect(results).toHaveLength(rounds * perRound);
      const refused = results.flatMap(({ refusal }) => refusal?.code ?? []);
      expect(new Set([...refused, 'QUOTA_EXCEEDED'])).toEqual(new Set(['QUOTA_EXCEEDED']));
      const accepted = results.length - refused.length;
      expect(accepted).toBe(Math.min(limit, rounds * perRound));
      const { events } = await connected.read(`license-${licenseId}`);
      const batches = events.filter(({ type }) => type === 'UsageBatchRecorded');
      const ids = batches.flatMap(({ data }) => (data.entries as { usageId: string }[]).map((entry) => entry.usageId));
      expect(new Set(ids).size).toBe(ids.length);
      expect([ids.length, batches.at(-1)?.data.totalAfter]).toEqual([accepted, accepted]);
      // One event a second for each process; one that was killed starts with a new second.
      expect(batches.length).toBeLessThanOrEqual(2 * (seconds + 2));
    }
    const head = (await connected.head({ timeoutMs: 10_000 }))?.commit ?? 0n;
    await condition(
      'everything is projected',
      async () => {
        const { rows } = await models.superuser.query('select max(commit_position)::text as at from ops.checkpoints');
        return BigInt(rows[0]?.at ?? -1) >= head;
      },
      5 * minutes,
    );
    const reader = connectLogReader({ url: store.url });
    const verdict = await verifyLedger({ store: connected, readLog: reader.read, pool: models.projector });
    await reader.close();
    expect(verdict).toMatchObject({ intact: true, notProjected: 0, parked: 0 });
  },
  40 * minutes,
);

/** Returns what became of each record; null: the request must be sent again. */
const post = async (url: string, body: object): Promise<Counted[] | null> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as { readonly records?: Counted[]; readonly detail?: string };
    if (response.status === 503 || response.status === 429) return null;
    if (answer.records === undefined) throw new Error(`${response.status}: ${answer.detail}`);
    return answer.records.some(({ refusal }) => isPassing(refusal)) ? null : answer.records;
  } catch (error) {
    // The process was killed, or is not there yet.
    if (error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError')) return null;
    throw error;
  }
};

/** True for a refusal that ends when the same record is sent again. */
const isPassing = (refusal: Counted['refusal']): boolean =>
  refusal !== null && ['CONCURRENT_MODIFICATION', 'RATE_LIMITED'].includes(refusal.code);
