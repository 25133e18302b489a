import { describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { CommandOf } from '../../src/domain/license/commands.ts';
import type { Device } from '../../src/domain/license/devices/device-commands.ts';
import type { License } from '../../src/domain/license/license.ts';
import type { EventStore } from '../../src/eventstore/event-store.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import { Overloaded } from '../../src/eventstore/executor/stream-queue.ts';
import { activateDevice, context, send as sendCommand } from '../support/commands.ts';
import { testHash, testId, testInstant } from '../support/license-fixtures.ts';
import { useLicenseStore } from './license-store.ts';

const { store, licenseId, executor, issue, activate, storedEvents, storedTypes } = useLicenseStore();

const deviceOf = (license: License) => (license.kind === 'issued' ? [...license.activations.values()][0] : null);

/** Returns the store with a count of its appends. */
const counted = () => {
  const counts = { appends: 0 };
  const countedStore: EventStore = {
    ...store(),
    append: (...parameters) => {
      counts.appends += 1;
      return store().append(...parameters);
    },
  };
  return { counts, store: countedStore };
};

describe('Concurrent commands', () => {
  test('of forty devices on a license for five activate exactly five, in one append', async () => {
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

  test('of a hundred devices in two processes on a license for five activate exactly five', async () => {
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

  test('of two processes that update different details of one device keep both details', async () => {
    const both = [executor(), executor()] as const;
    await issue(both[0]);
    await activate(both[0], 'a');
    const base = activateDevice('a', 2) as CommandOf<'Activate'>;
    const update = (one: Executor, changes: Partial<Device>) => {
      const command = { ...base, data: { ...base.data, ...changes } };
      return sendCommand(one, licenseAggregate, licenseId(), command, context(), deviceOf);
    };
    const changes = [{ appVersion: '2.2.0' }, { platform: 'macos' }, { nameRef: testId('ref', 'name') }];
    await Promise.all([...changes, ...changes].map((change, turn) => update(both[turn % 2 === 0 ? 0 : 1], change)));
    expect(await both[1].read(licenseAggregate, licenseId(), deviceOf)).toMatchObject(Object.assign({}, ...changes));
    expect((await storedTypes()).filter((type) => type === 'ActivationUpdated')).toHaveLength(3);
  });

  test('are stored in batches of at most the configured size', async () => {
    const { counts, store: countedStore } = counted();
    const one = executor({ store: countedStore, batchMax: 10 });
    await issue(one, 100);
    counts.appends = 0;
    await Promise.all(Array.from({ length: 35 }, (_, device) => activate(one, `device ${device}`)));
    expect(counts.appends).toBe(4);
  });

  test('are refused only after events of other processes were read', async () => {
    const [one, other] = [executor(), executor()];
    await issue(one, 1);
    await activate(one, 'a');
    await sendCommand(
      other,
      licenseAggregate,
      licenseId(),
      { type: 'Deactivate', at: testInstant(2), data: { device: { fingerprintHash: testHash('a') }, by: 'USER' } },
      context(),
      () => 0,
    );
    expect(await activate(one, 'b')).toMatchObject({ outcome: 'appended' });
    expect(await activate(other, 'b')).toMatchObject({ outcome: 'unchanged' });
  });

  test('above the limits of the queue are refused at once, and the others are carried out', async () => {
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

describe('A repeated command id', () => {
  test.each([
    ['within a moment', () => ({})],
    ['after the cache has evicted the stream', () => ({ isEvicted: true })],
    ['after a restart', () => ({ isRestarted: true })],
  ])('%s returns the first events and is decided once', async (_, how) => {
    const { isEvicted = false, isRestarted = false }: { isEvicted?: boolean; isRestarted?: boolean } = how();
    const one = executor({ cacheMax: 1 });
    await issue(one);
    const sent = context();
    const first = await activate(one, 'a', sent);
    await activate(one, 'b');
    if (isEvicted)
      await sendCommand(one, licenseAggregate, testId('lic', 'other'), activateDevice('a'), context(), () => 0);

    const again = await activate(isRestarted ? executor() : one, 'a', sent);
    expect(again).toMatchObject({ outcome: 'repeated', revision: 2n, view: 2 });
    expect('events' in again && again.events).toEqual('events' in first && first.events);
    expect(await storedEvents()).toHaveLength(4);
  });

  test('within one batch returns the events of the first command', async () => {
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

  test('with a different request is refused, also within one batch', async () => {
    const one = executor();
    await issue(one);
    const sent = context();
    const changed = { ...sent, requestHash: testHash('another request') };
    const [, within] = await Promise.all([activate(one, 'a', sent), activate(one, 'b', changed)]);
    expect(within).toMatchObject({ rejected: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await activate(executor(), 'b', changed)).toMatchObject({ rejected: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await storedEvents()).toHaveLength(3);
  });

  test('of a refused command is decided again', async () => {
    const one = executor();
    const sent = context();
    expect(await activate(one, 'a', sent)).toMatchObject({ rejected: 'LICENSE_NOT_FOUND' });
    await issue(one);
    expect(await activate(one, 'a', sent)).toMatchObject({ outcome: 'appended' });
  });
});
