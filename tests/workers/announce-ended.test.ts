import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { encodeId } from '../../src/domain/ids.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import { verifyLink } from '../../src/eventstore/chain/chain.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { createPool } from '../../src/projections/connect.ts';
import { dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import { carryOutDue } from '../../src/workers/carry-out-due.ts';
import { createPace } from '../../src/workers/pace.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { testHash, testId } from '../support/license-fixtures.ts';

const devices = 450;
let ledger: Ledger;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  ledger = await startLedger();
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 4, log });
}, 60_000);
afterAll(async () => {
  await pool.end();
  await ledger.stop();
});

const now = () => new Date().toISOString();
const send = async (licenseId: string, sent: Omit<LicenseCommand, 'at'>) => {
  const command = { ...sent, at: now() } as LicenseCommand;
  const executed = await sendCommand(ledger.executor, licenseAggregate, licenseId, command, context(), () => null);
  if ('rejected' in executed) throw new Error(executed.detail);
  return executed;
};
const isDue = async (licenseId: string, position: bigint) => {
  await ledger.projected.waitFor(position, 10_000);
  const due = await dueLicenses(pool, { now: now(), limit: 500, after: null });
  return due.some((license) => license.licenseId === licenseId);
};

test('Concurrent workers announce each device that a transfer ended once and in order, under the previous holder', async () => {
  const licenseId = encodeId('lic', aggregateId(newCommandId(), 'license'));
  const holderOrgId = ledger.b.organizationId;
  await send(licenseId, {
    type: 'IssueLicense',
    data: {
      licenseId,
      issuerOrgId: ledger.a.organizationId,
      holderOrgId,
      entitlements: [],
      externalRef: null,
      policy: { ...builtInPolicy('PRO', testId('pol', 'pro')), remindBefore: [], transferable: true },
      products: ['local_cli'],
      term: { kind: 'perpetual', startsAt: null },
      limits: { activations: devices, seats: 0, users: 0, meters: {} },
      key: { keyHash: testHash(licenseId), secretId: 'secret-1', hint: 'ABCDE' },
    },
  });
  await Promise.all(
    Array.from({ length: devices }, (_, index) =>
      send(licenseId, {
        type: 'Activate',
        data: {
          activationId: testId('act', `${licenseId}/${index}`),
          fingerprintHash: testHash(`device ${index}`),
          product: 'local_cli',
          nameRef: null,
          platform: 'linux',
          appVersion: '2.1.0',
        },
      }),
    ),
  );
  const transferred = await send(licenseId, {
    type: 'Transfer',
    data: { toHolderOrgId: null, accepted: true, expiry: 'KEEP', activations: 'RELEASE' },
  });
  expect(transferred.events).toHaveLength(200);
  expect(await isDue(licenseId, transferred.position.commit)).toBe(true);

  const store = ledger.store.connect();
  const workers = [ledger.executor, createExecutor({ store }), createExecutor({ store })];
  const counts = await Promise.all(
    workers.map((executor) => carryOutDue({ executor, onRefused: fail, pace: createPace(1) }, licenseId, now())),
  );
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(6);

  const { events } = await store.read(licenseAggregate.stream(licenseId));
  const announced = events.filter(({ type }) => type === 'ActivationDeactivated');
  const recorded = events.filter(({ type }) => type === 'ActivationRecorded');
  expect(announced.map(({ data }) => data.activationId)).toEqual(recorded.map(({ data }) => data.activationId));
  const { effectiveAt } = transferred.events[0]?.metadata ?? {};
  for (const { data, metadata } of announced) {
    expect(data).toMatchObject({ cause: 'TRANSFER', countAfter: 0 });
    expect(metadata).toMatchObject({ holderOrgId, effectiveAt });
  }
  // The event of the transfer belongs to the new holder.
  expect(transferred.events[0]?.metadata.holderOrgId).toBeNull();
  for (const [index, event] of events.entries())
    expect(verifyLink(event, String(events[index - 1]?.metadata.hash ?? event.metadata.prevHash))).toBeNull();
  expect(await isDue(licenseId, events.at(-1)?.position.commit ?? 0n)).toBe(false);
});

const fail = (error: unknown) => {
  throw error;
};
