import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { builtInPolicyId } from '../../src/aggregates/built-in-policy-ids.ts';
import { freeTarget } from '../../src/domain/catalog/downgrade.ts';
import { encodeId } from '../../src/domain/ids.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { createPool } from '../../src/projections/connect.ts';
import { dueLicenses } from '../../src/projections/queries/due-licenses.ts';
import type { OnRefused } from '../../src/workers/carry-out-due.ts';
import { migrateQueue } from '../../src/workers/queue.ts';
import { sweepDue } from '../../src/workers/sweep-due.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { testHash, testId } from '../support/license-fixtures.ts';

/** A log that writes nothing. */
export const noLog = { info: () => {}, warn: () => {}, error: () => {} };
export const dayMs = 86_400_000;

export let ledger: Ledger;
let store: ReturnType<Ledger['store']['connect']>;
/** A pool with the role ledger_worker. */
export let pool: ReturnType<typeof createPool>;

/** Starts the product that the functions of this file use. */
export const startProduct = async (): Promise<void> => {
  ledger = await startLedger();
  store = ledger.store.connect();
  pool = createPool({ url: ledger.database.url, role: 'ledger_worker', max: 4, log: noLog });
  await migrateQueue(ledger.database.url);
};
export const stopProduct = async (): Promise<void> => {
  await pool.end();
  await ledger.stop();
};

type Sent<Command> = Command extends { readonly at: string } ? Omit<Command, 'at'> : never;

const now = () => new Date().toISOString();
export const inDays = (days: number) => new Date(Date.now() + days * dayMs);
const projected = async (position: bigint) => {
  if (!(await ledger.projected.waitFor(position, 10_000))) throw new Error('It was not projected in time.');
};
/** Sends a command to a license and waits until it is projected. Returns its events. */
export const send = async (licenseId: string, sent: Sent<LicenseCommand>) => {
  const command = { ...sent, at: now() } as LicenseCommand;
  const executed = await sendCommand(ledger.executor, licenseAggregate, licenseId, command, context(), () => null);
  if ('rejected' in executed) throw new Error(executed.detail);
  await projected(executed.position.commit);
  return executed.events;
};
/** Issues a license for `days` without reminders. Its issuer is organization A by default. */
export const issue = async (
  days: number,
  overrides: Partial<PinnedPolicy> = {},
  issuerOrgId = ledger.a.organizationId,
) => {
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
      afterTrial: freeTarget({ kind: 'unopened' }, builtInPolicyId(issuerOrgId, 'FREE')),
    },
  });
  return licenseId;
};
export const onTrial = (issuerOrgId?: string) =>
  issue(14, { ...builtInPolicy('TRIAL', testId('pol', 'trial')), remindBefore: [] }, issuerOrgId);
export const activate = (licenseId: string, device: string) =>
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
/** Announces a change to a policy without devices. */
export const planChange = (licenseId: string, days: number) =>
  send(licenseId, {
    type: 'ChangeTier',
    data: {
      target: {
        policy: { ...builtInPolicy('FREE', testId('pol', 'strict')), limitStrategy: 'ALLOW_OVER' },
        limits: { activations: 0, seats: 0, users: 0, meters: {} },
        products: null,
        entitlements: null,
      },
      scheduled: { effectiveAt: inDays(days).toISOString() },
    },
  });

/** Sweeps only these licenses at this instant. A refused command fails the test, unless `onRefused` takes it. */
export const sweep = (at: Date, licenseIds: readonly string[], onRefused: OnRefused = fail) =>
  sweepDue({
    due: async (page) => (await dueLicenses(pool, page)).filter(({ licenseId }) => licenseIds.includes(licenseId)),
    executor: ledger.executor,
    now: () => at,
    onRefused,
    onError: fail,
  });
export const fail = (error: unknown) => {
  throw error;
};
export const isDue = async (licenseId: string, at: Date) => {
  const due = await dueLicenses(pool, { now: at.toISOString(), limit: 500, after: null });
  return due.some((license) => license.licenseId === licenseId);
};
export const eventsOf = async (licenseId: string): Promise<readonly Recorded[]> =>
  (await store.read(licenseAggregate.stream(licenseId))).events;
export const typesOf = async (licenseId: string, from: number) =>
  (await eventsOf(licenseId)).slice(from).map(({ type }) => type);
/** Waits until the row of the license contains its last event. */
export const caughtUp = async (licenseId: string) =>
  projected((await eventsOf(licenseId)).at(-1)?.position.commit ?? 0n);
