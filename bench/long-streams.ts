import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { startStack } from '../src/embedded/stack.ts';
import { type Bench, type Figures, type Row, whole } from './bench.ts';
import { insertEvents, type Vendor } from './bulk-log.ts';
import { connectAs, makeLedger } from './ledgers.ts';
import { everySeconds, type LongLicense, longLicense, longLicenseId } from './long-log.ts';
import type { LongTask, LongTimes } from './long-process.ts';

/**
 * Measures P14: the first command of a new process to a license with a long past, and a read of that past, with
 * snapshots. It also measures the very first fold, without snapshots.
 */
export const longFigures: Figures = {
  ids: ['P14'],
  measure: async (bench) => {
    const ledger = await makeLedger(0, bench.say);
    const { dataDir, vendor } = ledger;
    const endsAt = Date.now() - 60_000;
    try {
      const writing = await startStack({ dataDir });
      const db = await connectAs(writing, dataDir, 'eventstore');
      await write(bench, db, vendor, endsAt);
      await db.end();
      await writing.stop();

      const stack = await startStack({ dataDir });
      const rows: Row[] = [];
      for (const license of longLicenses(bench))
        rows.push(...(await measureOne({ bench, stack, vendor }, license, endsAt)));
      await stack.stop();
      return rows;
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

/** Returns the long licenses. They have a thousand active devices, and the last one as many as a large customer. */
export const longLicenses = ({ licenses: { middle, large } }: Bench): readonly LongLicense[] => {
  const [small, most] = [Math.max(middle, 1_000), Math.max(large, 4_000)];
  return [
    { index: 2, events: small, devices: small / 10 },
    { index: 3, events: Math.round(Math.sqrt(small * most)), devices: small / 10 },
    { index: 4, events: most, devices: small / 10 },
    { index: 5, events: most, devices: most / 10 },
  ];
};

const shortLicenses: readonly LongLicense[] = [
  { index: 0, events: 10, devices: 1 },
  { index: 1, events: 10, devices: 1 },
];

export const write = async (bench: Bench, db: Client, vendor: Vendor, endsAt: number): Promise<void> => {
  const { rows } = await db.query<{ end: string }>('select coalesce(max(position), 0) as end from eventstore.events');
  let position = BigInt(rows[0]?.end ?? 0);
  for (const license of [...shortLicenses, ...longLicenses(bench)]) {
    bench.say(`writing a license with ${whole(license.events)} events, ${whole(license.devices)} devices`);
    const stream = `license-${longLicenseId(vendor, license.index)}`;
    for (const piece of longLicense(vendor, license, endsAt)) {
      const events = piece.map(({ id, type, data, metadata, revision }) => {
        position += 2_000n;
        const texts = { data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
        return { position: `${position}`, stream, revision, event_id: id, type, ...texts };
      });
      await insertEvents(db, events, new Date(endsAt).toISOString());
    }
  }
  await db.query('vacuum analyze');
};

type StackUrls = { readonly databaseUrl: string; readonly eventStoreUrl: string };

export const measureOne = async (
  { bench, stack, vendor }: { readonly bench: Bench; readonly stack: StackUrls; readonly vendor: Vendor },
  { index, events, devices }: LongLicense,
  endsAt: number,
): Promise<readonly Row[]> => {
  const what = `${whole(events)} events, ${whole(devices)} devices`;
  const { databaseUrl, eventStoreUrl } = stack;
  const span = events * everySeconds * 1_000;
  const instants = [0.1, 0.5, 0.9].map((share) => new Date(endsAt - span * share).toISOString());
  // The first license warms the code and the connections of a process.
  const ids = [0, 1, index].map((licenseIndex) => longLicenseId(vendor, licenseIndex));
  const task = { databaseUrl, eventStoreUrl, licenseIds: ids, instants };
  bench.say(`folding ${what} for the first time`);
  const first = await inNewProcess({ ...task, instants: [] });
  const rounds: LongTimes[] = [];
  for (let round = 0; round < bench.rounds * 3; round++) rounds.push(await inNewProcess(task));

  const command = median(rounds.map((round) => round.command[2] ?? 0));
  const short = median(rounds.map((round) => round.command[1] ?? 0));
  const asOf = median(rounds.map((round) => Math.max(...(round.asOf[2] ?? []))));
  const shortAsOf = median(rounds.map((round) => Math.max(...(round.asOf[1] ?? []))));
  const peak = whole(Math.max(...rounds.map(({ peakMb }) => peakMb)));
  return [
    [
      'P14',
      `first command, ${what}, ms`,
      whole(command),
      '<= 300',
      `${ratio(command, short)} of a short license; ${peak} MB`,
    ],
    ['P14', `asOf, ${what}, ms`, whole(asOf), '<= 300', `${ratio(asOf, shortAsOf)} of a short license`],
    ['P14', `first fold of all, ${what}, ms`, whole(first.command[2] ?? 0), '', `${whole(first.peakMb)} MB`],
  ];
};

const inNewProcess = async (task: LongTask): Promise<LongTimes> => {
  const child = fork(fileURLToPath(new URL('./long-process.ts', import.meta.url)));
  child.send(task);
  const [times] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`The measured process ended with ${code}.`))),
  ])) as [LongTimes];
  return times;
};

const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? 0;

const ratio = (one: number, other: number): string => `${(one / other).toFixed(1)} x the ${other.toFixed(1)} ms`;
