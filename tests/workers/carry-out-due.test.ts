import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogAggregate, licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { builtInPolicyId } from '../../src/aggregates/derived-ids.ts';
import type { CatalogCommand } from '../../src/domain/catalog/commands.ts';
import { encodeId } from '../../src/domain/ids.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import { type Recorded, StoreUnavailable } from '../../src/eventstore/event-store.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/ids.ts';
import { createPool } from '../../src/projections/connect.ts';
import { dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import { pauseLicenses, purgePauses, revisionsOf, type StuckLicense } from '../../src/records/sweep-pauses.ts';
import type { OnRefused } from '../../src/workers/carry-out-due.ts';
import { migrateQueue } from '../../src/workers/queue.ts';
import { sweepDue } from '../../src/workers/sweep-due.ts';
import { startWorker } from '../../src/workers/worker.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { testHash, testId } from '../support/license-fixtures.ts';
import { condition } from '../support/product.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const dayMs = 86_400_000;
let ledger: Ledger;
let store: ReturnType<Ledger['store']['connect']>;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  ledger = await startLedger();
  store = ledger.store.connect();
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 4, log });
  await migrateQueue(ledger.database.url);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await ledger.stop();
});

type Sent<Command> = Command extends { readonly at: string } ? Omit<Command, 'at'> : never;

const now = () => new Date().toISOString();
const inDays = (days: number) => new Date(Date.now() + days * dayMs);
const projected = async (position: bigint) => {
  if (!(await ledger.projected.waitFor(position, 10_000))) throw new Error('It was not projected in time.');
};
const send = async (licenseId: string, sent: Sent<LicenseCommand>) => {
  const command = { ...sent, at: now() } as LicenseCommand;
  const executed = await sendCommand(ledger.executor, licenseAggregate, licenseId, command, context(), () => null);
  if ('rejected' in executed) throw new Error(executed.detail);
  await projected(executed.position.commit);
  return executed.events;
};
const sendCatalog = async (issuerOrgId: string, sent: Sent<CatalogCommand>) => {
  const command = { ...sent, at: now() } as CatalogCommand;
  const executed = await sendCommand(ledger.executor, catalogAggregate, issuerOrgId, command, context(), () => null);
  if ('rejected' in executed) throw new Error(executed.detail);
};
/** A license for `days`, of organization A unless said otherwise, with nothing else to fall due. */
const issue = async (days: number, overrides: Partial<PinnedPolicy> = {}, issuerOrgId = ledger.a.organizationId) => {
  const licenseId = encodeId('lic', aggregateId(newCommandId(), 'license'));
  await send(licenseId, {
    type: 'IssueLicense',
    data: {
      licenseId,
      issuerOrgId,
      holderOrgId: null,
      entitlements: [],
      externalRef: null,
      policy: { ...builtInPolicy('PRO', testId('pol', 'pro')), remindBefore: [], ...overrides },
      products: ['local_cli', 'cloud_ide'],
      term: { kind: 'duration', duration: `P${days}D`, startsAt: null },
      limits: { activations: 5, seats: 0, users: 0, meters: {} },
      key: { keyHash: testHash(licenseId), secretId: 'secret-1', hint: 'ABCDE' },
    },
  });
  return licenseId;
};
const onTrial = (issuerOrgId?: string) =>
  issue(14, { ...builtInPolicy('TRIAL', testId('pol', 'trial')), remindBefore: [] }, issuerOrgId);
const activate = (licenseId: string, device: string) =>
  send(licenseId, {
    type: 'Activate',
    data: {
      activationId: testId('act', `${licenseId}/${device}`),
      fingerprintHash: testHash(device),
      product: null,
      nameRef: null,
      platform: null,
      appVersion: null,
    },
  });
/** Announces a change to a policy that admits no device and refuses to go below what is in use. */
const planRefused = (licenseId: string, days: number) =>
  send(licenseId, {
    type: 'ChangeTier',
    data: {
      target: {
        policy: { ...builtInPolicy('FREE', testId('pol', 'strict')), limitStrategy: 'REJECT' },
        limits: { activations: 0, seats: 0, users: 0, meters: {} },
        products: null,
        entitlements: null,
      },
      scheduled: { effectiveAt: inDays(days).toISOString() },
    },
  });

/** Sweeps as of then, the licenses that are meant only; what is refused fails the test unless it is expected. */
const sweep = (at: Date, licenseIds: readonly string[], onRefused: OnRefused = fail) =>
  sweepDue({
    due: async (page) => (await dueLicenses(pool, page)).filter(({ licenseId }) => licenseIds.includes(licenseId)),
    executor: ledger.executor,
    now: () => at,
    onRefused,
    onError: fail,
  });
const fail = (error: unknown) => {
  throw error;
};
const isDue = async (licenseId: string, at: Date) => {
  const due = await dueLicenses(pool, { now: at.toISOString(), limit: 500, after: null });
  return due.some((each) => each.licenseId === licenseId);
};
const eventsOf = async (licenseId: string): Promise<readonly Recorded[]> =>
  (await store.read(licenseAggregate.stream(licenseId))).events;
const typesOf = async (licenseId: string, from: number) =>
  (await eventsOf(licenseId)).slice(from).map(({ type }) => type);
/** Until the row of the license knows its last event. */
const caughtUp = async (licenseId: string) => projected((await eventsOf(licenseId)).at(-1)?.position.commit ?? 0n);

describe('the sweep', () => {
  test('announces the end of a grace as of its instant, after the expiry, and by the system', async () => {
    const licenseId = await issue(1, { expiryGraceSeconds: 86_400 });
    expect(await sweep(inDays(1.5), [licenseId])).toBe(1);
    await caughtUp(licenseId);
    expect(await isDue(licenseId, inDays(1.9))).toBe(false);
    expect(await sweep(inDays(400), [licenseId])).toBe(1);
    const [expired, ended, ...more] = (await eventsOf(licenseId)).slice(2);
    expect(expired?.type).toBe('LicenseExpired');
    expect(ended).toMatchObject({
      type: 'LicenseGraceEnded',
      data: { termNumber: 1 },
      metadata: { actor: { type: 'SYSTEM', id: 'expiry-sweep' }, effectiveAt: ended?.data.graceUntil },
    });
    expect(more).toEqual([]);
    await caughtUp(licenseId);
    expect(await isDue(licenseId, inDays(4_000))).toBe(false);
  });

  test('catches up with an expiry and a grace that were both missed', async () => {
    const licenseId = await issue(1, { expiryGraceSeconds: 3_600 });
    expect(await sweep(inDays(30), [licenseId])).toBe(2);
    expect(await typesOf(licenseId, 2)).toEqual(['LicenseExpired', 'LicenseGraceEnded']);
  });

  test('A worker that is told to stop sends no further command, not even of the same license', async () => {
    const licenseId = await issue(1, { expiryGraceSeconds: 3_600 });
    const stop = new AbortController();
    const execute: typeof ledger.executor.execute = async (...command) => {
      const executed = await ledger.executor.execute(...command);
      stop.abort();
      return executed;
    };
    const sweepUntil = (signal: AbortSignal) =>
      sweepDue({
        due: async () => [{ licenseId, dueAt: inDays(1).toISOString() }],
        executor: { ...ledger.executor, execute },
        now: () => inDays(30),
        onRefused: fail,
        onError: fail,
        signal,
      });
    expect(await sweepUntil(stop.signal)).toBe(1);
    expect(await typesOf(licenseId, 2)).toEqual(['LicenseExpired']);
    expect(await sweep(inDays(30), [licenseId])).toBe(1);
    expect(await typesOf(licenseId, 2)).toEqual(['LicenseExpired', 'LicenseGraceEnded']);
  });

  test('reminds once per offset, also when several sweeps run at once, and not of what is longer than the term', async () => {
    const licenseId = await issue(10, { remindBefore: ['P30D', 'P7D', 'P1D'] });
    expect(await isDue(licenseId, inDays(2.9))).toBe(false);
    const counts = await Promise.all([1, 2, 3].map(() => sweep(inDays(3), [licenseId])));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    await caughtUp(licenseId);
    expect(await sweep(inDays(3), [licenseId])).toBe(0);
    expect(await sweep(inDays(9.5), [licenseId])).toBe(1);
    const reminders = (await eventsOf(licenseId)).slice(2);
    expect(reminders.map(({ type, data }) => [type, data.offset])).toEqual([
      ['LicenseExpiringSoon', 'P7D'],
      ['LicenseExpiringSoon', 'P1D'],
    ]);
  });

  test('ends a trial in the built-in FREE where its issuer has no catalog', async () => {
    const licenseId = await onTrial(ledger.b.organizationId);
    expect(await sweep(inDays(13.9), [licenseId])).toBe(0);
    expect(await sweep(inDays(20), [licenseId])).toBe(1);
    const [expired, changed, limits, started] = (await eventsOf(licenseId)).slice(2);
    expect([expired?.type, limits?.type]).toEqual(['LicenseExpired', 'LicenseLimitsChanged']);
    expect(changed).toMatchObject({
      type: 'LicenseTierChanged',
      data: { to: 'FREE', cause: 'TRIAL_ENDED', policyId: builtInPolicyId(ledger.b.organizationId, 'FREE') },
    });
    expect(started).toMatchObject({ type: 'LicenseTermStarted', data: { expiresAt: null, trigger: 'TRIAL_ENDED' } });
    await caughtUp(licenseId);
    expect(await isDue(licenseId, inDays(4_000))).toBe(false);
  });

  test('ends a trial in the FREE policy of its issuer’s catalog, as that is then', async () => {
    const { organizationId } = ledger.a;
    const licenseId = await onTrial(organizationId);
    const policyIds = {
      FREE: builtInPolicyId(organizationId, 'FREE'),
      TRIAL: builtInPolicyId(organizationId, 'TRIAL'),
      PRO: builtInPolicyId(organizationId, 'PRO'),
      ENTERPRISE: builtInPolicyId(organizationId, 'ENTERPRISE'),
    };
    const product = (code: string) => ({ productId: testId('prd', code), code, name: code, description: null });
    await sendCatalog(organizationId, {
      type: 'OpenCatalog',
      data: { issuerOrgId: organizationId, products: [product('local_cli'), product('cloud_ide')], policyIds },
    });
    const { policyId, version: _, ...rules } = builtInPolicy('FREE', policyIds.FREE);
    const limits = { activations: 3, seats: 0, users: 0, meters: {} };
    await sendCatalog(organizationId, {
      type: 'AddPolicyVersion',
      data: {
        policyId,
        content: {
          name: 'Hobby',
          rules,
          products: ['local_cli'],
          term: { basis: 'PERPETUAL' },
          limits,
          entitlements: [],
        },
      },
    });
    expect(await sweep(inDays(20), [licenseId])).toBe(1);
    const [, changed, dropped, lowered] = (await eventsOf(licenseId)).slice(2);
    expect(changed?.data).toMatchObject({ to: 'FREE', policyId, policyVersion: 2 });
    expect(dropped).toMatchObject({ type: 'ProductRemoved', data: { product: 'cloud_ide' } });
    expect(lowered?.data.after).toEqual(limits);
  });

  test('carries out an announced tier change with its consequences, however late', async () => {
    const licenseId = await issue(100);
    const target = { policy: builtInPolicy('FREE', testId('pol', 'free')), products: ['local_cli'] };
    await send(licenseId, {
      type: 'ChangeTier',
      data: {
        target: { ...target, limits: null, entitlements: null },
        scheduled: { effectiveAt: inDays(2).toISOString() },
      },
    });
    expect(await sweep(inDays(1.9), [licenseId])).toBe(0);
    expect(await sweep(inDays(9), [licenseId])).toBe(1);
    expect(await typesOf(licenseId, 3)).toEqual(['LicenseTierChanged', 'ProductRemoved']);
  });

  test('does not carry out what was withdrawn after its row was read', async () => {
    const licenseId = await issue(100);
    const [planned] = await planRefused(licenseId, 2);
    const eventId = String(planned?.data.eventId);
    await send(licenseId, { type: 'CancelScheduled', data: { eventId } });
    const stale = { licenseId, dueAt: inDays(2).toISOString() };
    const { executor } = ledger;
    const due = async () => [stale];
    expect(await sweepDue({ due, executor, now: () => inDays(3), onRefused: fail, onError: fail })).toBe(0);
  });

  test('retires a rotated key as of the end of its overlap', async () => {
    const licenseId = await issue(100);
    const [rotated] = await send(licenseId, {
      type: 'RotateKey',
      data: { keyHash: testHash(`second ${licenseId}`), secretId: 's', hint: 'B', overlapSeconds: 60, cause: 'LOST' },
    });
    expect(await sweep(inDays(1), [licenseId])).toBe(1);
    const [retired, ...more] = (await eventsOf(licenseId)).slice(3);
    expect(more).toEqual([]);
    expect(retired).toMatchObject({ type: 'LicenseKeyRetired', data: { keyVersion: 1 } });
    expect(retired?.metadata.effectiveAt).toBe(rotated?.data.overlapUntil);
  });
});

describe('a tier change that the limit strategy refuses', () => {
  test('is tried once a sweep, holds up nothing else, and is carried out when it can be', async () => {
    const [refused, other] = [await issue(10), await issue(3)];
    await activate(refused, 'a');
    await planRefused(refused, 2);
    const refusals: unknown[] = [];
    const at = inDays(20);
    // Its own expiry, and that of the other license.
    expect(await sweep(at, [refused, other], (each) => refusals.push(each))).toBe(2);
    expect(refusals).toEqual([
      {
        licenseId: refused,
        command: 'CarryOutScheduled',
        rejection: expect.objectContaining({ rejected: 'ACTIVATION_LIMIT_EXCEEDED' }),
      },
    ]);
    expect(await typesOf(refused, 4)).toEqual(['LicenseExpired']);

    await caughtUp(refused);
    expect(await isDue(refused, at)).toBe(true);
    expect(await sweep(at, [refused], (each) => refusals.push(each))).toBe(0);
    expect(refusals).toHaveLength(2);

    await send(refused, {
      type: 'Deactivate',
      data: { device: { fingerprintHash: testHash('a') }, by: 'ADMIN' },
    });
    expect(await sweep(at, [refused])).toBe(1);
    await caughtUp(refused);
    expect(await isDue(refused, at)).toBe(false);
  });

  test('is told in one line of each sweep, however many there are', async () => {
    const licenseIds = await Promise.all([issue(50), issue(50)]);
    for (const licenseId of licenseIds) {
      await activate(licenseId, 'a');
      await planRefused(licenseId, 1);
    }
    const lines: [fields: object, sentence: string][] = [];
    const telling = { ...log, info: (fields: object, sentence: string) => lines.push([fields, sentence]) };
    const worker = await startWorker({
      backend: { kind: 'postgres', url: ledger.database.url },
      pool,
      executor: ledger.executor,
      expirySweepSeconds: 1,
      now: () => inDays(2),
      log: telling,
      queueName: 'refused',
    });
    const refusals = () => lines.filter(([, sentence]) => sentence.includes('refused by the limit strategy'));
    await condition('two sweeps have told of it', () => refusals().length >= 2);
    await worker.close();
    for (const [fields] of refusals())
      expect(fields).toEqual({ refused: 2, licenseIds: expect.arrayContaining(licenseIds) });
  });
});

describe('a license that a sweep could not change', () => {
  const base = 60;
  const pausing = (at: Date) => ({
    revisionsOf: (licenseIds: readonly string[]) => revisionsOf(pool, licenseIds),
    pause: (stuck: readonly StuckLicense[]) => pauseLicenses(pool, stuck, { now: at.toISOString(), seconds: base }),
  });
  /** Sweeps once at each instant; returns how often the license was refused each time. */
  const refusalsAt = async (licenseId: string, instants: readonly Date[]) => {
    const counts: number[] = [];
    for (const at of instants) {
      let refused = 0;
      await sweepDue({
        due: async (page) => (await dueLicenses(pool, page)).filter((each) => each.licenseId === licenseId),
        executor: ledger.executor,
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

  test('is left alone for longer each time, an hour at most', async () => {
    const licenseId = await issue(100);
    await activate(licenseId, 'a');
    await planRefused(licenseId, 2);
    expect(await refusalsAt(licenseId, [0, 59, 60, 179, 180].map(atSecond))).toEqual([1, 0, 1, 0, 1]);
    let at = 180;
    for (let tries = 0; tries < 10; tries++) {
      at += 3_600;
      expect(await refusalsAt(licenseId, [atSecond(at)])).toEqual([1]);
    }
    expect(await refusalsAt(licenseId, [atSecond(at + 3_599), atSecond(at + 3_600)])).toEqual([0, 1]);
  });

  test('is looked at in the next sweep when something has changed it', async () => {
    const licenseId = await issue(100);
    await activate(licenseId, 'a');
    await planRefused(licenseId, 2);
    expect(await refusalsAt(licenseId, [atSecond(0), atSecond(1)])).toEqual([1, 0]);
    await activate(licenseId, 'b');
    expect(await refusalsAt(licenseId, [atSecond(2), atSecond(3), atSecond(62)])).toEqual([1, 0, 1]);
    for (const device of ['a', 'b'])
      await send(licenseId, {
        type: 'Deactivate',
        data: { device: { fingerprintHash: testHash(device) }, by: 'ADMIN' },
      });
    expect(await refusalsAt(licenseId, [atSecond(63)])).toEqual([0]);
    expect(await typesOf(licenseId, 7)).toEqual(['LicenseTierChanged', 'LicenseLimitsChanged']);
  });

  test('announces an expiry that falls due while a refused tier change pauses it', async () => {
    const licenseId = await issue(21);
    await activate(licenseId, 'a');
    await planRefused(licenseId, 2);
    const expiresAt = await ledger.executor.read(licenseAggregate, licenseId, (license) =>
      license.kind === 'unissued' ? null : license.facts.term.expiresAt,
    );
    const around = (seconds: number) => new Date(Date.parse(expiresAt ?? '') + seconds * 1_000);
    // The pause that begins with the second try would last until 75 seconds after the expiry.
    expect(await refusalsAt(licenseId, [-105, -45, -1].map(around))).toEqual([1, 1, 0]);
    expect(await typesOf(licenseId, 4)).toEqual([]);
    expect(await refusalsAt(licenseId, [0].map(around))).toEqual([1]);
    expect(await typesOf(licenseId, 4)).toEqual(['LicenseExpired']);
  });

  test('is not paused by a failure of the store, and by one of its stream it is', async () => {
    const licenseId = await issue(1);
    const sweepWith = (error: Error, at: Date) => {
      const failing = { ...ledger.executor, read: () => Promise.reject(error) };
      const errors: unknown[] = [];
      return sweepDue({
        due: async (page) => (await dueLicenses(pool, page)).filter((each) => each.licenseId === licenseId),
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

  test('is forgotten a day after its pause', async () => {
    const count = async () => (await ledger.database.superuser.query('select from ops.sweep_pauses')).rowCount ?? 0;
    await ledger.database.superuser.query('delete from ops.sweep_pauses');
    const licenseId = await issue(100);
    const at = new Date(Date.now() - 2 * dayMs).toISOString();
    await pauseLicenses(pool, [{ licenseId, revision: 1n, nextDueAt: null }], { now: at, seconds: base });
    expect([await count(), await purgePauses(pool), await count()]).toEqual([1, 1, 0]);
  });
});
