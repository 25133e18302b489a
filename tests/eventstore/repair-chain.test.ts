import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { licenseAggregate, organizationAggregate, reservationAggregate } from '../../src/aggregates/aggregates.ts';
import { examineChain, isRepairable, repairChain } from '../../src/aggregates/repair-chain.ts';
import { repair } from '../../src/cli/repair-chain.ts';
import { ChainBroken, hashOf, linkToChain } from '../../src/eventstore/chain/chain.ts';
import { createChainCheck } from '../../src/eventstore/chain/chain-check.ts';
import { repairIn } from '../../src/eventstore/chain/repair-event.ts';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { appendLog } from '../support/append-log.ts';
import { twinHash, withBreaks } from '../support/broken-chain.ts';
import { activateDevice, context, send } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { createLog, customer, testId, testInstant, vendor } from '../support/license-fixtures.ts';

let running: RunningStore;
let store: EventStore;
beforeAll(async () => {
  running = await startStore();
  store = running.connect();
});
afterAll(() => running.stop());

const operatorAndReason = { operator: 'ops-7', reason: 'TWO_WRITERS' };
const repairer = { ...operatorAndReason, at: testInstant(1_000) };

// A repair that names a break which does not exist.
const otherRepair = {
  revision: 1,
  expected: '0'.repeat(64),
  found: '1'.repeat(64),
  ...operatorAndReason,
};

/** Stores a license with four activations and a chain that is broken at these revisions. */
const storeBroken = async (name: string, revisions: readonly bigint[]) => {
  const ledger = createLog();
  const licenseId = ledger.issue(name, { holderOrgId: customer });
  for (const device of ['a', 'b', 'c', 'd']) ledger.activate(licenseId, device);
  const stream = `license-${licenseId}`;
  await appendLog(store, withBreaks(ledger.log, stream, revisions));
  return { licenseId, stream };
};

const activate = (licenseId: string, executor = createExecutor({ store })) =>
  send(executor, licenseAggregate, licenseId, activateDevice('e', 2_000), context(), (license) =>
    license.kind === 'issued' ? license.facts.usage.activations : null,
  );

/** Appends a repair. `prevHash`: its link, by default the right one. */
const appendRepair = (stream: string, data: Record<string, string | number>, prevHash?: string) =>
  appendEvent(stream, 'ChainRepaired', data, prevHash);

const appendEvent = async (stream: string, type: string, data: Record<string, string | number>, prevHash?: string) => {
  const { events } = await store.read(stream);
  const last = events.at(-1);
  if (last === undefined) throw new Error('The stream is empty.');
  const { prevHash: _, hash: __, ...metadata } = last.metadata;
  const repair = { id: crypto.randomUUID(), type, data, metadata };
  const end = { stream, nextRevision: last.revision + 1n, hash: prevHash ?? hashOf(last) };
  await store.append(stream, linkToChain([repair], end), last.revision, { timeoutMs: 5_000 });
};

describe('A stream with a wrong link between two unaltered events', () => {
  test('refuses commands until it is repaired, and records who repaired it and why', async () => {
    const { licenseId, stream } = await storeBroken('one break', [4n]);
    const before = (await store.read(stream)).events;
    await expect(activate(licenseId)).rejects.toThrow(`Run ledger repair-chain --stream ${stream}`);

    expect(await repairChain(store, stream, repairer)).toMatchObject({
      faults: 0,
      first: null,
      breaks: [],
      repaired: [{ revision: 4n, expected: hashOf(at(before, 3)), actual: twinHash(stream, 4n) }],
    });
    const { events } = await store.read(stream);
    expect(events.slice(0, -1)).toEqual(before);
    expect(events.at(-1)).toMatchObject({
      type: 'ChainRepaired',
      data: {
        revision: 4,
        expected: hashOf(at(before, 3)),
        found: twinHash(stream, 4n),
        ...operatorAndReason,
      },
      metadata: {
        issuerOrgId: vendor,
        holderOrgId: customer,
        recordedAt: testInstant(1_000),
        actor: { type: 'SYSTEM', id: 'repair-chain' },
        prevHash: hashOf(at(before, -1)),
      },
    });
    expect(await activate(licenseId)).toMatchObject({ outcome: 'appended', view: 5 });
    expect(await activate(licenseId)).toMatchObject({ outcome: 'unchanged', view: 5 });
  });

  test('is repaired at all breaks together', async () => {
    const { licenseId, stream } = await storeBroken('several breaks', [2n, 3n, 5n]);
    expect((await examineChain(store, stream)).breaks.map(({ revision }) => revision)).toEqual([2n, 3n, 5n]);
    expect((await repairChain(store, stream, repairer)).repaired).toHaveLength(3);
    expect((await store.read(stream)).events.slice(-3).map(({ type }) => type)).toEqual(Array(3).fill('ChainRepaired'));
    expect(await activate(licenseId)).toMatchObject({ outcome: 'appended', view: 5 });
    // A second repair changes nothing.
    const { events } = await store.read(stream);
    await repairChain(store, stream, repairer);
    expect((await store.read(stream)).events).toEqual(events);
  });

  test('can be read after the repair by a process that had cached the events before the break', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('folded before');
    const stream = `license-${licenseId}`;
    const executor = createExecutor({ store });
    await appendLog(store, ledger.log);
    const read = () => executor.read(licenseAggregate, licenseId, (license) => license.kind);
    expect(await read()).toBe('issued');

    const [next] = ledger.activate(licenseId, 'a');
    if (next === undefined) throw new Error('Nothing was activated.');
    const { prevHash: _, hash: __, ...metadata } = next.metadata;
    const [linked] = linkToChain([{ ...next, metadata }], { stream, nextRevision: 2n, hash: twinHash(stream, 2n) });
    if (linked === undefined) throw new Error('An event was not linked to the chain.');
    await store.append(stream, [{ ...linked }], 1n, { timeoutMs: 5_000 });
    await expect(read()).rejects.toThrow(ChainBroken);
    await repairChain(store, stream, repairer);
    expect(await read()).toBe('issued');
    expect(await activate(licenseId, executor)).toMatchObject({ outcome: 'appended', view: 2 });
  });

  test('is repaired although another append came in between', async () => {
    const { stream } = await storeBroken('in between', [4n]);
    let hasIntruded = false;
    const busy: EventStore = {
      ...store,
      append: async (...parameters) => {
        if (!hasIntruded) await appendRepair(stream, otherRepair);
        hasIntruded = true;
        return store.append(...parameters);
      },
    };
    expect(await repairChain(busy, stream, repairer)).toMatchObject({ faults: 0, repaired: [{ revision: 4n }] });
  });

  test('accepts commands only after a repair with a wrong link is itself repaired, as verify does', async () => {
    const { licenseId, stream } = await storeBroken('a broken repair', [4n]);
    const [broken] = (await examineChain(store, stream)).breaks;
    const exact = { revision: 4, expected: String(broken?.expected), found: String(broken?.actual) };
    const { revision } = await store.read(stream);
    const next = BigInt(revision) + 1n;
    await appendRepair(stream, { ...exact, ...operatorAndReason }, twinHash(stream, next));
    await expect(activate(licenseId)).rejects.toThrow(ChainBroken);
    expect(await examineChain(store, stream)).toMatchObject({ faults: 2, repaired: [] });
    // A second repair, of the link of the first one, makes the first repair count.
    const [, own] = (await examineChain(store, stream)).breaks;
    const ownBreak = { revision: Number(next), expected: String(own?.expected), found: String(own?.actual) };
    await appendRepair(stream, { ...ownBreak, ...operatorAndReason });
    expect(await examineChain(store, stream)).toMatchObject({
      faults: 0,
      repaired: [{ revision: next }, { revision: 4n }],
    });
    expect(await activate(licenseId)).toMatchObject({ outcome: 'appended', view: 5 });
  });

  test.each([
    ['another revision', { revision: 3 }],
    ['another previous event', { expected: '1'.repeat(64) }],
    ['another link', { found: '1'.repeat(64) }],
    ['an operator with an invalid id', { operator: 'Jane Doe' }],
  ])('stays broken when a repair names %s', async (name, other) => {
    const { licenseId, stream } = await storeBroken(name, [4n]);
    const [broken] = (await examineChain(store, stream)).breaks;
    const exact = { revision: 4, expected: String(broken?.expected), found: String(broken?.actual) };
    await appendRepair(stream, { ...exact, ...operatorAndReason, ...other });
    await expect(activate(licenseId)).rejects.toThrow(ChainBroken);
    expect(await examineChain(store, stream)).toMatchObject({ faults: 1, breaks: [{ revision: 4n }], repaired: [] });
  });
});

describe('A chain', () => {
  const intact = () => {
    const ledger = createLog();
    const licenseId = ledger.issue('unrepairable');
    for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
    return withBreaks(ledger.log, `license-${licenseId}`, []);
  };
  const reportOf = (events: readonly Recorded[]) => {
    const check = createChainCheck();
    for (const recorded of events) check.add(recorded);
    return check.report();
  };
  const altered = (recorded: Recorded): Recorded => ({ ...recorded, data: { ...recorded.data, other: true } });

  test('with an altered event cannot be repaired', () => {
    const events = intact().map((recorded) => (recorded.revision === 2n ? altered(recorded) : recorded));
    expect(reportOf(events)).toMatchObject({ faults: 1, first: { fault: 'HASH_DIFFERS', broken: null }, breaks: [] });
  });

  test('with a wrong link to or from an altered event cannot be repaired', () => {
    const [stream = ''] = intact().map((recorded) => recorded.stream);
    const broken = withBreaks(intact(), stream, [3n]);
    for (const revision of [2n, 3n]) {
      const report = reportOf(
        broken.map((recorded) => (recorded.revision === revision ? altered(recorded) : recorded)),
      );
      expect(report.breaks).toEqual([]);
      expect(isRepairable(report)).toBe(false);
    }
  });

  test('with a missing event cannot be repaired', () => {
    const [stream = ''] = intact().map((recorded) => recorded.stream);
    const events = withBreaks(intact(), stream, [2n]).filter(({ revision }) => revision !== 3n);
    const report = reportOf(events);
    expect(report).toMatchObject({ faults: 2, breaks: [{ revision: 2n }] });
    expect(isRepairable(report)).toBe(false);
    expect(reportOf(intact().slice(1))).toMatchObject({ faults: 1, first: { fault: 'REVISION_MISSING' }, breaks: [] });
  });

  test('that cannot be repaired stays the same', async () => {
    const { stream } = await storeBroken('unrepairable', [3n]);
    const lossy: EventStore = {
      ...store,
      read: async (...parameters) => {
        const { events, revision } = await store.read(...parameters);
        return {
          events: events.map((recorded) => (recorded.revision === 5n ? altered(recorded) : recorded)),
          revision,
        };
      },
    };
    const { events } = await store.read(stream);
    expect(await repairChain(lossy, stream, repairer)).toMatchObject({ faults: 2, breaks: [{ revision: 3n }] });
    expect((await store.read(stream)).events).toEqual(events);
  });
});

test('Streams of organizations and reservations can be repaired too, and their state does not change', async () => {
  const ledger = createLog();
  const organizationId = testId('org', 'repaired');
  const owners = { issuerOrgId: organizationId, holderOrgId: null };
  const stream = `organization-${organizationId}`;
  const renamed = { type: 'OrganizationRenamed', data: { from: 'Repaired', to: 'New' } } as const;
  const reserved = { kind: 'trial_holder', issuerOrgId: organizationId, owner: 'lic_1' } as const;
  const released = { owner: 'lic_1' };
  ledger.organization(organizationId, 'Repaired');
  ledger.append(stream, [renamed], owners, testInstant(5));
  ledger.append('reservation-trial-1', [{ type: 'ReservationMade', data: reserved }], owners, testInstant(5));
  ledger.append('reservation-trial-1', [{ type: 'ReservationReleased', data: released }], owners, testInstant(6));
  await appendLog(store, withBreaks(withBreaks(ledger.log, stream, [2n]), 'reservation-trial-1', [1n]));

  const executor = createExecutor({ store });
  const name = () =>
    executor.read(organizationAggregate, organizationId, (organization) =>
      organization.kind === 'missing' ? null : organization.name,
    );
  const owner = () =>
    executor.read(reservationAggregate, 'trial-1', (reservation) =>
      reservation.kind === 'made' ? reservation.owner : 'no reservation',
    );
  await expect(name()).rejects.toThrow(ChainBroken);
  await expect(owner()).rejects.toThrow(ChainBroken);
  for (const broken of [stream, 'reservation-trial-1'])
    expect(await repairChain(store, broken, repairer)).toMatchObject({ faults: 0, repaired: [{}] });
  expect(await name()).toBe('New');
  expect(await owner()).toBe(null);
  const repair = (await store.read('reservation-trial-1')).events.at(-1);
  expect(repair?.metadata).toMatchObject({ issuerOrgId: organizationId, holderOrgId: null });
  expect(repair && repairIn(repair)).toMatchObject({ revision: 1n });
});

const at = (events: readonly Recorded[], index: number): Recorded => {
  const recorded = events.at(index);
  if (recorded === undefined) throw new Error('There is no such event.');
  return recorded;
};

test('The command repairs the next streams when one stream cannot be folded', async () => {
  const bad = await storeBroken('not decodable', [4n]);
  await appendEvent(bad.stream, 'LicenseSuspended', { reasonCode: 'no such code' });
  const good = await storeBroken('after the one that is not decodable', [3n]);
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  try {
    expect(await repair([bad.stream, good.stream], store, repairer)).toBe(3);
  } finally {
    vi.restoreAllMocks();
  }
  expect(lines).toEqual([
    expect.stringContaining(`${bad.stream}: the event at revision 4 links to`),
    expect.stringContaining(`${bad.stream}: NOT REPAIRED. `),
    expect.stringContaining(`${good.stream}: the event at revision 3 links to`),
    `${good.stream}: REPAIRED, 1 event was appended.`,
    '2 of 2 streams have a broken hash chain; 2 of them can be repaired, and 1 were repaired. 1 are still broken: see above.',
  ]);
  expect(await examineChain(store, good.stream)).toMatchObject({ faults: 0 });
});
