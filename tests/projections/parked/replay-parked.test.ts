import { describe, expect, test } from 'vitest';
import type { EventStore } from '../../../src/eventstore/event-store.ts';
import { applyOrPark } from '../../../src/projections/apply-or-park.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { appendLog } from '../../support/append-log.ts';
import { createLog } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { dumpReadModels, emptyReadModels, quiet } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';
import { eventually, useProjections } from './support.ts';

const { models, store, projection, listStreams, parked, revisionOf, replay, breaking, projecting } = useProjections();

test('A projector replays at its start the streams that another version of the program has parked', async () => {
  const ledger = createLog();
  const [sick, own] = [ledger.issue('sick'), ledger.issue('own')];
  for (const id of [sick, own]) ledger.activate(id, 'a');
  const mend = await Promise.all([breaking(sick, 2), breaking(own, 2)]);
  await appendLog(store(), ledger.log);
  await projecting((caughtUp) => caughtUp());
  expect((await parked()).sort()).toEqual([`license-${own}`, `license-${sick}`].sort());

  for (const undo of mend) await undo();
  await models().superuser.query(`update ops.parked set program = 'another' where stream = 'license-${sick}'`);
  await projecting(() => eventually(parked).toEqual([`license-${own}`]));
  expect([await revisionOf(sick), await revisionOf(own)]).toEqual([2, 1]);
});

test('A gap parks the stream, and a replay restores every event', async () => {
  const ledger = createLog();
  const licenseId = ledger.issue('gap');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
  await appendLog(store(), ledger.log);
  const stored = (await store().read(`license-${licenseId}`)).events;
  const to = stored.at(-1)?.position;
  if (to === undefined) throw new Error('Nothing is stored.');
  const delivered = stored.filter(({ revision }) => revision !== 2n);
  const needs = { pool: models().projector, projection, log: quiet, retryMs: 1 };
  expect(await applyOrPark(needs, { from: 'start', events: delivered, to })).toBe(true);
  expect(await listStreams()).toMatchObject([
    { fromRevision: 3n, error: expect.stringContaining('revision 2 was expected') },
  ]);
  expect(await revisionOf(licenseId)).toBe(1);

  expect(await replay(`license-${licenseId}`)).toEqual({ outcome: 'replayed' });
  expect(await parked()).toEqual([]);
  expect(await revisionOf(licenseId)).toBe(4);
});

describe('A replay', () => {
  test('lets the projector go on while it reads, and applies events that are appended meanwhile', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('sick');
    ledger.activate(licenseId, 'a');
    const mend = await breaking(licenseId, 2);
    await appendLog(store(), ledger.log);
    await projecting((caughtUp) => caughtUp());
    await mend();
    const before = ledger.log.length;
    for (const device of ['b', 'c', 'd']) ledger.activate(licenseId, device);
    let reads = 0;
    const slowly: Pick<EventStore, 'read'> = {
      read: async (...options) => {
        const page = await store().read(...options);
        reads += 1;
        if (reads > 1) return page;
        await appendLog(store(), ledger.log.slice(before));
        await projecting((caughtUp) => caughtUp());
        return page;
      },
    };
    const needs = { store: slowly, pool: models().projector, projection };
    expect(await replayParked(needs, `license-${licenseId}`)).toEqual({ outcome: 'replayed' });
    expect(await parked()).toEqual([]);
    expect(await revisionOf(licenseId)).toBe(5);
  });

  test.each([1, 2, 3, 4])('in pages of %s applies every event', async (pageMax) => {
    const ledger = createLog();
    const licenseId = ledger.issue('sick');
    for (const device of ['a', 'b']) ledger.activate(licenseId, device);
    const mend = await breaking(licenseId, 1);
    await appendLog(store(), ledger.log);
    await projecting((caughtUp) => caughtUp());
    await mend();
    const needs = { store: store(), pool: models().projector, projection, pageMax };
    expect(await replayParked(needs, `license-${licenseId}`)).toEqual({ outcome: 'replayed' });
    expect(await revisionOf(licenseId)).toBe(3);
  });

  test('that fails keeps the events that fit, and parks the stream with the new error', async () => {
    const ledger = createLog();
    const licenseId = ledger.issue('sick');
    for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
    const stream = `license-${licenseId}`;
    const mends = [await breaking(licenseId, 4), await breaking(licenseId, 2)];
    await appendLog(store(), ledger.log);
    await projecting((caughtUp) => caughtUp());
    expect(await revisionOf(licenseId)).toBe(1);
    await mends[1]?.();
    expect(await replay(stream)).toMatchObject({ outcome: 'parked', error: expect.stringContaining('revision 4') });
    expect(await revisionOf(licenseId)).toBe(3);
    expect(await listStreams()).toMatchObject([{ stream, fromRevision: 4n }]);
    await mends[0]?.();
    expect(await replay(stream)).toEqual({ outcome: 'replayed' });
    expect(await replay(stream)).toEqual({ outcome: 'not_parked' });
    expect(await revisionOf(licenseId)).toBe(4);
  });

  test('skips no event and applies none twice while a projector runs', async () => {
    const log = randomLog(sized(6_000), 31);
    const licenses = [...new Set(log.map(({ stream }) => stream))].filter((stream) => stream.startsWith('license-'));
    const sick = licenses.filter((_, index) => index % 3 === 0);
    let replayed = 0;
    const mends = await Promise.all(sick.map((stream) => breaking(stream.slice('license-'.length), 4)));
    await projecting(async (caughtUp) => {
      const half = Math.floor(log.length / 2);
      await appendLog(store(), log.slice(0, half));
      await eventually(async () => (await parked()).length).toBeGreaterThan(0);
      let isAppended = false;
      const appended = appendLog(store(), log.slice(half)).finally(() => {
        isAppended = true;
      });
      for (const [index, mend] of mends.entries()) {
        await mend();
        // Two operators replay the same streams. The first stream may not be parked yet, and the other may still not
        // fit.
        const streams = [sick[index] ?? '', (await parked()).at(-1) ?? ''];
        const replays = await Promise.all([...streams, ...streams].map(replay));
        replayed += replays.filter(({ outcome }) => outcome === 'replayed').length;
      }
      while (!isAppended || (await parked()).length > 0) for (const stream of await parked()) await replay(stream);
      await appended;
      await caughtUp();
      for (const stream of await parked()) await replay(stream);
    });
    expect(replayed).toBeGreaterThan(0);
    const seen = await dumpReadModels(models().superuser);
    await emptyReadModels(models().superuser);
    await projecting((caughtUp) => caughtUp());
    expect(await dumpReadModels(models().superuser)).toEqual(seen);
  });
});
