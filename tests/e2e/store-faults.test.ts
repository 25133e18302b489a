import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEventStore } from '../../src/embedded/eventstore/server.ts';
import { freePort } from '../../src/embedded/free-port.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { createDatabase } from '../support/database.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { testInFull } from '../support/in-full.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { condition, processesOf } from '../support/product.ts';
import { sized } from '../support/size.ts';
import { type Api, sendOnce, startTwoApis, type TwoApis } from '../support/two-apis.ts';
import { countDevices, flood, issueLimited, workAsUsual } from './flood.ts';
import { followFeed } from './follow-feed.ts';
import { startClient } from './load.ts';
import { expectUnanswered } from './unanswered.ts';

const kills = sized(200, 2);
const postgresKills = sized(20);
const clientsPerApi = 4;
const floodSize = sized(10_000);
const activationsMax = 100;

const folder = mkdtempSync(join(tmpdir(), 'ledger-store-kills-'));
let product: TwoApis;
beforeAll(async () => {
  product = await startTwoApis(folder);
}, 240_000);
afterAll(async () => {
  await product?.stop();
  await condition('no process is left behind', () => processesOf(folder).length === 0);
  rmSync(folder, { recursive: true, force: true });
});

test(`Of ${floodSize} concurrent activations over two API processes, exactly 100 succeed, and other tenants work on`, {
  timeout: 900_000,
}, async () => {
  const { apis, keys } = product;
  const [one, other] = apis;
  const licenses = await Promise.all([
    issueLimited(one.baseUrl, keys[0], activationsMax),
    issueLimited(other.baseUrl, keys[1], activationsMax),
  ]);
  let isFlooded = true;
  const neighbour = workAsUsual(other.baseUrl, keys[2], () => isFlooded);
  const sizes = [floodSize, Math.ceil(floodSize / 4)];
  const floods = await Promise.all(licenses.map((license, index) => flood(apis, license, sizes[index] ?? 0)));
  isFlooded = false;
  expect([...new Set(await neighbour)].toSorted()).toEqual([200, 201]);

  for (const [index, { activated, answers }] of floods.entries()) {
    // Every other answer asked the device to come again, and said when.
    console.log(`The answers to ${sizes[index]} activations: ${JSON.stringify(answers)}.`);
    expect(activated).toHaveLength(activationsMax);
    expect(answers).toEqual({
      '201': activationsMax,
      '409 ACTIVATION_LIMIT_EXCEEDED': (sizes[index] ?? 0) - activationsMax,
      ...forNow(answers),
    });
    const license = licenses[index];
    if (license === undefined) throw new Error('There are as many floods as licenses.');
    for (const { baseUrl } of apis) {
      await condition('every device is listed', async () => (await countDevices(baseUrl, license)) >= activationsMax);
      expect(await countDevices(baseUrl, license)).toBe(activationsMax);
      const codes = activated.map(async (fingerprint) => {
        const body = { licenseKey: license.key, fingerprint };
        return (await sendOnce({ baseUrl, path: '/v1/licenses/validate', body })).body.code;
      });
      expect(new Set(await Promise.all(codes))).toEqual(new Set(['VALID']));
    }
  }
});

/** The answers that ask the client to come again, of those that have `Retry-After`. */
const forNow = (answers: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(answers).filter(([name]) =>
      /^((503 UNAVAILABLE|429 RATE_LIMITED) Retry-After|409 CONCURRENT_MODIFICATION.*)$/.test(name),
    ),
  );

describe('While the event store does not answer, commands get 503 and reads work. Each is carried out once afterwards, when the store', () => {
  const divertedTo = ({ line }: Api, port: number | Promise<number>) => ({
    fault: async () => line.divert(await port),
    heal: () => line.divert(null),
  });

  testInFull(
    'is silent for one process and gone for the other',
    async () => {
      const { apis, keys } = product;
      const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      await Promise.all([
        expectUnanswered(apis[0], keys[0], divertedTo(apis[0], (silent.address() as AddressInfo).port)),
        expectUnanswered(apis[1], keys[1], divertedTo(apis[1], freePort())),
      ]);
      silent.close();
    },
    180_000,
  );

  testInFull(
    'is no leader for one process and refuses the password of the other',
    async () => {
      const { apis, keys, store } = product;
      const databases = await Promise.all([createDatabase(), createDatabase()]);
      const login = { ...store.access.login, password: 'another' };
      const [follower, locked] = await Promise.all(
        [store.access, { ...store.access, login }].map((access, index) =>
          startEventStore({ access, databaseUrl: databases[index]?.url ?? '', port: 0 }),
        ),
      );
      if (follower === undefined || locked === undefined) throw new Error('Two servers were started.');
      const refusal = notLeader(await freePort());
      Object.assign(follower.faults, { refuseAppends: refusal, refuseReads: refusal });
      await Promise.all([
        expectUnanswered(apis[0], keys[0], divertedTo(apis[0], follower.port)),
        expectUnanswered(apis[1], keys[1], divertedTo(apis[1], locked.port)),
      ]);
      await Promise.all([follower.stop(), locked.stop()]);
      await Promise.all(databases.map((database) => database.drop()));
    },
    180_000,
  );

  testInFull(
    'is frozen',
    async () => {
      const { apis, keys, store } = product;
      let goOn = () => {};
      const fault = () => {
        goOn = store.freeze();
      };
      await expectUnanswered(apis[0], keys[0], { fault, heal: () => goOn() }).finally(() => goOn());
    },
    180_000,
  );
});

const notLeader = (port: number) => ({
  code: status.NOT_FOUND,
  details: 'Leader info available',
  trailers: { exception: 'not-leader', 'leader-endpoint-host': 'localhost', 'leader-endpoint-port': `${port}` },
});

test(`After ${kills} kills of the event store and ${postgresKills} of its Postgres under load, every acknowledged command is there once`, {
  timeout: 120_000 + (kills + postgresKills) * 30_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`Kills are drawn from seed ${seed}.`);
  const random = randomFrom(seed);
  const { apis, keys, store } = product;
  let isRunning = true;
  const load = apis.flatMap(({ baseUrl }) =>
    Array.from({ length: clientsPerApi }, (_, index) =>
      startClient({ baseUrl, apiKey: keys[index % 2] ?? '' }, () => isRunning),
    ),
  );
  const feeds = keys.slice(0, 2).map((key) => followFeed(apis, key));
  const acknowledged = () => load.reduce((sum, client) => sum + client.acknowledged.length, 0);
  const untilProgress = async () => {
    const before = acknowledged();
    const progress = () => acknowledged() > before + load.length;
    await condition('the load makes progress', progress, 120_000).catch((error: Error) => {
      throw new Error([error.message, ...load.map(({ pending }) => pending())].join('\n'), { cause: error });
    });
  };
  const startedAt = performance.now();

  // A second process takes over, or the first one is started again where it has not waited yet.
  const perPostgresKill = Math.ceil(kills / postgresKills);
  for (let kill = 1; kill <= kills; kill++) {
    await untilProgress();
    await delay(random() * 400);
    await store.kill();
    if (kill % perPostgresKill !== 0) continue;
    await untilProgress();
    await delay(random() * 400);
    await store.killPostgres();
  }
  await untilProgress();
  isRunning = false;
  await Promise.all(load.map(({ done }) => done));
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`${acknowledged()} events were acknowledged under ${kills} + ${postgresKills} kills in ${seconds} s.`);

  const reader = connectEventStore({ url: product.storeUrl });
  const stored = await Promise.all(
    load.map(async ({ licenseId }) => (await reader.read(`license-${licenseId()}`)).events),
  );
  await reader.close();
  for (const [index, events] of stored.entries()) {
    expect(events.map(({ type }) => type)).toEqual(load[index]?.acknowledged);
    expectWholeChain(events);
  }
  for (const [tenant, feed] of feeds.entries()) {
    const own = stored.filter((_, index) => (index % clientsPerApi) % 2 === tenant).flat();
    // The feed begins with the events of the tests above.
    const licenses = new Set(own.map(({ stream }) => stream));
    const ofLoad = () => feed.received().filter(({ stream }) => licenses.has(stream));
    await condition('the feed has every event', () => ofLoad().length >= own.length);
    const { refusals } = await feed.stop();
    expect(ofLoad()).toEqual(own.toSorted(byPosition).map(({ stream, revision }) => ({ stream, revision })));
    console.log(`The feed of a tenant had ${own.length} events of the load, after ${refusals} refusals.`);
  }
  const verified = async () => (await product.verify()).output;
  await condition('everything is projected', async () => (await verified()).includes('"notProjected":0'));
  expect(await product.verify()).toMatchObject({ code: 0 });
});

const byPosition = (a: Recorded, b: Recorded): number =>
  a.position.commit < b.position.commit
    ? -1
    : a.position.commit > b.position.commit
      ? 1
      : Number(a.revision - b.revision);
