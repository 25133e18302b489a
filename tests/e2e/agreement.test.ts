import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { bootstrapOrganization } from '../../src/application/bootstrap/bootstrap-organization.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { type Chance, chanceOf, oneOf, runSeed } from '../support/chance.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { foldsOf } from '../support/folds.ts';
import { testHash } from '../support/license-fixtures.ts';
import { type Mesh, type MeshProcess, meshSecret, startMesh } from '../support/mesh.ts';
import { consent } from '../support/organizations.ts';
import { condition } from '../support/product.ts';
import { hurriedOrigin, type LicenseRequest, randomRequest } from '../support/random-requests.ts';
import { sized } from '../support/size.ts';
import { createVendorWithId } from '../support/vendor.ts';

// Two processes with different clocks get the same requests, lose replies, append late and are killed. LEDGER_SEED repeats
// the random choices of a run.
const firstSeed = runSeed();
const seeds = Array.from({ length: sized(20) }, (_, index) => firstSeed + index);
const requests = sized(20_000, 150);
const clients = 12;
const minutes = 60_000;

let mesh: Mesh | null = null;
afterEach(async () => {
  await mesh?.stop();
  mesh = null;
}, 2 * minutes);

test.each(seeds)(
  'All processes and all rows agree on every license after a run with seed %i',
  async (seed) => {
    console.log(`LEDGER_SEED=${seed}: ${requests} requests.`);
    const chance = chanceOf(seed);
    mesh = await startMesh(chance);
    const { store, models, apis, workers } = mesh;
    const world = await createWorld(mesh, chance);
    const drawn = Array.from({ length: requests }, () => ({
      request: randomRequest(chance, oneOf(world.licenseIds, chance), world.holders),
      // Both APIs get the request at the same time, under one key.
      isTwin: chance.percent(30),
      hasKey: chance.percent(50),
      api: chance.below(2),
    }));

    store.server.faults.droppedReply = 'unavailable';
    store.server.faults.dropReply = () => chance.percent(4);
    let next = 0;
    const differing: string[] = [];
    const counts: Record<string, number> = {};
    const client = async () => {
      for (let index = next++; index < drawn.length; index = next++) {
        const each = drawn[index];
        if (each === undefined) return;
        const key = each.isTwin || each.hasKey ? randomUUID() : null;
        const body = stamped(each.request);
        const to = each.isTwin ? [0, 1] : [each.api];
        const answers = await Promise.all(to.map((api) => ask(apis, api, each.request, body, world.apiKey, key)));
        const known = answers.filter((answer) => answer !== null);
        for (const answer of known) counts[answer.slice(0, 3)] = (counts[answer.slice(0, 3)] ?? 0) + 1;
        // A refusal with retryAt is not kept for its key, so the other process may decide later, and accept.
        const kept = known.filter((answer) => !answer.includes('"retryAt":'));
        if (new Set(kept).size > 1) differing.push(kept.join('\n'));
      }
    };
    const trouble = makeTrouble(mesh, chance, () => next);
    await Promise.all([...Array.from({ length: clients }, client), trouble]);
    store.server.faults.dropReply = undefined;
    console.log(counts, await trouble);

    // Workers finish their current work. Then nothing changes.
    await Promise.all(workers.map((worker) => worker.stop()));
    const connected = store.connect();
    const head = (await connected.head({ timeoutMs: 10_000 }))?.commit ?? 0n;
    await condition(
      'everything is projected',
      async () => {
        const { rows } = await models.superuser.query<{ position: string }>(
          'select max(commit_position) as position from ops.checkpoints',
        );
        return BigInt(rows[0]?.position ?? -1) >= head;
      },
      minutes,
    );

    const known = await foldsOf(createExecutor({ store: connected }), world.licenseIds);
    for (const api of apis) {
      const folds = await api.folds(world.licenseIds);
      expect(folds.filter((fold, index) => fold !== known[index])).toEqual([]);
    }
    const reader = connectLogReader({ url: store.url });
    const verdict = await verifyLedger({ store: connected, readLog: reader.read, pool: models.projector });
    await reader.close();
    expect(verdict).toMatchObject({ intact: true, notProjected: 0, parked: 0 });
    expect(differing).toEqual([]);
    expect(await announcedTwice(mesh, world.licenseIds)).toEqual([]);
  },
  30 * minutes,
);

/** An issuer, two holders, and licenses that end soon in every way. */
const createWorld = async ({ store, models }: Mesh, chance: Chance) => {
  const vendor = await createVendorWithId({ databaseUrl: models.url, eventStoreUrl: store.url, secret: meshSecret });
  const executor = createExecutor({ store: store.connect() });
  const now = () => new Date().toISOString();
  const needs = { executor, pool: models.api, secrets: parseSecrets(meshSecret), now };
  const [one, other] = await Promise.all(
    ['Holder 1', 'Holder 2'].map((name) => bootstrapOrganization(needs, { commandId: randomUUID(), name })),
  );
  const projected = { waitFor: async () => true };
  for (const holder of [one, other])
    await consent({ executor, needs, projected }, holder?.organizationId ?? '', vendor.organizationId);
  const licenseIds = Array.from({ length: sized(200) }, () => encodeId('lic', aggregateId(newCommandId(), 'license')));
  for (const licenseId of licenseIds) {
    const command = {
      type: 'IssueLicense',
      at: now(),
      data: {
        licenseId,
        issuerOrgId: vendor.organizationId,
        holderOrgId: null,
        entitlements: [],
        externalRef: null,
        products: ['local_cli', 'cloud_ide'],
        ...hurriedOrigin(chance),
        key: { keyHash: testHash(licenseId), secretId: 'none', hint: 'ABCDE' },
      },
    } as const;
    await sendCommand(executor, licenseAggregate, licenseId, command, context(), () => null);
  }
  return {
    licenseIds,
    apiKey: vendor.apiKey,
    holders: [one?.organizationId ?? '', other?.organizationId ?? ''] as const,
  };
};

const stamped = ({ body, later = {} }: LicenseRequest): string | null =>
  body === undefined
    ? null
    : JSON.stringify({
        ...body,
        ...Object.fromEntries(
          Object.entries(later).map(([name, ms]) => [name, new Date(Date.now() + ms).toISOString()]),
        ),
      });

/** Status and text of the answer; null: a request without a key was lost, or one with a key is still in flight. */
const ask = async (
  apis: readonly MeshProcess[],
  first: number,
  { method, path }: LicenseRequest,
  body: string | null,
  apiKey: string,
  key: string | null,
): Promise<string | null> => {
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'content-type': 'application/json',
    prefer: 'respond-async',
    ...(key === null || path.endsWith('/validate') ? {} : { 'idempotency-key': key }),
  };
  let api = first;
  let answer: string | null = null;
  const attempt = async () => {
    try {
      const url = apis[api]?.url() ?? '';
      const response = await fetch(url + path, { method, headers, body, signal: AbortSignal.timeout(20_000) });
      const text = (await response.text()).replace(/,"requestId":"[^"]*"/, '');
      answer = `${response.status} ${text}`;
      return response.status !== 503 && !text.includes('IDEMPOTENCY_IN_FLIGHT');
    } catch {
      // It was killed. The other one can tell what became of a request with a key.
      answer = null;
      api = 1 - api;
      return key === null;
    }
  };
  await condition(`${path} is answered`, attempt, minutes);
  return path.endsWith('/validate') && key !== null ? (answer === null ? null : String(answer).slice(0, 3)) : answer;
};

/** Has replies lost, appends arrive late and processes killed, at so many requests each; returns how often. */
const makeTrouble = async ({ apis, projector, workers }: Mesh, chance: Chance, done: () => number) => {
  const all = [...apis, ...workers];
  const late = async (process: MeshProcess, isKilled: boolean) => {
    const held = process.holdNextAppend();
    const whole = held.whole('"commandId"').then(() => true);
    const over = condition('the run is over', () => done() >= requests, 10 * minutes).then(() => false);
    if (!(await Promise.race([whole, over]))) return held.release();
    const restarted = isKilled ? process.killAndStart() : null;
    held.lose();
    const before = done();
    await condition('others go on', () => done() > Math.min(before + clients, requests - 1), minutes);
    held.arriveLate();
    await restarted;
  };
  const kinds: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['late', () => late(oneOf(all, chance), false)],
    ['killed and late', () => late(oneOf(apis, chance), true)],
    ['late', () => late(oneOf(all, chance), false)],
    ['killed worker', () => oneOf(workers, chance).killAndStart()],
    ['late', () => late(oneOf(workers, chance), false)],
    ['killed projector', () => projector.killAndStart()],
  ];
  const happened: Record<string, number> = {};
  const troubles = Math.max(kinds.length, requests / 400);
  for (let trouble = 0; trouble < troubles; trouble++) {
    const due = ((trouble + 1) * requests) / (troubles + 2);
    await condition('it is time for trouble', () => done() >= due, 10 * minutes);
    const [name, make] = kinds[trouble % kinds.length] ?? ['', async () => {}];
    await make();
    happened[name] = (happened[name] ?? 0) + 1;
  }
  return happened;
};

/** Expiries that were announced more than once. */
const announcedTwice = async ({ store }: Mesh, licenseIds: readonly string[]) => {
  const connected = store.connect();
  const seen = new Set<string>();
  const twice: string[] = [];
  for (const licenseId of licenseIds) {
    const { events } = await connected.read(`license-${licenseId}`);
    for (const { type, data } of events.filter(({ type }) => type === 'LicenseExpired')) {
      const name = `${type} ${licenseId} ${data.termNumber} ${data.expiresAt}`;
      if (seen.has(name)) twice.push(name);
      seen.add(name);
    }
  }
  return twice;
};
