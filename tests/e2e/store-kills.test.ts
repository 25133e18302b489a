import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { connectEventStore } from '../../src/eventstore/eventstoredb.ts';
import { expectWholeChain } from '../support/expect-chain.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { condition, processesOf } from '../support/product.ts';
import { sized } from '../support/size.ts';
import { startTwoApis, type TwoApis } from '../support/two-apis.ts';
import { followFeed } from './follow-feed.ts';
import { startClient } from './load.ts';

const kills = Math.max(10, sized(200));
const postgresKills = sized(20);
const clientsPerApi = 4;

const folder = mkdtempSync(join(tmpdir(), 'ledger-store-kills-'));
let product: TwoApis;
beforeAll(async () => {
  product = await startTwoApis(folder);
}, 120_000);
afterAll(async () => {
  await product.stop();
  await condition('no process is left behind', () => processesOf(folder).length === 0);
  rmSync(folder, { recursive: true, force: true });
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
    await condition('the load makes progress', () => acknowledged() > before + load.length, 60_000);
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
    await condition('the feed has every event', () => feed.received().length >= own.length);
    const { received, refusals } = await feed.stop();
    expect(received).toEqual(own.toSorted(byPosition).map(placeOf));
    console.log(`The feed of a tenant had ${received.length} events, after ${refusals} refusals.`);
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

const placeOf = ({ stream, revision }: Recorded): string => `${stream.slice('license-'.length)} ${revision}`;
