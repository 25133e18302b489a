import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { reject } from '../../src/domain/decider.ts';
import { StoreUnavailable } from '../../src/eventstore/event-store.ts';
import { dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import { pauseLicenses, purgePauses, revisionsOf, type StuckLicense } from '../../src/records/sweep-pauses.ts';
import type { OnRefused } from '../../src/workers/carry-out-due.ts';
import { sweepDue } from '../../src/workers/sweep-due.ts';
import { startWorker } from '../../src/workers/worker.ts';
import type { Ledger } from '../support/ledger.ts';
import { condition } from '../support/product.ts';
import {
  activate,
  caughtUp,
  dayMs,
  fail,
  inDays,
  isDue,
  issue,
  ledger,
  noLog,
  planChange,
  pool,
  startProduct,
  stopProduct,
  sweep,
  typesOf,
} from './sweeping.ts';

type OnRefusedArgument = Parameters<OnRefused>[0];

beforeAll(startProduct, 60_000);
afterAll(stopProduct);

const isRefusing = new Set<string>();
/** Refuses the commands of the worker for the licenses in `isRefusing`, as a rule of a later release may do. */
const refusingExecutor = (): Ledger['executor'] => ({
  ...ledger.executor,
  execute: ((...args: Parameters<Ledger['executor']['execute']>) =>
    isRefusing.has(args[1])
      ? Promise.resolve(reject('LIMIT_INVALID', 'This test refuses the command.'))
      : ledger.executor.execute(...args)) as Ledger['executor']['execute'],
});
const planned = async (licenseId: string) => {
  await planChange(licenseId, 2);
  isRefusing.add(licenseId);
};

describe('A due command that its license refuses', () => {
  test('is tried once in each sweep, delays no other license, and succeeds afterwards', async () => {
    const [refused, other] = [await issue(10), await issue(3)];
    await planned(refused);
    const refusals: OnRefusedArgument[] = [];
    const at = inDays(20);
    const sweepBoth = () =>
      sweepDue({
        due: async (page) =>
          (await dueLicenses(pool, page)).filter(({ licenseId }) => [refused, other].includes(licenseId)),
        executor: refusingExecutor(),
        now: () => at,
        onRefused: (refusal) => refusals.push(refusal),
        onError: fail,
      });
    expect(await sweepBoth()).toBe(1);
    expect(refusals.map(({ licenseId, command }) => [licenseId, command])).toEqual([
      [refused, 'CarryOutScheduled'],
      [refused, 'Expire'],
    ]);
    expect(await typesOf(refused, 3)).toEqual([]);
    expect(await isDue(refused, at)).toBe(true);
    expect(await sweepBoth()).toBe(0);
    expect(refusals).toHaveLength(4);

    isRefusing.delete(refused);
    expect(await sweep(at, [refused])).toBe(2);
    await caughtUp(refused);
    expect(await isDue(refused, at)).toBe(false);
  });

  test('is logged in one line per sweep for all refused licenses', async () => {
    const licenseIds = await Promise.all([issue(50), issue(50)]);
    for (const licenseId of licenseIds) await planned(licenseId);
    const lines: [fields: object, sentence: string][] = [];
    const collectingLog = { ...noLog, info: (fields: object, sentence: string) => lines.push([fields, sentence]) };
    const worker = await startWorker({
      backend: { kind: 'postgres', url: ledger.database.url },
      pool,
      executor: refusingExecutor(),
      expirySweepSeconds: 1,
      now: () => inDays(2),
      log: collectingLog,
      queueName: 'refused',
    });
    const refusals = () => lines.filter(([, sentence]) => sentence.includes('were refused'));
    await condition('two sweeps have logged it', () => refusals().length >= 2);
    await worker.close();
    for (const [fields] of refusals())
      expect(fields).toEqual({ refused: 2, licenseIds: expect.arrayContaining(licenseIds) });
  });
});

describe('A license that a sweep could not change', () => {
  const base = 60;
  const pausing = (at: Date) => ({
    revisionsOf: (licenseIds: readonly string[]) => revisionsOf(pool, licenseIds),
    pause: (stuck: readonly StuckLicense[]) => pauseLicenses(pool, stuck, { now: at.toISOString(), seconds: base }),
  });
  /** Sweeps once at each instant. Returns how often the license refused a command in each sweep. */
  const refusalsAt = async (licenseId: string, instants: readonly Date[]) => {
    const counts: number[] = [];
    for (const at of instants) {
      let refused = 0;
      await sweepDue({
        due: async (page) => (await dueLicenses(pool, page)).filter((license) => license.licenseId === licenseId),
        executor: refusingExecutor(),
        now: () => at,
        pauses: pausing(at),
        onError: fail,
        onRefused: () => {
          refused += 1;
        },
      });
      counts.push(refused);
    }
    return counts;
  };
  const start = inDays(20);
  const atSecond = (seconds: number) => new Date(start.getTime() + seconds * 1_000);

  test('is paused twice as long after each failure, up to an hour', async () => {
    const licenseId = await issue(100);
    await planned(licenseId);
    expect(await refusalsAt(licenseId, [0, 59, 60, 179, 180].map(atSecond))).toEqual([1, 0, 1, 0, 1]);
    let at = 180;
    for (let tries = 0; tries < 10; tries++) {
      at += 3_600;
      expect(await refusalsAt(licenseId, [atSecond(at)])).toEqual([1]);
    }
    expect(await refusalsAt(licenseId, [atSecond(at + 3_599), atSecond(at + 3_600)])).toEqual([0, 1]);
  });

  test('is tried in the next sweep after another change', async () => {
    const licenseId = await issue(100);
    await planned(licenseId);
    expect(await refusalsAt(licenseId, [atSecond(0), atSecond(1)])).toEqual([1, 0]);
    await activate(licenseId, 'b');
    expect(await refusalsAt(licenseId, [atSecond(2), atSecond(3), atSecond(62)])).toEqual([1, 0, 1]);
    await activate(licenseId, 'c');
    isRefusing.delete(licenseId);
    expect(await refusalsAt(licenseId, [atSecond(63)])).toEqual([0]);
    expect(await typesOf(licenseId, 5)).toEqual(['LicenseTierChanged', 'LicenseLimitsChanged']);
  });

  test('is tried when another command falls due during its pause', async () => {
    const licenseId = await issue(21);
    await planned(licenseId);
    const expiresAt = await ledger.executor.read(licenseAggregate, licenseId, (license) =>
      license.kind === 'unissued' ? null : license.facts.term.expiresAt,
    );
    const around = (seconds: number) => new Date(Date.parse(expiresAt ?? '') + seconds * 1_000);
    // The pause after the second failure lasts until 75 seconds after the expiry.
    expect(await refusalsAt(licenseId, [-105, -45, -1].map(around))).toEqual([1, 1, 0]);
    expect(await refusalsAt(licenseId, [0].map(around))).toEqual([2]);
  });

  test('is paused after a failure of its stream, but not after a failure of the event store', async () => {
    const licenseId = await issue(1);
    const sweepWith = (error: Error, at: Date) => {
      const failing = { ...ledger.executor, read: () => Promise.reject(error) };
      const errors: unknown[] = [];
      return sweepDue({
        due: async (page) => (await dueLicenses(pool, page)).filter((license) => license.licenseId === licenseId),
        executor: failing,
        now: () => at,
        pauses: pausing(at),
        onRefused: fail,
        onError: (failure) => errors.push(failure),
      }).then(() => errors.length);
    };
    expect(await sweepWith(new StoreUnavailable('down'), atSecond(0))).toBe(1);
    expect(await sweepWith(new Error('damaged'), atSecond(1))).toBe(1);
    expect(await sweepWith(new Error('damaged'), atSecond(2))).toBe(0);
  });

  test('loses its record of the pause a day after the pause', async () => {
    const count = async () => (await ledger.database.superuser.query('select from ops.sweep_pauses')).rowCount ?? 0;
    await ledger.database.superuser.query('delete from ops.sweep_pauses');
    const licenseId = await issue(100);
    const at = new Date(Date.now() - 2 * dayMs).toISOString();
    await pauseLicenses(pool, [{ licenseId, revision: 1n, nextDueAt: null }], { now: at, seconds: base });
    expect([await count(), await purgePauses(pool), await count()]).toEqual([1, 1, 0]);
  });
});
