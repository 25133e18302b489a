import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  catalogAggregate,
  licenseAggregate,
  organizationAggregate,
  reservationAggregate,
} from '../../src/aggregates/aggregates.ts';
import { reservationId } from '../../src/aggregates/derived-ids.ts';
import { organizationDecider } from '../../src/domain/organization/decider.ts';
import { reservationDecider } from '../../src/domain/reservation/reservation.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { createExecutor, type Executor } from '../../src/eventstore/executor/execute.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { customer, testHash, testId, testInstant, vendor } from '../support/license-fixtures.ts';

let running: RunningStore;
let store: EventStore;
let executor: Executor;
beforeAll(async () => {
  running = await startStore();
  store = running.connect();
  executor = createExecutor({ store });
});
afterAll(() => running.stop());

const at = testInstant(0);
const storedOwners = async (stream: string) =>
  (await store.read(stream)).events.map(({ type, metadata }) => [type, metadata.issuerOrgId, metadata.holderOrgId]);

test('An organization owns its stream', async () => {
  const data = { organizationId: vendor, name: 'Vendor', founderId: testId('usr', 'ada') };
  const command = { type: 'CreateOrganization', at, by: { type: 'SYSTEM' }, data } as const;
  await sendCommand(executor, organizationAggregate, vendor, command, context(), () => null);
  expect(await storedOwners(`organization-${vendor}`)).toEqual([
    ['OrganizationCreated', vendor, null],
    ['MemberJoined', vendor, null],
  ]);
});

test('An issuer owns its catalog, which one append opens', async () => {
  const product = { productId: testId('prd', 'cli'), code: 'local_cli', name: 'CLI', description: null };
  const policyIds = { FREE: 'pol_f', TRIAL: 'pol_t', PRO: 'pol_p', ENTERPRISE: 'pol_e' };
  const data = { issuerOrgId: vendor, products: [product], policyIds };
  await sendCommand(executor, catalogAggregate, vendor, { type: 'OpenCatalog', at, data }, context(), () => null);
  expect(await storedOwners(`catalog-${vendor}`)).toEqual([
    ['CatalogOpened', vendor, null],
    ['ProductCreated', vendor, null],
    ...Object.keys(policyIds).map(() => ['PolicyCreated', vendor, null]),
  ]);
});

describe('A reservation', () => {
  const id = reservationId({ kind: 'trial_holder', fields: [vendor, 'local_cli', customer] });
  const reserve = (owner: string, one = executor) => {
    const data = { kind: 'trial_holder', issuerOrgId: vendor, owner } as const;
    return sendCommand(one, reservationAggregate, id, { type: 'Reserve', at, data }, context(), (state) => state);
  };

  test('belongs to exactly one of a hundred concurrent callers in two processes', async () => {
    const executors = [createExecutor({ store: running.connect() }), createExecutor({ store: running.connect() })];
    const reserving = Array.from({ length: 100 }, (_, number) => reserve(`lic_${number}`, executors[number % 2]));
    const answers = await Promise.all(reserving);
    const refused = answers.filter((answer) => 'rejected' in answer);
    expect(refused.map((answer) => 'rejected' in answer && answer.rejected)).toEqual(Array(99).fill('CODE_TAKEN'));
    expect(await storedOwners(`reservation-${id}`)).toEqual([['ReservationMade', vendor, null]]);
  });
  test('can be released, and a release without a reservation is refused', async () => {
    const release = (of: string, owner: string) =>
      sendCommand(
        executor,
        reservationAggregate,
        of,
        { type: 'Release', at, data: { owner } },
        context(),
        (state) => state,
      );
    const { events } = await store.read(`reservation-${id}`);
    const owner = String(events[0]?.data.owner);
    expect(await release(id, owner)).toMatchObject({ outcome: 'appended', view: { owner: null } });
    expect(await release(id, owner)).toMatchObject({ outcome: 'unchanged' });
    expect(await reserve('lic_next')).toMatchObject({ outcome: 'appended', view: { owner: 'lic_next' } });
    expect(
      await release(reservationId({ kind: 'trial_device', fields: [vendor, 'local_cli', testHash('device')] }), owner),
    ).toMatchObject({ rejected: 'NOT_FOUND' });
  });
});

test('A stream without events has no owners', () => {
  expect(() => organizationAggregate.owners(organizationDecider.initial())).toThrow('no owners');
  expect(() => reservationAggregate.owners(reservationDecider.initial())).toThrow('no owners');
  expect(() => catalogAggregate.owners({ kind: 'unopened' })).toThrow('no owners');
  expect(() => licenseAggregate.owners({ kind: 'unissued' })).toThrow('no owners');
});
