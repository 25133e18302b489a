import { describe, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { listParked } from '../../../src/projections/parked.ts';
import type { FeedPlace } from '../../../src/projections/queries/feed-place.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { runProjector } from '../../../src/projections/run-projector.ts';
import { appendLog } from '../../support/append-log.ts';
import { startStore } from '../../support/event-store.ts';
import { createLog, customer, rival, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { quiet, readModels, refuseLicense } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';
import { feedIn, tenants, useFeeds } from './support.ts';

const { models, read, drain } = useFeeds();
const eventually = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000, interval: 10 });

describe('A feed with parked streams', () => {
  const parked = async () => (await listParked(models().projector, readModels)).map(({ stream }) => stream);

  /** Runs a projector on a real store during `work`. */
  const projecting = async (work: (needs: Awaited<ReturnType<typeof start>>) => Promise<void>) => {
    const needs = await start();
    try {
      await work(needs);
    } finally {
      await needs.end();
    }
  };
  const start = async () => {
    const running = await startStore();
    const store = running.connect();
    const stop = new AbortController();
    const options = {
      store,
      pool: models().projector,
      log: quiet,
      backoffMs: () => 10,
      retryMs: 1,
      signal: stop.signal,
    };
    const projector = runProjector(options);
    return {
      position: projector.position,
      append: (log: readonly Recorded[]) => appendLog(store, log),
      caughtUp: async () => {
        const head = await store.head({ timeoutMs: 5_000 });
        await eventually(() => projector.position()).toBe(head?.commit);
      },
      replay: (stream: string) => replayParked({ store, pool: models().projector, projection: readModels }, stream),
      end: async () => {
        stop.abort();
        await projector.done;
        await running.stop();
      },
    };
  };

  test('stops before the first parked event, and misses and repeats nothing after the replay', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const [sick, well] = [ledger.issue('sick'), ledger.issue('well', { holderOrgId: customer })];
      const unconcerned = ledger.issue('unconcerned', { issuerOrgId: rival });
      const before = ledger.log.length;
      for (const device of ['a', 'b'])
        for (const id of [well, sick, unconcerned, well]) ledger.activate(id, `${device}${ledger.log.length}`);
      const mend = await refuseLicense(models().superuser, sick, 2);
      await append(ledger.log);
      await caughtUp();
      expect(await parked()).toEqual([`license-${sick}`]);

      const waiting = await drain(vendor);
      const expected = feedIn(ledger.log, vendor);
      // The first event after the issues is of the other license, and the next one is parked.
      expect(waiting.seen).toEqual(expected.slice(0, 5));
      // A page backwards from a place after the parked event is not the end of the feed.
      const later = { position: 2n ** 62n, licenseId: well, revision: 2n };
      expect(await read(vendor, later, { order: 'desc' })).toMatchObject({
        events: [],
        through: later,
        isBehind: true,
      });
      expect(await read(vendor, later)).not.toHaveProperty('isBehind');
      expect(before).toBe(6);
      expect((await drain(rival)).seen).toEqual(feedIn(ledger.log, rival));
      expect((await drain(customer)).seen).toEqual(feedIn(ledger.log, customer));
      await mend();
      expect(await replay(`license-${sick}`)).toEqual({ outcome: 'replayed' });
      expect([...waiting.seen, ...(await drain(vendor, waiting.after)).seen]).toEqual(expected);
    }));

  test('also stops for an organization that a parked transfer makes the holder', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const sick = ledger.issue('sick');
      const mend = await refuseLicense(models().superuser, sick, 2);
      ledger.activate(sick, 'a');
      const transfer = { toHolderOrgId: customer, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
      ledger.send(sick, { type: 'Transfer', data: transfer });
      ledger.issue('well', { holderOrgId: customer });
      await append(ledger.log);
      await caughtUp();
      const waiting = await drain(customer);
      expect(waiting.seen).toEqual([]);
      await mend();
      await replay(`license-${sick}`);
      expect((await drain(customer, waiting.after)).seen).toEqual(feedIn(ledger.log, customer));
    }));

  test('stops for the previous holder before a parked transfer, and later shows it only the transfer', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const sick = ledger.issue('sick', { holderOrgId: customer });
      const mend = await refuseLicense(models().superuser, sick, 2);
      const transfer = { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
      ledger.send(sick, { type: 'Transfer', data: transfer });
      ledger.activate(sick, 'a');
      ledger.issue('well', { holderOrgId: customer });
      await append(ledger.log);
      await caughtUp();
      const waiting = await drain(customer);
      expect(waiting.seen).toEqual(feedIn(ledger.log.slice(0, 2), customer));
      await mend();
      await replay(`license-${sick}`);
      expect((await drain(customer, waiting.after)).seen).toEqual(feedIn(ledger.log, customer).slice(2));
      expect((await drain(rival)).seen).toEqual(feedIn(ledger.log, rival));
    }));

  test('stops for the issuer and the holder of a license before an event without owners', () =>
    projecting(async ({ append, caughtUp, replay }) => {
      const ledger = createLog();
      const sick = ledger.issue('sick', { issuerOrgId: rival, holderOrgId: customer });
      const log = [...ledger.log];
      ledger.activate(sick, 'a');
      ledger.issue('well', { holderOrgId: customer });
      const [poison, ...others] = ledger.log.slice(log.length);
      if (poison === undefined) throw new Error('The fixture has no such event.');
      await append([...log, { ...poison, metadata: {} }, ...others]);
      await caughtUp();
      expect((await drain(customer)).seen).toEqual(feedIn(log, customer));
      expect(await replay(`license-${sick}`)).toMatchObject({ outcome: 'parked' });
      expect((await drain(customer)).seen).toEqual(feedIn(log, customer));
    }));

  test(
    'shows each event once and in order while streams are parked, replayed and parked again',
    () =>
      projecting(async ({ append, caughtUp, replay, position }) => {
        const log = randomLog(sized(4_000), 17);
        const licenses = [...new Set(log.map(({ stream }) => stream))].filter((stream) =>
          stream.startsWith('license-'),
        );
        const sick = licenses.filter((_, index) => index % 3 === 0).slice(0, 6);
        // Each stream is refused twice, so that a first replay meets the second fault.
        const mends = new Map<string, (() => Promise<unknown>)[]>();
        for (const stream of sick) {
          const refused = [2, 4].map((revision) => refuseLicense(models().superuser, stream.slice(8), revision));
          mends.set(stream, await Promise.all(refused));
        }
        let isOver = false;
        let replays = 0;
        const consume = async (org: string) => {
          const seen: string[] = [];
          let after: FeedPlace | null = null;
          for (let last = false; !last; ) {
            last = isOver;
            const now = { at: position(), replays };
            const read: Awaited<ReturnType<typeof drain>> = await drain(org, after, { limit: 50 });
            seen.push(...read.seen);
            after = read.after;
            if (!last) await eventually(() => isOver || position() !== now.at || replays !== now.replays).toBe(true);
          }
          return seen;
        };
        const consumers = Promise.all(tenants.map(consume));
        await append(log);
        await caughtUp();
        expect((await parked()).length).toBeGreaterThan(0);
        for (const stream of await parked()) {
          for (const mend of mends.get(stream) ?? []) {
            await mend();
            await replay(stream);
            replays += 1;
          }
        }
        expect(await parked()).toEqual([]);
        isOver = true;
        expect(await consumers).toEqual(tenants.map((org) => feedIn(log, org)));
        const { rows } = await models().superuser.query('select from ops.parked_owners');
        expect(rows).toEqual([]);
        for (const left of [...mends.values()].flat()) await left().catch(() => undefined);
      }),
    600_000,
  );
});
