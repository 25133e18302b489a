import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { License } from '../../src/domain/license/license.ts';
import {
  type EventStore,
  OutcomeUnknown,
  RevisionConflict,
  StoreUnavailable,
} from '../../src/eventstore/event-store.ts';
import { createExecutor, type Executor } from '../../src/eventstore/executor/execute.ts';
import { activateDevice, context, issueLicense, send as sendCommand } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { randomFrom, testId } from '../support/license-fixtures.ts';
import { sized } from '../support/size.ts';

let running: RunningStore;
let store: EventStore;
let licenseId: string;
let licenses = 0;

beforeAll(async () => {
  running = await startStore();
  store = running.connect();
});

beforeEach(async () => {
  licenses += 1;
  licenseId = testId('lic', String(licenses));
  await sendCommand(
    createExecutor({ store }),
    licenseAggregate,
    licenseId,
    issueLicense(licenseId, 5_000),
    context(),
    () => 0,
  );
});

afterEach(() => {
  const { faults } = running.server;
  Object.assign(faults, {
    dropReplies: 0,
    dropReply: undefined,
    droppedReply: 'hang',
    refuseAppends: undefined,
    refuseReads: undefined,
  });
});

afterAll(() => running.stop());

const countDevices = (license: License) => (license.kind === 'issued' ? license.facts.usage.activations : null);

const activate = (one: Executor, device: string, sent = context()) =>
  sendCommand(one, licenseAggregate, licenseId, activateDevice(device), sent, countDevices);

const activations = async () =>
  (await store.read(`license-${licenseId}`)).events.filter(({ type }) => type === 'ActivationRecorded');

/** A store that calls `before` before each append. `before` may throw instead. */
const appendingAfter = (
  before: (attempt: number) => Promise<void> | void,
): { store: EventStore; attempts: () => number } => {
  let attempt = 0;
  return {
    attempts: () => attempt,
    store: {
      ...store,
      append: async (...parameters) => {
        attempt += 1;
        await before(attempt);
        return store.append(...parameters);
      },
    },
  };
};

describe('When the reply to an append is lost,', () => {
  test('the command is still answered and takes effect once', async () => {
    running.server.faults.dropReplies = 2;
    const answer = await activate(createExecutor({ store, appendTimeoutMs: 100, giveUpMs: 60_000 }), 'a');
    expect(answer).toMatchObject({ outcome: 'appended', view: 1 });
    expect(await activations()).toHaveLength(1);
  });

  test('again and again in two processes, every command takes effect exactly once', async () => {
    const streams = Array.from({ length: 25 }, (_, n) => testId('lic', `lossy ${n}`));
    const one = createExecutor({ store, giveUpMs: 60_000 });
    await Promise.all(
      streams.map((id) => sendCommand(one, licenseAggregate, id, issueLicense(id, 5_000), context(), countDevices)),
    );
    const losing = randomFrom(7);
    let lost = 0;
    running.server.faults.droppedReply = 'unavailable';
    running.server.faults.dropReply = () => {
      const isLost = losing() < 0.5;
      if (isLost) lost += 1;
      return isLost;
    };
    const both = [store, running.connect()].map((ownStore) => createExecutor({ store: ownStore, giveUpMs: 120_000 }));
    const accepted: string[] = [];
    const send = async (one: Executor, id: string) => {
      const sent = context();
      const answer = await sendCommand(one, licenseAggregate, id, activateDevice(sent.commandId), sent, countDevices);
      if ('outcome' in answer) accepted.push(sent.commandId);
      else expect(answer.rejected).toBe('CONCURRENT_MODIFICATION');
    };
    while (lost < sized(1_000)) await Promise.all(streams.flatMap((id) => both.map((one) => send(one, id))));

    running.server.faults.dropReply = undefined;
    const stored = await Promise.all(streams.map((id) => store.read(`license-${id}`)));
    const activated = stored.flatMap(({ events }) => events.filter(({ type }) => type === 'ActivationRecorded'));
    expect(activated.map(({ metadata }) => metadata.commandId).toSorted()).toEqual(accepted.toSorted());
  }, 600_000);

  test('for too long, the outcome is unknown, and the same command id returns it later', async () => {
    running.server.faults.dropReply = () => true;
    const one = createExecutor({ store, appendTimeoutMs: 50, giveUpMs: 400 });
    const sent = context();
    await expect(activate(one, 'a', sent)).rejects.toThrow(OutcomeUnknown);

    running.server.faults.dropReply = undefined;
    expect(await activate(one, 'a', sent)).toMatchObject({ outcome: 'repeated', view: 1 });
    expect(await activate(one, 'b')).toMatchObject({ outcome: 'appended', view: 2 });
    expect(await activations()).toHaveLength(2);
  });

  test('and another process was faster, the command is decided again', async () => {
    const other = createExecutor({ store });
    const { store: slow } = appendingAfter(async (attempt) => {
      if (attempt > 1) return;
      await activate(other, 'x');
      throw new OutcomeUnknown('lost before it was written');
    });
    expect(await activate(createExecutor({ store: slow }), 'a')).toMatchObject({ outcome: 'appended', view: 2 });
    expect(await activations()).toHaveLength(2);
  });

  test('a refusal of the repetition does not undo the first try', async () => {
    const { store: refusing } = appendingAfter((attempt) => {
      if (attempt === 2) throw new StoreUnavailable('refused');
    });
    running.server.faults.dropReplies = 1;
    const answer = await activate(createExecutor({ store: refusing, appendTimeoutMs: 100, giveUpMs: 60_000 }), 'a');
    expect(answer).toMatchObject({ outcome: 'appended' });
    expect(await activations()).toHaveLength(1);
  });

  test('another error of the repetition does not hide that the outcome is unknown', async () => {
    const { store: broken } = appendingAfter((attempt) => {
      if (attempt === 2) throw new Error('Channel has been shut down');
    });
    running.server.faults.dropReplies = 1;
    const one = createExecutor({ store: broken, appendTimeoutMs: 100, giveUpMs: 60_000 });
    await expect(activate(one, 'a')).rejects.toThrow(OutcomeUnknown);
    expect(await activations()).toHaveLength(1);
  });
});

/** Waits until it is opened. */
const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
};

describe('When the store does not answer,', () => {
  test('every command that waits ends at its own deadline, and nothing of it is done', async () => {
    const reading = gate();
    const slow: EventStore = {
      ...store,
      read: async (...parameters) => {
        await reading.opened;
        return store.read(...parameters);
      },
    };
    const one = createExecutor({ store: slow, limitMs: 1_000, appendTimeoutMs: 500, giveUpMs: 10 });
    const unavailable = { status: 'rejected', reason: expect.any(StoreUnavailable) };
    expect(await Promise.allSettled([activate(one, 'a'), activate(one, 'b')])).toEqual([unavailable, unavailable]);
    reading.open();
    const sent = context();
    await vi.waitFor(async () => expect(await activate(one, 'c', sent)).toMatchObject({ view: 1 }), 20_000);
    expect(await activations()).toHaveLength(1);
  });

  test('a caller waits no longer than its deadline, and an append that has begun goes on', async () => {
    const [begun, answer] = [gate(), gate()];
    const { store: slow, attempts } = appendingAfter(() => {
      begun.open();
      return answer.opened;
    });
    const one = createExecutor({ store: slow, limitMs: 1_000, appendTimeoutMs: 500, giveUpMs: 10 });
    const first = activate(one, 'a').catch((error: unknown) => error);
    await begun.opened;
    await expect(activate(one, 'b')).rejects.toThrow(StoreUnavailable);
    expect(await first).toEqual(expect.any(OutcomeUnknown));
    answer.open();
    await vi.waitFor(async () => expect(await activations()).toHaveLength(1), 10_000);
    expect(attempts()).toBe(1);
  });
});

describe('When others keep appending,', () => {
  test('a command is decided again on their events', async () => {
    const other = createExecutor({ store });
    const { store: late, attempts } = appendingAfter(async (attempt) => {
      if (attempt <= 3) await activate(other, `other ${attempt}`);
    });
    expect(await activate(createExecutor({ store: late }), 'a')).toMatchObject({ outcome: 'appended', view: 4 });
    expect(attempts()).toBe(4);
  });

  test('a command is refused after five tries, and nothing was done', async () => {
    const { store: conflicting, attempts } = appendingAfter(() => {
      throw new RevisionConflict('always');
    });
    const one = createExecutor({ store: conflicting, random: () => 0 });
    const answers = await Promise.all([activate(one, 'a'), activate(one, 'b')]);
    expect(answers).toMatchObject([{ rejected: 'CONCURRENT_MODIFICATION' }, { rejected: 'CONCURRENT_MODIFICATION' }]);
    expect(attempts()).toBe(5);
    expect(await activations()).toEqual([]);
  });
});

describe('When the store refuses', () => {
  test('an append, nothing is done and the caller gets an error', async () => {
    const { store: refusing } = appendingAfter((attempt) => {
      if (attempt === 1) throw new StoreUnavailable('refused');
    });
    const one = createExecutor({ store: refusing });
    await expect(activate(one, 'a')).rejects.toThrow(StoreUnavailable);
    expect(await activate(one, 'a')).toMatchObject({ outcome: 'appended', view: 1 });
  });

  test('a read, nothing is done and the caller gets an error', async () => {
    running.server.faults.refuseReads = { code: 13, details: 'refused on purpose' };
    const one = createExecutor({ store });
    await expect(activate(one, 'a')).rejects.toThrow(StoreUnavailable);

    running.server.faults.refuseReads = undefined;
    expect(await activate(one, 'a')).toMatchObject({ outcome: 'appended' });
  });
});
