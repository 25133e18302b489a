import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AcmeOwner, type AcmeWriting, ensureAcme } from '../../src/cli/demo/acme/ensure-acme.ts';
import { simulated, simulationOf } from '../../src/cli/demo/acme/simulation.ts';
import { startAcme } from '../../src/cli/demo/start-acme.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import { connectLogReader } from '../../src/eventstore/read-log.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { createUser } from '../support/users.ts';

let ledger: Ledger;
let owner: AcmeOwner;
const beginsAt = '2024-11-30T00:00:00.000Z';
const seed = () => ({ seed: '5f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21', beginsAt });
const refused: unknown[] = [];
const onRefused: AcmeWriting['onRefused'] = (name, refusal) => refused.push([name, refusal]);
const write = (
  executor: Executor = ledger.needs.executor,
  writing: Pick<AcmeWriting, 'signal' | 'onRefused'> = { signal: new AbortController().signal, onRefused },
) => {
  const { pool, secrets } = ledger.needs;
  return ensureAcme({ executor, pool, secrets, licenseKeyPrefix: 'LL' }, seed(), {
    ...{ owner, now: () => new Date(), waiter: ledger.projected },
    ...writing,
  });
};
const rows = async (text: string): Promise<readonly Record<string, unknown>[]> =>
  (await ledger.database.superuser.query(text, [simulationOf(seed()).organizationId])).rows;

beforeAll(async () => {
  ledger = await startLedger();
  owner = await createUser(ledger.database.api);
}, 120_000);
afterAll(() => ledger.stop());

test('A server whose disk is full in the middle of Acme Tools tries again to its end, without a refusal', async () => {
  let left = 200;
  const failing: Executor = {
    ...ledger.needs.executor,
    execute: async (...command) => {
      left -= 1;
      if (left === 0) throw new Error('The disk is full.');
      return ledger.needs.executor.execute(...command);
    },
  };
  const warned: unknown[] = [];
  const warn = (fields: object) => warned.push(fields);
  await new Promise<void>((onComplete) => {
    startAcme((writing) => write(failing, writing), { log: { warn }, onComplete, retryMs: 1 });
  });
  expect(warned).toEqual([{ err: new Error('The disk is full.') }]);
}, 240_000);

test('A stop ends the writing at once, and does not call it complete', async () => {
  let isComplete = false;
  const stop = startAcme((writing) => write(undefined, writing), {
    log: { warn: (fields) => refused.push(fields) },
    onComplete: () => {
      isComplete = true;
    },
  });
  await stop();
  expect([isComplete, refused]).toEqual([false, []]);
});

test('Acme Tools has forty licenses of two years, in all statuses', async () => {
  const licenses = await rows('select created_at, recorded_status from rm.licenses where issuer_org_id = $1');
  expect(licenses).toHaveLength(41);
  expect(new Set(licenses.map(({ recorded_status: status }) => status))).toEqual(
    new Set(['ACTIVE', 'EXPIRED', 'SUSPENDED', 'REVOKED']),
  );
  const first = licenses.map(({ created_at: at }) => Number(at)).sort((one, other) => one - other)[0] ?? 0;
  expect(new Date(first).toISOString().slice(0, 10)).toBe('2024-12-12');
});

test('Its use of the last months was observed: validations, devices and denials', async () => {
  for (const table of ['validation_counts', 'device_sightings', 'license_denials'])
    expect(await rows(`select count(*) > 10 as some from ops.${table} where issuer_org_id = $1`)).toEqual([
      { some: true },
    ]);
});

test('Its commands say that their clock is simulated, and the last one ends that by the real clock', async () => {
  const { organizationId } = simulationOf(seed());
  const own = (await ledger.events()).filter(({ metadata }) => metadata.issuerOrgId === organizationId);
  const sent = own.filter(({ metadata }) => (metadata.actor as { type: string }).type !== 'SYSTEM');
  expect(new Set(sent.map(({ metadata }) => metadata.$correlationId))).toEqual(new Set([simulated]));
  expect(own.slice(-3).map(({ type }) => type)).toEqual(['ApiKeyRevoked', 'MemberInvited', 'MemberJoined']);
  const recorded = own.map(({ metadata }) => String(metadata.recordedAt));
  expect(recorded.slice(0, 5)).toEqual(recorded.slice(0, 5).toSorted());
  expect(recorded.at(-2)?.slice(0, 10)).toBe(new Date().toISOString().slice(0, 10));
});

test('Nothing is due, and writing it again changes nothing', async () => {
  const count = 'select count(*)::int as events from rm.license_events where issuer_org_id = $1';
  const before = await rows(count);
  await write();
  expect(await rows(count)).toEqual(before);
  expect(
    await rows(
      "select external_ref, due_at, recorded_status from rm.licenses where issuer_org_id = $1 and due_at < '2026-11-29'",
    ),
  ).toEqual([]);
  expect(refused).toEqual([]);
}, 120_000);

test('The log with Acme Tools verifies', async () => {
  const reader = connectLogReader({ url: ledger.store.url });
  const store = ledger.store.connect();
  expect(await verifyLedger({ store, readLog: reader.read, pool: ledger.database.projector })).toMatchObject({
    intact: true,
    readModels: 'COMPARED',
  });
  await reader.close();
}, 120_000);
