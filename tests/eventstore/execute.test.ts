import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import type { License } from '../../src/domain/license/license.ts';
import { ChainBroken } from '../../src/eventstore/chain/chain.ts';
import { UndecodableEvent } from '../../src/eventstore/envelope.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import type { Aggregate } from '../../src/eventstore/folding.ts';
import { eventId } from '../../src/eventstore/uuids.ts';
import { isFollowed } from '../../src/eventstore/whole-commands.ts';
import { activateDevice, context, send as sendCommand } from '../support/commands.ts';
import { noted } from '../support/event-store.ts';
import { testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { countDevices, useLicenseStore } from './license-store.ts';

const { databaseUrl, store, licenseId, executor, issue, activate, storedEvents, storedTypes } = useLicenseStore();

describe('A command', () => {
  test('is stored with a complete envelope, and returns events, revision, position and view', async () => {
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
      'schemaVersion',
      'issuerOrgId',
      'holderOrgId',
      'effectiveAt',
      'recordedAt',
      'actor',
      'reason',
      'commandId',
      'requestHash',
      '$correlationId',
      '$causationId',
      'moreFollow',
      'prevHash',
      'hash',
    ]);
    expect(events[0]?.metadata).toMatchObject({
      issuerOrgId: vendor,
      commandId: sent.commandId,
      $causationId: 'evt_1',
    });
    expect(events.map(isFollowed)).toEqual([true, false]);
  });

  test('that is refused stores nothing', async () => {
    expect(await activate(executor(), 'a')).toMatchObject({ rejected: 'LICENSE_NOT_FOUND' });
    expect(await storedTypes()).toEqual([]);
  });

  test('that changes nothing returns the revision and position of the stream', async () => {
    const one = executor();
    await issue(one);
    const first = await activate(one, 'a');
    expect(await activate(one, 'a')).toMatchObject({ outcome: 'unchanged', events: [], revision: 2n, view: 1 });
    expect(await activate(executor(), 'a')).toMatchObject({
      outcome: 'unchanged',
      position: 'position' in first && first.position,
    });
  });

  test('of a process whose clock was set back does not turn back time in the stream', async () => {
    const one = executor();
    await issue(one);
    await activate(one, 'a', context(), 100);
    await activate(one, 'b', context(), 50);
    await activate(executor(), 'c', context(), 70);
    await activate(one, 'd', context(), 101);

    const times = (await storedEvents()).map(({ metadata }) => metadata.recordedAt);
    expect(times).toEqual([0, 0, 100, 100, 100, 101].map(testInstant));
  });

  test('with an event that takes effect at another instant stores that instant', async () => {
    const one = executor();
    await issue(one);
    const at = '2027-01-01T00:00:30.000Z';
    await sendCommand(
      one,
      licenseAggregate,
      licenseId(),
      { type: 'Expire', at, data: { termNumber: 1 } },
      context(),
      () => 0,
    );

    const expired = (await storedEvents()).at(-1);
    expect(expired?.metadata).toMatchObject({ effectiveAt: '2027-01-01T00:00:00.000Z', recordedAt: at });
  });
});

describe('A command that throws', () => {
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
      (one: Executor) => sendCommand(one, breaking, licenseId(), activateDevice('x'), context(), countDevices),
      Error,
    ],
    [
      'in view',
      (one: Executor) =>
        sendCommand(one, licenseAggregate, licenseId(), activateDevice('x'), context(), () => {
          throw new Error('a bug in view');
        }),
      Error,
    ],
    [
      'because its event could not be read back',
      (one: Executor) => {
        const command = activateDevice('x');
        if (command.type !== 'Activate') throw new Error('not an activation');
        const data = { ...command.data, fingerprintHash: 'not a hash' };
        return sendCommand(one, licenseAggregate, licenseId(), { ...command, data }, context(), countDevices);
      },
      UndecodableEvent,
    ],
  ])('%s fails alone, and the other commands of its batch are stored', async (_, sendThrowing, error) => {
    const one = executor();
    await issue(one);
    const answers = await Promise.allSettled([activate(one, 'a'), sendThrowing(one), activate(one, 'b')]);
    expect(answers).toMatchObject([
      { value: { outcome: 'appended', view: 1 } },
      { status: 'rejected', reason: expect.any(error) },
      { value: { outcome: 'appended', view: 2 } },
    ]);
    expect((await storedEvents()).slice(2).map(({ data }) => data.activationId)).toEqual([
      testId('act', 'a'),
      testId('act', 'b'),
    ]);
    expect(await activate(executor(), 'c')).toMatchObject({ view: 3 });
  });
});

describe('A stream', () => {
  test('with an altered event refuses commands, and the error names the event', async () => {
    await issue(executor());
    await activate(executor(), 'a');
    await activate(executor(), 'b');
    const database = new pg.Client(databaseUrl());
    await database.connect();
    const { rowCount } = await database.query(
      `update eventstore.events set data = convert_to(replace(convert_from(data, 'UTF8'), '"limit":5', '"limit":9'), 'UTF8')
       where stream = $1 and revision = 2`,
      [`license-${licenseId()}`],
    );
    await database.end();
    expect(rowCount).toBe(1);

    const answer = activate(executor(), 'c');
    await expect(answer).rejects.toThrow(ChainBroken);
    await expect(answer).rejects.toMatchObject({ stream: `license-${licenseId()}`, revision: 2n });
    expect(await storedEvents()).toHaveLength(4);
  });

  test('with an event of another program refuses commands in every process', async () => {
    const one = executor();
    await issue(one);
    await store().append(`license-${licenseId()}`, [noted(1)], 1n, { timeoutMs: 5_000 });
    await expect(activate(one, 'a')).rejects.toThrow(ChainBroken);
    await expect(activate(executor(), 'a')).rejects.toThrow(ChainBroken);
  });
});
