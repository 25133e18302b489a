import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { License } from '../../src/domain/license/license.ts';
import { plusSeconds } from '../../src/domain/time.ts';
import { verifyLink } from '../../src/eventstore/chain/chain.ts';
import { AppendTooLarge, type EventStore, OutcomeUnknown, type Proposed } from '../../src/eventstore/event-store.ts';
import { createExecutor, type Executor, type ExecutorNeeds } from '../../src/eventstore/executor/execute.ts';
import type { CommandContext } from '../../src/eventstore/executor/waiting.ts';
import { uuidv5 } from '../../src/eventstore/uuid-v5.ts';
import { ledgerNamespace, newCommandId, systemCommandId } from '../../src/eventstore/uuids.ts';
import { activateDevice, context, issueLicense, send } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { testHash, testId, testInstant } from '../support/license-fixtures.ts';

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
  licenseId = testId('lic', `derived ${licenses}`);
});
afterAll(() => running.stop());

const executor = (needs: Partial<ExecutorNeeds> = {}): Executor => createExecutor({ store, ...needs });
const facts = (license: License) => (license.kind === 'issued' ? license.facts : null);
const issue = (one: Executor, places = 5) =>
  send(one, licenseAggregate, licenseId, issueLicense(licenseId, places), context(), facts);
const activate = (one: Executor, device: string, sent: CommandContext = context(), seconds = 1) =>
  send(one, licenseAggregate, licenseId, activateDevice(device, seconds), sent, facts);
const expire = (one: Executor, at: string) =>
  send(
    one,
    licenseAggregate,
    licenseId,
    { type: 'Expire', at, data: { termNumber: 1 } },
    context({ commandId: systemCommandId(`expire:${licenseId}:1`) }),
    facts,
  );
const revoke = (one: Executor, at: string) =>
  send(one, licenseAggregate, licenseId, { type: 'Revoke', at, data: { reasonCode: 'TEST' } }, context(), facts);
const storedEvents = async () => (await store.read(`license-${licenseId}`)).events;
const expectWholeChain = async () => {
  let previous = '0'.repeat(64);
  for (const event of await storedEvents()) {
    expect(verifyLink(event, previous), `revision ${event.revision}`).toBeNull();
    previous = String(event.metadata.hash);
  }
};
const end = '2027-01-01T00:00:00.000Z';

/** A store that remembers all appended batches. Calls `before` before its first append. */
const recording = (before: () => Promise<void>) => {
  const batches: (readonly Proposed[])[] = [];
  const recordingStore: EventStore = {
    ...store,
    append: async (stream, events, expected, options) => {
      batches.push(events);
      if (batches.length === 1) await before();
      return store.append(stream, events, expected, options);
    },
  };
  return { batches, store: recordingStore };
};

describe('Two processes with different clocks that decide the same derived command', () => {
  test('agree on the stored event, and both can go on', async () => {
    const [one, other] = [executor(), executor()];
    await issue(one);
    await activate(other, 'a');
    await activate(one, 'b');
    await activate(other, 'c');
    const answers = await Promise.all([expire(one, plusSeconds(end, 1)), expire(other, plusSeconds(end, 6))]);
    for (const answer of answers) expect(answer).toMatchObject({ events: [{ type: 'LicenseExpired' }] });
    const [first, second] = answers.map((answer) => ('events' in answer ? answer.events[0] : null));
    expect(first?.metadata).toEqual(second?.metadata);
    for (const process of [other, one]) expect(await revoke(process, plusSeconds(end, 60))).toHaveProperty('outcome');
    await expectWholeChain();
  });

  test('store it once when one appends between the decision and the append of the other', async () => {
    const other = executor();
    await issue(other);
    const { store: late, batches } = recording(async () => {
      await expire(other, plusSeconds(end, 6));
    });
    const one = executor({ store: late });
    expect(await expire(one, plusSeconds(end, 1))).toMatchObject({ outcome: 'repeated' });
    expect(batches).toHaveLength(1);
    expect(await revoke(one, plusSeconds(end, 60))).toMatchObject({ outcome: 'appended' });
    await expectWholeChain();
  });
});

describe('The ids of events', () => {
  test('do not change when a batch with an unknown outcome is sent again', async () => {
    await issue(executor());
    let isLost = false;
    const { store: losing, batches } = recording(async () => {
      isLost = true;
      throw new OutcomeUnknown('lost on the way');
    });
    await activate(executor({ store: losing }), 'a');
    expect([isLost, batches.length]).toEqual([true, 2]);
    expect(batches[1]).toEqual(batches[0]);
  });

  test('are new after a conflict', async () => {
    const other = executor();
    await issue(other);
    const { store: late, batches } = recording(async () => {
      await activate(other, 'x');
    });
    await activate(executor({ store: late }), 'a');
    const [first, second] = batches.map(([event]) => event);
    expect(second?.data).toMatchObject({ activationId: first?.data.activationId });
    expect(second?.id).not.toBe(first?.id);
  });

  test('are known to an event that schedules a change, which can be cancelled by its id', async () => {
    const one = executor();
    await issue(one);
    const scheduled = { effectiveAt: testInstant(86_400) };
    const data = { reasonCode: 'PAYMENT', until: null, scheduled } as const;
    await send(one, licenseAggregate, licenseId, { type: 'Suspend', at: testInstant(1), data }, context(), facts);
    const announced = (await storedEvents()).at(-1);
    const eventId = String(announced?.data.eventId);
    expect(await one.read(licenseAggregate, licenseId, (license) => facts(license)?.scheduled[0]?.eventId)).toBe(
      eventId,
    );
    const cancel = { type: 'CancelScheduled', at: testInstant(2), data: { eventId } } as const;
    expect(await send(one, licenseAggregate, licenseId, cancel, context(), facts)).toMatchObject({
      outcome: 'appended',
    });
  });
});

describe('The instant of a decision', () => {
  test('is that of the last event when the clock of the process is behind', async () => {
    const [ahead, behind] = [executor(), executor()];
    await issue(ahead);
    await activate(ahead, 'a', context(), 100);
    let decidedAt = '';
    const decide = (_: License, { at }: { readonly at: string }) => {
      decidedAt = at;
      return [];
    };
    const decideAt = (at: string) =>
      behind.execute(licenseAggregate, licenseId, decide, { context: context({ at }), view: facts });
    await decideAt(testInstant(40));
    expect(decidedAt).toBe(testInstant(100));
    await decideAt(testInstant(200));
    expect(decidedAt).toBe(testInstant(200));
  });
});

describe('A command id from an Idempotency-Key', () => {
  const many = 1_200;
  const keyed = (name: string) => uuidv5(ledgerNamespace, `${licenseId} ${name}`);
  const fill = async (one: Executor, commandIdOf: (index: number) => string, seconds: number) => {
    for (let from = 0; from < many; from += 600) {
      const commandIds = Array.from({ length: 600 }, (_, index) => commandIdOf(from + index));
      await Promise.all(commandIds.map((commandId) => activate(one, commandId, context({ commandId }), seconds)));
    }
  };

  test('is recognized for 24 hours, however many commands come in between', async () => {
    const one = executor();
    await issue(one, 10_000);
    const sent = context({ commandId: keyed('first') });
    await activate(one, 'a', sent);
    await fill(one, (index) => keyed(`busy ${index}`), 60);
    const dayLater = 24 * 3_600;
    expect(await activate(one, 'a', sent, dayLater)).toMatchObject({ outcome: 'repeated' });
    expect(await activate(executor(), 'a', sent, dayLater)).toMatchObject({ outcome: 'repeated' });
  });

  test('is forgotten after 25 hours on a busy license, but a retry of an earlier attempt still finds it', async () => {
    const one = executor();
    await issue(one, 10_000);
    const sent = context({ commandId: keyed('first') });
    await activate(one, 'a', sent);
    const later = 26 * 3_600;
    await fill(one, (index) => keyed(`busy ${index}`), later);
    const deactivate = async (from: Executor, changed: Partial<CommandContext>) =>
      send(
        from,
        licenseAggregate,
        licenseId,
        {
          type: 'Deactivate',
          at: testInstant(later),
          data: { device: { fingerprintHash: testHash('a') }, by: 'USER' },
        },
        context({ ...sent, ...changed }),
        facts,
      );
    const since = testInstant(-300);
    expect(await deactivate(one, { attemptedSince: since })).toMatchObject({
      outcome: 'repeated',
      events: [{ type: 'ActivationRecorded' }],
    });
    expect(await deactivate(one, { attemptedSince: testInstant(later) })).toMatchObject({ outcome: 'appended' });
  });

  test('is not evicted by requests without a key', async () => {
    const one = executor();
    await issue(one, 10_000);
    const sent = context({ commandId: keyed('only') });
    await activate(one, 'k', sent);
    const later = 26 * 3_600;
    await fill(one, () => newCommandId(), later);
    for (const process of [one, executor()])
      expect(await activate(process, 'k', sent, later)).toMatchObject({ outcome: 'repeated' });
  });

  test('is accepted with every hash under which the request may be stored', async () => {
    const one = executor();
    await issue(one);
    const sent = context({ requestHash: testHash('under the old secret') });
    await activate(one, 'a', sent);
    const rotated = { ...sent, requestHash: testHash('under the new secret') };
    expect(await activate(one, 'a', rotated)).toMatchObject({ rejected: 'IDEMPOTENCY_KEY_REUSED' });
    const both = { ...rotated, earlierRequestHashes: [testHash('under the old secret')] };
    expect(await activate(one, 'a', both)).toMatchObject({ outcome: 'repeated' });
  });
});

describe('A command with events that are too large for one append', () => {
  const tooLarge = { platform: 'x'.repeat(1_100_000) };
  const activateWith = (one: Executor, device: string, changed: object) => {
    const command = activateDevice(device);
    if (command.type !== 'Activate') throw new Error('not an activation');
    return send(
      one,
      licenseAggregate,
      licenseId,
      { ...command, data: { ...command.data, ...changed } },
      context(),
      facts,
    );
  };

  test('fails alone, and the other waiting commands are stored', async () => {
    const one = executor();
    await issue(one);
    const answers = await Promise.allSettled([
      activate(one, 'a'),
      activateWith(one, 'b', tooLarge),
      activate(one, 'c'),
    ]);
    expect(answers).toMatchObject([
      { value: { outcome: 'appended' } },
      { reason: expect.any(AppendTooLarge) },
      { value: { outcome: 'appended' } },
    ]);
  });

  test('fails alone when only the store finds that it is too large', async () => {
    const small: EventStore = {
      ...store,
      append: async (stream, events, expected, options) => {
        if (JSON.stringify(events).length > 20_000) throw new AppendTooLarge('more than 20,000 bytes');
        return store.append(stream, events, expected, options);
      },
    };
    const one = executor({ store: small });
    await issue(one, 100);
    const large = { platform: 'x'.repeat(25_000) };
    const answers = await Promise.allSettled([
      ...Array.from({ length: 9 }, (_, device) => activate(one, `before ${device}`)),
      activateWith(one, 'large', large),
      ...Array.from({ length: 9 }, (_, device) => activate(one, `after ${device}`)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 9 }, () => 'fulfilled'),
      'rejected',
      ...Array.from({ length: 9 }, () => 'fulfilled'),
    ]);
    await expectWholeChain();
  });
});
