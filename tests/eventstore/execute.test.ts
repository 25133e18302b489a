import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { License } from '../../src/domain/license/license.ts';
import { ChainBroken } from '../../src/eventstore/chain/chain.ts';
import { UndecodableEvent } from '../../src/eventstore/envelope.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import { createExecutor, type Executor, type ExecutorNeeds } from '../../src/eventstore/executor/execute.ts';
import { Overloaded } from '../../src/eventstore/executor/stream-queue.ts';
import type { CommandContext } from '../../src/eventstore/executor/waiting.ts';
import type { Aggregate } from '../../src/eventstore/folding.ts';
import { eventId } from '../../src/eventstore/ids.ts';
import { activateDevice, context, issueLicense, send as sendCommand } from '../support/commands.ts';
import { noted, type RunningStore, startStore } from '../support/event-store.ts';
import { testHash, testId, testInstant, vendor } from '../support/license-fixtures.ts';

let running: RunningStore;
let store: EventStore;
let licenseId: string;
let licenses = 0;

beforeAll(async () => {
  running = await startStore();
  store = running.connect();
});

beforeEach(() => {
  licenses += 1;
  licenseId = testId('lic', String(licenses));
});

afterAll(() => running.stop());

const executor = (needs: Partial<ExecutorNeeds> = {}): Executor => createExecutor({ store, ...needs });

const countDevices = (license: License) => (license.kind === 'issued' ? license.facts.usage.activations : null);

const issue = (one: Executor, activations = 5, sent = context()) =>
  sendCommand(one, licenseAggregate, licenseId, issueLicense(licenseId, activations), sent, countDevices);

const activate = (one: Executor, device: string, sent: CommandContext = context(), seconds = 1) =>
  sendCommand(one, licenseAggregate, licenseId, activateDevice(device, seconds), sent, countDevices);

const storedEvents = async () => (await store.read(`license-${licenseId}`)).events;
const storedTypes = async () => (await storedEvents()).map(({ type }) => type);

/** The store, and how often its verbs were used. */
const counted = () => {
  const counts = { appends: 0, reads: 0 };
  const countedStore: EventStore = {
    ...store,
    append: (...parameters) => {
      counts.appends += 1;
      return store.append(...parameters);
    },
    read: (...parameters) => {
      counts.reads += 1;
      return store.read(...parameters);
    },
  };
  return { counts, store: countedStore };
};

describe('a command', () => {
  test('is stored with the envelope of the contract, and answered with events, revision, position and view', async () => {
    const sent = context({ reason: { code: 'SALE', text: null }, causationId: 'evt_1' });
    const nonce = 'ab'.repeat(16);
    const issued = await issue(executor({ newNonce: () => nonce }), 5, sent);
    if ('rejected' in issued) throw new Error(issued.detail);

    const events = await storedEvents();
    expect(issued).toMatchObject({ outcome: 'appended', revision: 1n, view: 0 });
    expect(issued.events.map(({ position: _, ...event }) => event)).toEqual(
      events.map(({ position: _, ...event }) => event),
    );
    expect(issued.position).toEqual(events.at(-1)?.position);
    expect(events.map(({ id, type }) => [id, type])).toEqual([
      [eventId(sent.commandId, nonce, 0), 'LicenseIssued'],
      [eventId(sent.commandId, nonce, 1), 'LicenseKeyIssued'],
    ]);
    expect(Object.keys(events[0]?.metadata ?? {})).toEqual([
      ...['schemaVersion', 'issuerOrgId', 'holderOrgId', 'effectiveAt', 'recordedAt', 'actor', 'reason', 'commandId'],
      ...['requestHash', '$correlationId', '$causationId', 'prevHash', 'hash'],
    ]);
    expect(events[0]?.metadata).toMatchObject({
      issuerOrgId: vendor,
      commandId: sent.commandId,
      $causationId: 'evt_1',
    });
  });

  test('that is refused writes nothing', async () => {
    expect(await activate(executor(), 'a')).toMatchObject({ rejected: 'LICENSE_NOT_FOUND' });
    expect(await storedTypes()).toEqual([]);
  });

  test('that changes nothing is answered with where the stream is', async () => {
    const one = executor();
    await issue(one);
    const first = await activate(one, 'a');
    expect(await activate(one, 'a')).toMatchObject({ outcome: 'unchanged', events: [], revision: 2n, view: 1 });
    expect(await activate(executor(), 'a')).toMatchObject({
      outcome: 'unchanged',
      position: 'position' in first && first.position,
    });
  });

  test('of a clock that was set back does not turn back time in the stream', async () => {
    const one = executor();
    await issue(one);
    await activate(one, 'a', context(), 100);
    await activate(one, 'b', context(), 50);
    await activate(executor(), 'c', context(), 70);
    await activate(one, 'd', context(), 101);

    const times = (await storedEvents()).map(({ metadata }) => metadata.recordedAt);
    expect(times).toEqual([0, 0, 100, 100, 100, 101].map(testInstant));
  });

  test('whose event holds from another instant on says so', async () => {
    const one = executor();
    await issue(one);
    const at = '2027-01-01T00:00:30.000Z';
    await sendCommand(
      one,
      licenseAggregate,
      licenseId,
      { type: 'Expire', at, data: { termNumber: 1 } },
      context(),
      () => 0,
    );

    const expired = (await storedEvents()).at(-1);
    expect(expired?.metadata).toMatchObject({ effectiveAt: '2027-01-01T00:00:00.000Z', recordedAt: at });
  });
});

describe('commands at the same time', () => {
  test('forty activations on five places give exactly five, in few appends', async () => {
    const { counts, store: countedStore } = counted();
    const one = executor({ store: countedStore });
    await issue(one);
    counts.appends = 0;

    const answers = await Promise.all(Array.from({ length: 40 }, (_, device) => activate(one, `device ${device}`)));
    expect(answers.filter((answer) => 'outcome' in answer && answer.outcome === 'appended')).toHaveLength(5);
    expect(
      answers.filter((answer) => 'rejected' in answer && answer.rejected === 'ACTIVATION_LIMIT_EXCEEDED'),
    ).toHaveLength(35);
    expect(answers.slice(0, 5).map((answer) => 'view' in answer && answer.view)).toEqual([1, 2, 3, 4, 5]);
    expect(counts.appends).toBe(1);
    expect((await storedTypes()).filter((type) => type === 'ActivationRecorded')).toHaveLength(5);
  });

  test('from two processes, a hundred activations on five places give exactly five', async () => {
    const both = [executor(), executor()];
    await Promise.all(both.map((one) => issue(one, 5, context({ commandId: '00000000-0000-4000-8000-000000000001' }))));
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, device) =>
        both.map((one, process) => activate(one, `device ${device} ${process}`)),
      ).flat(),
    );
    expect(answers.filter((answer) => 'outcome' in answer)).toHaveLength(5);
    expect(
      answers.filter((answer) => 'rejected' in answer && answer.rejected === 'ACTIVATION_LIMIT_EXCEEDED'),
    ).toHaveLength(95);
    expect((await storedTypes()).filter((type) => type === 'ActivationRecorded')).toHaveLength(5);
  });

  test('a batch takes no more commands than it may', async () => {
    const { counts, store: countedStore } = counted();
    const one = executor({ store: countedStore, batchMax: 10 });
    await issue(one, 100);
    counts.appends = 0;
    await Promise.all(Array.from({ length: 35 }, (_, device) => activate(one, `device ${device}`)));
    expect(counts.appends).toBe(4);
  });

  test('what another process has done is seen before a command is refused', async () => {
    const [one, other] = [executor(), executor()];
    await issue(one, 1);
    await activate(one, 'a');
    await sendCommand(
      other,
      licenseAggregate,
      licenseId,
      { type: 'Deactivate', at: testInstant(2), data: { device: { fingerprintHash: testHash('a') }, by: 'USER' } },
      context(),
      () => 0,
    );
    expect(await activate(one, 'b')).toMatchObject({ outcome: 'appended' });
    expect(await activate(other, 'b')).toMatchObject({ outcome: 'unchanged' });
  });

  test('beyond what may wait are refused at once, and the others are not', async () => {
    await issue(executor());
    const one = executor({ queuePerStreamMax: 2 });
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((device) => activate(one, device)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(answers[2]).toMatchObject({ reason: expect.any(Overloaded) });

    expect(await activate(one, 'd')).toMatchObject({ outcome: 'appended' });

    const small = executor({ queueMax: 3 });
    const streams = Array.from({ length: 4 }, (_, n) => testId('lic', `unknown ${n}`));
    const spread = await Promise.allSettled(
      streams.map((id) => sendCommand(small, licenseAggregate, id, activateDevice('a'), context(), () => 0)),
    );
    expect(spread.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  });
});

describe('a repeated command id', () => {
  test.each([
    ['at once', () => ({})],
    ['after the stream was forgotten', () => ({ forget: true })],
    ['after a restart', () => ({ restart: true })],
  ])('%s is answered with the first events, and decided once', async (_, how) => {
    const { forget = false, restart = false }: { forget?: boolean; restart?: boolean } = how();
    const one = executor({ cacheMax: 1 });
    await issue(one);
    const sent = context();
    const first = await activate(one, 'a', sent);
    await activate(one, 'b');
    if (forget)
      await sendCommand(one, licenseAggregate, testId('lic', 'other'), activateDevice('a'), context(), () => 0);

    const again = await activate(restart ? executor() : one, 'a', sent);
    expect(again).toMatchObject({ outcome: 'repeated', revision: 2n, view: 2 });
    expect('events' in again && again.events).toEqual('events' in first && first.events);
    expect(await storedEvents()).toHaveLength(4);
  });

  test('within one batch is answered with the events of the first', async () => {
    const one = executor();
    await issue(one);
    const sent = context();
    const answers = await Promise.all([activate(one, 'a', sent), activate(one, 'b'), activate(one, 'a', sent)]);
    expect(answers).toMatchObject([{ outcome: 'appended' }, { outcome: 'appended' }, { outcome: 'repeated' }]);
    expect('events' in answers[2] && answers[2].events).toEqual('events' in answers[0] && answers[0].events);
    expect(await storedEvents()).toHaveLength(4);
  });

  test('sent to two processes at once takes effect once', async () => {
    const both = [executor(), executor()];
    await Promise.all(both.map((one) => issue(one, 5, context({ commandId: '00000000-0000-4000-8000-000000000002' }))));
    const sent = context();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => both.map((one) => activate(one, 'a', sent))).flat(),
    );
    const events = await storedEvents();
    expect(events).toHaveLength(3);
    expect(answers.every((answer) => 'events' in answer && answer.events[0]?.id === events[2]?.id)).toBe(true);
  });

  test('for another request is refused, also within one batch', async () => {
    const one = executor();
    await issue(one);
    const sent = context();
    const changed = { ...sent, requestHash: testHash('another request') };
    const [, within] = await Promise.all([activate(one, 'a', sent), activate(one, 'b', changed)]);
    expect(within).toMatchObject({ rejected: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await activate(executor(), 'b', changed)).toMatchObject({ rejected: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await storedEvents()).toHaveLength(3);
  });

  test('of a command that was refused is decided again', async () => {
    const one = executor();
    const sent = context();
    expect(await activate(one, 'a', sent)).toMatchObject({ rejected: 'LICENSE_NOT_FOUND' });
    await issue(one);
    expect(await activate(one, 'a', sent)).toMatchObject({ outcome: 'appended' });
  });
});

describe('a command that breaks', () => {
  const breaking: Aggregate<Parameters<typeof licenseDecider.decide>[0], LicenseEvent, License, 'LICENSE_NOT_FOUND'> = {
    ...licenseAggregate,
    decider: {
      ...licenseDecider,
      decide: () => {
        throw new Error('a bug in decide');
      },
    },
  };

  test.each([
    [
      'in decide',
      (one: Executor) => sendCommand(one, breaking, licenseId, activateDevice('x'), context(), countDevices),
      Error,
    ],
    [
      'in what the caller wants to see',
      (one: Executor) =>
        sendCommand(one, licenseAggregate, licenseId, activateDevice('x'), context(), () => {
          throw new Error('a bug in view');
        }),
      Error,
    ],
    [
      'by an event that could not be read back',
      (one: Executor) => {
        const command = activateDevice('x');
        if (command.type !== 'Activate') throw new Error('not an activation');
        const data = { ...command.data, fingerprintHash: 'not a hash' };
        return sendCommand(one, licenseAggregate, licenseId, { ...command, data }, context(), countDevices);
      },
      UndecodableEvent,
    ],
  ])('%s fails alone: the rest of its batch is stored', async (_, broken, expected) => {
    const one = executor();
    await issue(one);
    const answers = await Promise.allSettled([activate(one, 'a'), broken(one), activate(one, 'b')]);
    expect(answers).toMatchObject([
      { value: { outcome: 'appended', view: 1 } },
      { status: 'rejected', reason: expect.any(expected) },
      { value: { outcome: 'appended', view: 2 } },
    ]);
    expect((await storedEvents()).slice(2).map(({ data }) => data.activationId)).toEqual([
      testId('act', 'a'),
      testId('act', 'b'),
    ]);
    expect(await activate(executor(), 'c')).toMatchObject({ view: 3 });
  });
});

describe('a stream that was altered', () => {
  test('is not decided on: the first bad event is named', async () => {
    await issue(executor());
    await activate(executor(), 'a');
    await activate(executor(), 'b');
    const database = new pg.Client(running.databaseUrl);
    await database.connect();
    const { rowCount } = await database.query(
      `update eventstore.events set data = convert_to(replace(convert_from(data, 'UTF8'), '"limit":5', '"limit":9'), 'UTF8')
       where stream = $1 and revision = 2`,
      [`license-${licenseId}`],
    );
    await database.end();
    expect(rowCount).toBe(1);

    const answer = activate(executor(), 'c');
    await expect(answer).rejects.toThrow(ChainBroken);
    await expect(answer).rejects.toMatchObject({ stream: `license-${licenseId}`, revision: 2n });
    expect(await storedEvents()).toHaveLength(4);
  });

  test('by an event from somewhere else is not decided on, by nobody', async () => {
    const one = executor();
    await issue(one);
    await store.append(`license-${licenseId}`, [noted(1)], 1n, { timeoutMs: 5_000 });
    await expect(activate(one, 'a')).rejects.toThrow(ChainBroken);
    await expect(activate(executor(), 'a')).rejects.toThrow(ChainBroken);
  });
});
