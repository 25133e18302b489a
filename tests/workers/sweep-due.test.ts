import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { createPool } from '../../src/projections/connect.ts';
import { dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import { migrateQueue } from '../../src/workers/queue.ts';
import { sweepDue } from '../../src/workers/sweep-due.ts';
import { startWorker } from '../../src/workers/worker.ts';
import { context, issueLicense, send as sendCommand } from '../support/commands.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { testId } from '../support/license-fixtures.ts';
import { condition } from '../support/product.ts';
import { sized } from '../support/size.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const dayMs = 86_400_000;
let ledger: Ledger;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  ledger = await startLedger();
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 4, log });
  await migrateQueue(ledger.database.url);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await ledger.stop();
});

const clockAt = (ms: number) => () => new Date(ms);
const fail = (error: unknown) => {
  throw error;
};
const sweepWith = (changed: Partial<Parameters<typeof sweepDue>[0]>) =>
  sweepDue({
    due: (page) => dueLicenses(pool, page),
    executor: ledger.executor,
    now: () => new Date(),
    onRefused: fail,
    onError: fail,
    ...changed,
  });
const sweep = (now: () => Date) => sweepWith({ now });
const listedEvent = z.looseObject({ type: z.string(), effectiveAt: z.string(), recordedAt: z.string() });
const announcements = async (licenseId: string) => {
  const history = await ledger.call('GET', `/v1/licenses/${licenseId}/history?limit=100`, { key: ledger.a.apiKey });
  return z
    .array(listedEvent)
    .parse(history.body.data)
    .filter(({ type }) => type === 'LicenseExpired');
};
const announced = async (licenseId: string) => {
  await condition('the announcement is projected', async () => (await announcements(licenseId)).length > 0);
  return announcements(licenseId);
};
const expiryOf = (license: Awaited<ReturnType<Ledger['issue']>>) =>
  String(license.answer.body.license?.term?.expiresAt);

/** Issues licenses directly in the streams and waits for their projection, because the API takes much longer. */
const issueMany = async (count: number, duration: string): Promise<readonly string[]> => {
  const positions = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const licenseId = testId('lic', `many ${index}`);
      const { data, ...issue } = issueLicense(licenseId);
      const executed = await sendCommand(
        ledger.executor,
        licenseAggregate,
        licenseId,
        {
          ...issue,
          at: new Date().toISOString(),
          data: {
            ...data,
            issuerOrgId: ledger.a.organizationId,
            term: { kind: 'duration', duration, startsAt: null },
          },
        },
        context(),
        () => null,
      );
      if ('rejected' in executed) throw new Error(executed.detail);
      return { licenseId, position: executed.position.commit };
    }),
  );
  for (const { position } of positions) await ledger.projected.waitFor(position, 30_000);
  return positions.map(({ licenseId }) => licenseId);
};

describe('The expiry sweep', () => {
  test('announces an expiry with the instant that the term ended, also when the sweep is late', async () => {
    const license = await ledger.issue({ term: { duration: 'P1D' } });
    const late = Date.parse(expiryOf(license)) + 900 * dayMs;
    await sweep(clockAt(late));
    const [only, ...more] = await announced(license.licenseId);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ effectiveAt: expiryOf(license), recordedAt: new Date(late).toISOString() });
  });

  test('announces an expiry at the instant that the term ends, and not a millisecond earlier', async () => {
    const license = await ledger.issue({ term: { duration: 'P1D' } });
    const expiresAt = Date.parse(expiryOf(license));
    await sweep(clockAt(expiresAt - 1));
    expect(await announcements(license.licenseId)).toEqual([]);
    await sweep(clockAt(expiresAt));
    expect(await announced(license.licenseId)).toHaveLength(1);
  });

  test('announces each of many licenses once, also when several sweeps run at once', async () => {
    const pageMax = sized(500, 50);
    const issued = await issueMany(pageMax + 100, 'P2D');
    const sweepPages = () => sweepWith({ now: clockAt(Date.now() + 3 * dayMs), pageMax });
    const counts = await Promise.all([sweepPages(), sweepPages(), sweepPages()]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(issued.length);
    expect(await announced(issued.at(-1) ?? '')).toHaveLength(1);
    const { rows } = await ledger.database.superuser.query(
      `select license_id from rm.license_events where type = 'LicenseExpired' group by license_id having count(*) > 1`,
    );
    expect(rows).toEqual([]);
  }, 60_000);

  test.each([-1, 1])(
    'sends a reminder once when another machine computed a due date that differs by %i hour',
    async (hours) => {
      const { licenseId } = await ledger.issue({ term: { duration: 'P1Y' } });
      const { superuser } = ledger.database;
      await condition('the license is projected', async () => {
        const { rowCount } = await superuser.query('select from rm.licenses where license_id = $1', [licenseId]);
        return rowCount === 1;
      });
      const { rows } = await superuser.query<{ due_at: Date }>(
        `update rm.licenses l set due_at = l.due_at + $2 * interval '1 hour' from rm.licenses before
        where l.license_id = $1 and before.license_id = $1 returning before.due_at`,
        [licenseId, hours],
      );
      const dueMs = rows[0]?.due_at.getTime() ?? Number.NaN;
      const only = { due: async () => [{ licenseId, dueAt: new Date(dueMs + hours * 3_600_000).toISOString() }] };
      expect(await sweepWith({ ...only, now: clockAt(dueMs - 1) })).toBe(0);
      const late = clockAt(dueMs + Math.max(hours, 0) * 3_600_000);
      expect(await sweepWith({ ...only, now: late })).toBe(1);
      expect(await sweepWith({ ...only, now: late })).toBe(0);
    },
  );

  test('does not expire a license that was renewed after its row was read', async () => {
    const license = await ledger.issue({ term: { duration: 'P1D' } });
    const stale = { licenseId: license.licenseId, dueAt: expiryOf(license) };
    const renewal = { duration: 'P1Y', basis: 'FROM_EXPIRY', reason: { code: 'PURCHASE' } };
    await ledger.call('POST', `/v1/licenses/${license.licenseId}/renew`, { key: ledger.a.apiKey, body: renewal });
    const now = clockAt(Date.parse(stale.dueAt) + dayMs);
    expect(await sweepWith({ due: async () => [stale], now })).toBe(0);
    expect(await announcements(license.licenseId)).toEqual([]);
  });

  test('sends no command to a revoked license', async () => {
    const license = await ledger.issue({ term: { duration: 'P1D' } });
    const revocation = { reason: { code: 'FRAUD' } };
    await ledger.call('POST', `/v1/licenses/${license.licenseId}/revoke`, { key: ledger.a.apiKey, body: revocation });
    const due = await dueLicenses(pool, {
      now: new Date(Date.now() + 5 * dayMs).toISOString(),
      limit: 500,
      after: null,
    });
    expect(due.map(({ licenseId }) => licenseId)).not.toContain(license.licenseId);
  });

  test('reports a failing license and announces the others', async () => {
    const license = await ledger.issue({ term: { duration: 'P1D' } });
    const broken = { licenseId: 'lic_00000000000000000000000000', dueAt: expiryOf(license) };
    const sound = { licenseId: license.licenseId, dueAt: expiryOf(license) };
    const failed: string[] = [];
    const count = await sweepWith({
      due: async () => [broken, sound],
      now: clockAt(Date.parse(sound.dueAt)),
      onError: (error, { licenseId }) => failed.push(`${licenseId}: ${error}`),
    });
    expect({ count, failed }).toEqual({ count: 1, failed: [expect.stringContaining(broken.licenseId)] });
  });

  test('is not needed for validation to answer EXPIRED', async () => {
    const license = await ledger.issue({ term: { duration: 'PT1H' } });
    ledger.clock.aheadMs = 3_600_000 + 1_000;
    const body = { licenseKey: license.licenseKey };
    const answer = await ledger.call('POST', '/v1/licenses/validate', { body });
    ledger.clock.aheadMs = 0;
    expect(answer.body).toMatchObject({ valid: false, code: 'EXPIRED' });
    expect(await announcements(license.licenseId)).toEqual([]);
  });
});

test('Two scheduled workers announce an expiry once', async () => {
  const license = await ledger.issue({ term: { duration: 'PT2S' } });
  const backend = { kind: 'postgres', url: ledger.database.url } as const;
  const now = () => new Date();
  const start = () => startWorker({ backend, pool, executor: ledger.executor, expirySweepSeconds: 1, now, log });
  const workers = await Promise.all([start(), start()]);
  const events = await announced(license.licenseId);
  await Promise.all(workers.map((worker) => worker.close()));
  expect(events).toHaveLength(1);
  expect(await announcements(license.licenseId)).toHaveLength(1);
});
