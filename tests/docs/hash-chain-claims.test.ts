import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { genesisHash, linkToChain } from '../../src/eventstore/chain/chain.ts';
import type { EventStore, JsonObject, Proposed } from '../../src/eventstore/event-store.ts';
import { connectLogReader, type LogReader } from '../../src/eventstore/read-log.ts';
import { streamPrefixes } from '../../src/projections/fold/fold-event.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { appendLog } from '../support/append-log.ts';
import { type RunningStore, startOwnStore } from '../support/event-store.ts';
import { createLog, testId } from '../support/license-fixtures.ts';
import { createReadModels, emptyReadModels, project } from '../support/read-models.ts';

// Each attack writes to the table of the event store. SECURITY.md has one row for each.
let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let store: EventStore;
let reader: LogReader;
let database: pg.Client;
const stream = `license-${testId('lic', 'attacked')}`;

beforeAll(async () => {
  [models, running] = await Promise.all([createReadModels(), startOwnStore()]);
  store = running.connect();
  reader = connectLogReader({ url: running.url });
  database = new pg.Client(running.databaseUrl);
  await database.connect();
  const ledger = createLog();
  const licenseId = ledger.issue('attacked');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
  // The log goes on after the attacked stream, so its end does not show the attack.
  ledger.issue('untouched');
  await appendLog(store, ledger.log);
}, 60_000);
afterAll(async () => {
  await database.end();
  await reader.close();
  await running.stop();
  await models.drop();
});

const rebuild = async (): Promise<void> => {
  const head = await store.head({ timeoutMs: 5_000 });
  if (head === null) throw new Error('The log is empty.');
  const events = [];
  for await (const recorded of reader.read({ streamPrefixes, upTo: head })) events.push(recorded);
  await emptyReadModels(models.superuser);
  await project(models.projector, events);
};

/** Returns the codes that a verification finds for the attacked stream; `nothing` when the ledger counts as intact. */
const verifiedCodes = async (): Promise<string> => {
  const { intact, findings } = await verifyLedger({ store, readLog: reader.read, pool: models.projector });
  return intact ? 'nothing' : findings.map(({ code }) => `\`${code}\``).join(', ');
};

type Row = {
  readonly revision: string;
  readonly event_id: string;
  readonly type: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
};
const rowsOfStream = async (): Promise<readonly Row[]> =>
  (await database.query('select * from eventstore.events where stream = $1 order by revision', [stream])).rows;

const eventOf = ({ event_id: id, type, data, metadata }: Row): Proposed => {
  const { hash: _, ...rest }: JsonObject = JSON.parse(metadata.toString());
  return { id, type, data: JSON.parse(data.toString()), metadata: rest };
};

const write = async (revision: number, { data, metadata }: Pick<Proposed, 'data' | 'metadata'>): Promise<void> => {
  await database.query('update eventstore.events set data = $3, metadata = $4 where stream = $1 and revision = $2', [
    ...[stream, revision, Buffer.from(JSON.stringify(data)), Buffer.from(JSON.stringify(metadata))],
  ]);
};

/** Changes the platform of the third event, and computes the hashes of as many events from there on. */
const change = async (rehashed: number): Promise<void> => {
  const rows = await rowsOfStream();
  const events = rows.map(eventOf).map((event, revision) => {
    return revision === 2 ? { ...event, data: { ...event.data, platform: 'forged' } } : event;
  });
  const linked = linkToChain(events, { stream, nextRevision: 0n, hash: genesisHash });
  for (let revision = 2; revision < 2 + Math.max(rehashed, 1); revision += 1) {
    const event = linked[revision];
    const stored = rows[revision];
    if (event === undefined || stored === undefined) throw new Error('The stream has five events.');
    const metadata = rehashed === 0 ? JSON.parse(stored.metadata.toString()) : event.metadata;
    await write(revision, { data: event.data, metadata });
  }
};

const remove = async (where: string): Promise<void> => {
  await database.query(`delete from eventstore.events where stream = $1 and ${where}`, [stream]);
};

const appendForged = async (): Promise<void> => {
  const rows = await rowsOfStream();
  const last = rows.at(-1);
  if (last === undefined) throw new Error('The stream has five events.');
  const { hash } = JSON.parse(last.metadata.toString());
  const copy = eventOf(last);
  const forged = {
    ...copy,
    id: '00000000-0000-4000-8000-00000000f09e',
    data: { ...copy.data, activationId: testId('act', 'forged'), fingerprintHash: 'f'.repeat(64), countAfter: 4 },
  };
  await store.append(stream, linkToChain([forged], { stream, nextRevision: 5n, hash }), 4n, { timeoutMs: 10_000 });
};

const attacks: Readonly<Record<string, () => Promise<void>>> = {
  'change an event, keep its hash': () => change(0),
  'change an event and its own hash': () => change(1),
  'change an event and all later hashes of the stream': () => change(3),
  'remove an event in the middle': () => remove('revision = 2'),
  'remove the last event': () => remove('revision = 4'),
  'remove a whole stream': () => remove('true'),
  'append an event with a right hash': appendForged,
};

const table = readFileSync('SECURITY.md', 'utf8').split('\n| attack |')[1]?.split('\n\n')[0] ?? '';
const claims = [...table.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm)].map(([, attack = '', before, after]) => ({
  ...{ attack, before, after },
}));

test('SECURITY.md has each attack of this test, and without an attack nothing is found', async () => {
  expect(claims.map(({ attack }) => attack)).toEqual(Object.keys(attacks));
  await rebuild();
  expect(await verifiedCodes()).toBe('nothing');
});

test.each(claims)('$attack: ledger verify reports what SECURITY.md says', async ({ attack, before, after }) => {
  await database.query('create temp table saved as select * from eventstore.events');
  await rebuild();
  const noted = (await rowsOfStream()).map(({ metadata }) => JSON.parse(metadata.toString()).hash);
  try {
    await attacks[attack]?.();
    expect(await verifiedCodes()).toBe(before);
    // Over a damaged stream a rebuild ends early.
    await rebuild().catch(() => undefined);
    expect(await verifiedCodes()).toBe(after);
    // The note of an auditor shows what the chain does not, except for what came after the note.
    const hashes = (await rowsOfStream()).map(({ metadata }) => JSON.parse(metadata.toString()).hash);
    if (after === 'nothing')
      expect(noted.every((hash, revision) => hashes[revision] === hash)).toBe(attack.startsWith('append'));
  } finally {
    await database.query('delete from eventstore.events');
    await database.query('insert into eventstore.events select * from saved; drop table saved');
  }
});
