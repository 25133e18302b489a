import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { catalogAggregate, licenseAggregate, organizationAggregate } from '../../src/aggregates/aggregates.ts';
import { ForkableMap } from '../../src/domain/forkable-map.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { isRepair } from '../../src/eventstore/chain/repair-event.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import type { Accepted, DomainEvent, Folding } from '../../src/eventstore/folding.ts';
import {
  DamagedSnapshot,
  readFacts,
  readWhole,
  writeFacts,
  writeWhole,
} from '../../src/eventstore/snapshots/snapshot-body.ts';
import { activateDevice } from '../support/commands.ts';
import { randomFrom, testHash, testId, testInstant, vendor } from '../support/license-fixtures.ts';
import { randomLog } from '../support/random-log.ts';

const place = {
  key: { issuerOrgId: vendor, stream: 'license-1', fold: 'license-1' },
  at: { revision: 7n, eventId: 'event 7', hash: testHash('7') },
};

const stored = async (state: unknown, commands = new Map<string, Accepted>()) =>
  readWhole(place, await writeWhole(place, { state, commands }));

const foldAll = <Event extends DomainEvent, State>(
  { decider, decode }: Folding<Event, State>,
  events: readonly Recorded[],
  state = decider.initial(),
): State =>
  events.reduce((current, recorded) => {
    const { event, at } = decode(recorded);
    return isRepair(event) ? current : decider.evolve(current, event, at);
  }, state);

/** Takes a snapshot in the middle of the stream, folds the rest on it, and checks the result. */
const expectSameState = async <Event extends DomainEvent, State>(
  folding: Folding<Event, State>,
  events: readonly Recorded[],
  cut: number,
) => {
  const [earlier, later] = [events.slice(0, cut), events.slice(cut)];
  const { state } = await stored(foldAll(folding, earlier));
  expect(state).toEqual(foldAll(folding, earlier));
  expect(foldAll(folding, later, state as State)).toEqual(foldAll(folding, events));
};

describe('A state from a snapshot', () => {
  test.each([1, 2, 3])('equals the folded state and goes on like it, in random log %i', async (seed) => {
    const byStream = new Map<string, Recorded[]>();
    for (const recorded of randomLog(1_500, seed)) {
      byStream.set(recorded.stream, [...(byStream.get(recorded.stream) ?? []), recorded]);
    }
    const random = randomFrom(seed);
    for (const [stream, events] of byStream) {
      const cut = 1 + Math.floor(random() * events.length);
      if (stream.startsWith('license-')) await expectSameState(licenseAggregate, events, cut);
      else if (stream.startsWith('catalog-')) await expectSameState(catalogAggregate, events, cut);
      else await expectSameState(organizationAggregate, events, cut);
    }
  });

  test('leads to the same decisions as the folded state', async () => {
    const events = randomLog(400, 4).filter(({ stream }) => stream.startsWith('license-'));
    const streams = new Set(events.map(({ stream }) => stream));
    for (const stream of streams) {
      const own = events.filter((recorded) => recorded.stream === stream);
      const folded = foldAll(licenseAggregate, own);
      const { state } = await stored(folded);
      for (let device = 0; device < 8; device++) {
        const command = activateDevice(`device ${device}`, 5_000);
        const decideOn = (license: typeof folded) => licenseDecider.decide(command, license, (index) => `evt ${index}`);
        expect(decideOn(state as typeof folded)).toEqual(decideOn(folded));
      }
    }
  });

  test('may contain collections of any size and depth, and values of different shapes', async () => {
    const many = Array.from(
      { length: 4_500 },
      (_, index) => [`key ${index}`, { id: `key ${index}`, at: index }] as const,
    );
    const state = {
      none: null,
      text: 'ü',
      map: new Map<string, unknown>([
        ['a', { x: 1, y: { z: [1] } }],
        ['b', { x: 1 }],
        ['c', null],
      ]),
      list: [{ set: new Set(['one', 'two']), forkable: new ForkableMap(many) }, { set: new Set() }],
      same: new Map(many.map(([key]) => [key, { product: 'cli', parts: { disk: 'd' } }])),
      proto: new Map([['a', JSON.parse('{"__proto__": 1}')]]),
    };
    const { state: read } = await stored(state);
    expect(read).toEqual(state);
    const { list, proto } = read as typeof state;
    expect([...(list[0]?.forkable ?? [])]).toEqual(many);
    expect(Object.keys(proto.get('a'))).toEqual(['__proto__']);
  });

  test('is the state at the start of the write, even when the stream goes on meanwhile', async () => {
    const origin = new ForkableMap<string, { number: number }>();
    for (let number = 0; number < 9_000; number++) origin.set(`key ${number}`, { number });
    const entriesAtStart = [...origin];
    const writing = writeWhole(place, { state: { devices: origin.fork() }, commands: new Map() });
    let isWritten = false;
    const written = writing.finally(() => {
      isWritten = true;
    });
    for (let number = 0; !isWritten; number++) {
      origin.delete(`key ${number}`);
      origin.set(`key ${8_999 - number}`, { number: -number });
      origin.set(`new ${number}`, { number });
      await nextTurn();
    }
    const { state } = await readWhole(place, await written);
    expect([...(state as { devices: typeof origin }).devices]).toEqual(entriesAtStart);
    expect([...origin]).not.toEqual(entriesAtStart);
  });

  test('contains the remembered command ids, oldest first', async () => {
    const commands = new Map<string, Accepted>(
      Array.from({ length: 2_500 }, (_, index) => [
        testHash(`${index}`),
        { requestHash: testHash('r'), first: BigInt(index), last: BigInt(index + 1), recordedAt: testInstant(index) },
      ]),
    );
    const read = await stored({ kind: 'unissued' }, commands);
    expect([...read.commands]).toEqual([...commands]);
  });

  test('cannot be written when JSON would lose a part of it', async () => {
    for (const lost of [undefined, Number.NaN, 1n, new Date(), () => 1])
      await expect(stored({ facts: { lost } })).rejects.toThrow('facts.lost');
  });
});

describe('A snapshot is refused', () => {
  test('when one of its bytes has changed', async () => {
    const bytes = await writeWhole(place, {
      state: foldAll(
        licenseAggregate,
        randomLog(40)
          .filter(({ stream }) => stream.startsWith('license-'))
          .slice(0, 2),
      ),
      commands: new Map(),
    });
    for (let index = 0; index < bytes.length; index += 7) {
      const damaged = Buffer.from(bytes);
      damaged[index] = (damaged[index] ?? 0) ^ 1;
      await expect(readWhole(place, damaged)).rejects.toThrow(DamagedSnapshot);
    }
    await expect(readWhole(place, bytes.subarray(0, 40))).rejects.toThrow(DamagedSnapshot);
    await expect(readWhole(place, Buffer.from('garbage'))).rejects.toThrow(DamagedSnapshot);
  });

  test('when it belongs to another stream, fold or event', async () => {
    const bytes = await writeFacts(place, { licenseId: testId('lic', 'one') });
    expect(await readFacts(place, bytes)).toEqual({ licenseId: testId('lic', 'one') });
    const { key, at } = place;
    const others = [
      { key: { ...key, stream: 'license-2' }, at },
      { key: { ...key, fold: 'license-2' }, at },
      { key: { ...key, issuerOrgId: 'org_other' }, at },
      { key, at: { ...at, revision: 8n } },
      { key, at: { ...at, hash: testHash('8') } },
    ];
    for (const other of others) await expect(readFacts(other, bytes)).rejects.toThrow(DamagedSnapshot);
  });
});
