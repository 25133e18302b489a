import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventObject, eventText } from '../../../src/cli/events/event-line.ts';
import { eventsUpTo, followLog, type OpenStore } from '../../../src/cli/events/follow-log.ts';
import { plain } from '../../../src/cli/output/colors.ts';
import { type Recorded, StoreUnavailable } from '../../../src/eventstore/event-store.ts';
import { streamPrefixes } from '../../../src/projections/fold/fold-event.ts';
import { appendLog } from '../../support/append-log.ts';
import { notes, type RunningStore, startStore } from '../../support/event-store.ts';
import { createLog, rival, vendor } from '../../support/license-fixtures.ts';

const ledger = createLog();
let running: RunningStore;
beforeAll(async () => {
  ledger.issue('of the vendor', { issuerOrgId: vendor });
  ledger.issue('of the rival', { issuerOrgId: rival });
  running = await startStore();
  await appendLog(running.connect(), ledger.log);
});
afterAll(() => running.stop());

const range = (signal: AbortSignal) => ({ from: 'start' as const, streamPrefixes, signal });

test('The events of all organizations are read up to a position, and not those after it', async () => {
  const store = running.connect();
  const upTo = await store.head({ timeoutMs: 10_000 });
  if (upTo === null) throw new Error('The log is empty.');
  const [first] = ledger.log;
  if (first === undefined) throw new Error('The log is empty.');
  const ofFirst = ledger.log.filter(({ stream }) => stream === first.stream);
  await store.append(first.stream, notes(1), ofFirst.at(-1)?.revision ?? 0n, { timeoutMs: 10_000 });
  const { signal } = new AbortController();
  const events: Recorded[] = [];
  for await (const event of eventsUpTo(store, range(signal), upTo)) events.push(event);
  expect(events.map(({ id }) => id)).toEqual(ledger.log.map(({ id }) => id));
  expect(new Set(events.map(({ metadata }) => metadata.issuerOrgId))).toEqual(new Set([vendor, rival]));
  const beyond: Recorded[] = [];
  for await (const event of eventsUpTo(store, { ...range(signal), from: upTo }, upTo)) beyond.push(event);
  expect(beyond).toEqual([]);
  // The last event before the position is of another stream, so the next one of this stream is after it.
  const alone: Recorded[] = [];
  const oneStream = { ...range(signal), streamPrefixes: [first.stream] };
  for await (const event of eventsUpTo(store, oneStream, upTo)) alone.push(event);
  expect(alone.map(({ id }) => id)).toEqual(ofFirst.map(({ id }) => id));
});

test('Who follows gets every event once and in order, across lost connections', async () => {
  const store = running.connect();
  const stopping = new AbortController();
  const lost: unknown[] = [];
  let opened = 0;
  // The first place does not answer. Each of the next ones is lost after two events.
  const open = async (): Promise<OpenStore> => {
    opened += 1;
    if (opened === 1) throw new Error('no server');
    return { follow: (from, options) => losing(store.follow(from, options)), close: async () => {} };
  };
  async function* losing<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
    let passed = 0;
    for await (const item of items) {
      yield item;
      passed += 1;
      if (passed === 2) throw new StoreUnavailable('lost');
    }
  }
  const events: Recorded[] = [];
  const following = followLog(range(stopping.signal), {
    open,
    onLost: (error) => lost.push(error),
    mayRetry: () => true,
    pauseMs: 1,
  });
  for await (const event of following) {
    events.push(event);
    if (events.length === ledger.log.length) stopping.abort();
  }
  expect(events.map(({ id }) => id)).toEqual(ledger.log.map(({ id }) => id));
  expect(opened).toBe(1 + Math.ceil(ledger.log.length / 2));
  expect(lost.length).toBeGreaterThan(0);
});

test('An error that no new connection mends ends the follower', async () => {
  const following = followLog(range(new AbortController().signal), {
    open: async () => Promise.reject(new Error('wrong password')),
    onLost: () => undefined,
    mayRetry: () => false,
    pauseMs: 1,
  });
  await expect(following.next()).rejects.toThrow('wrong password');
});

describe('The line of an event', () => {
  const event = (data: Recorded['data']): Recorded => {
    const [first] = ledger.log;
    if (first === undefined) throw new Error('The log is empty.');
    return { ...first, type: 'LicenseKeyIssued', data };
  };

  test('has no hash of a key, a device, a request or the chain, at any depth', () => {
    const secret = 'f'.repeat(64);
    const data = { keyHash: secret, hint: 'ABCDE', devices: [{ fingerprintHash: secret, product: 'cli' }] };
    const object = eventObject(event(data));
    expect(object.data).toEqual({ hint: 'ABCDE', devices: [{ product: 'cli' }] });
    const { hash, prevHash, requestHash } = event(data).metadata;
    for (const line of [JSON.stringify(object), eventText(event(data), 2_000, plain)])
      for (const value of [secret, hash, prevHash, requestHash]) expect(line).not.toContain(value);
  });

  test('has the position of the log, stream, type, time, actor and owners', () => {
    const recorded = event({ hint: 'ABCDE' });
    const { recordedAt, actor, issuerOrgId } = recorded.metadata;
    const position = `${recorded.position.commit}`;
    const { stream, type } = recorded;
    expect(eventObject(recorded)).toMatchObject({ position, stream, type, recordedAt, actor, issuerOrgId });
  });

  test('is cut for a terminal, and no name of a tenant can change the terminal', () => {
    const text = eventText(event({ name: `\u001b[2J${'long '.repeat(100)}` }), 150, plain);
    expect(text).toMatch(/…$/);
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\n');
  });
});
