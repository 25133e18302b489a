import type { Pool, PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createExecutor } from '../../../src/eventstore/executor/execute.ts';
import { type OpenStream, openStream, readFeed, type Sent } from '../../support/feed.ts';
import { issueDirectly } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { condition } from '../../support/product.ts';

let ledger: Ledger;
/** The organizations whose feed was read, one entry for each read. */
let reads: string[] = [];
beforeAll(async () => {
  ledger = await startLedger();
  for (const pool of [ledger.database.api, ledger.feedPool]) noteReads(pool);
});
afterAll(() => ledger.stop());
beforeEach(() => {
  reads = [];
});

const watched = new WeakSet<PoolClient>();
const noteReads = (pool: Pool) =>
  pool.on('acquire', (client) => {
    if (watched.has(client)) return;
    watched.add(client);
    const query = client.query;
    client.query = ((...args: { name?: string; values?: string[] }[]) => {
      if (args[0]?.name === 'feed-extent') reads.push(String(args[0].values?.[0]));
      return Reflect.apply(query, client, args);
    }) as typeof query;
  });

const readsOf = (organizationId: string) => reads.filter((id) => id === organizationId).length;

/** Opens streams that wait for the next event of an organization. */
const openIdle = async (key: string, count: number): Promise<readonly OpenStream[]> => {
  const { cursor } = await readFeed(ledger, key);
  const waiting = ledger.hearing() + count;
  const streams = await Promise.all(
    Array.from({ length: count }, () => openStream(ledger, { key, query: `?cursor=${cursor}` })),
  );
  await condition('all streams wait', () => ledger.hearing() === waiting, 10_000);
  return streams;
};

test('A commit of one organization makes no stream of another organization read', async () => {
  const { organizationId, apiKey } = ledger.b;
  const idle = await openIdle(apiKey, 20);
  const [ours] = await openIdle(ledger.a.apiKey, 1);
  reads = [];
  const ids: string[] = [];
  for (let count = 0; count < 10; count++) ids.push((await ledger.issue()).licenseId);
  const sent: (Sent | null | undefined)[] = [];
  for (let count = 0; count < 20; count++) sent.push(await ours?.next());
  expect(sent.map((each) => String(each?.data.subject))).toEqual(ids.flatMap((id) => [id, id]));
  expect(readsOf(organizationId)).toBe(0);
  for (const stream of [...idle, ours]) stream?.leave();
});

test('An event reaches all streams of its organization with few reads, each stream once', async () => {
  const { organizationId, apiKey } = ledger.b;
  const streams = await openIdle(apiKey, 20);
  reads = [];
  const { licenseId } = await ledger.issue({}, ledger.b);
  for (const stream of streams)
    expect([await stream.next(), await stream.next()]).toMatchObject([
      { event: 'ledger.license.issued.v1', data: { subject: licenseId } },
      { event: 'ledger.license.key_issued.v1', data: { subject: licenseId } },
    ]);
  expect(readsOf(organizationId)).toBeLessThan(20);
  for (const stream of streams) stream.leave();
});

test('Streams do without a connection of the requests, also while all of these are taken', async () => {
  const [stream] = await openIdle(ledger.a.apiKey, 1);
  // The command takes no connection, so that only the stream could need one.
  const executor = createExecutor({ store: ledger.store.connect() });
  const taken = await Promise.all(Array.from({ length: 8 }, () => ledger.database.api.connect()));
  try {
    const { licenseId } = await issueDirectly({ ...ledger, executor });
    expect(await stream?.next()).toMatchObject({ data: { subject: licenseId } });
  } finally {
    for (const client of taken) client.release();
  }
  stream?.leave();
});
