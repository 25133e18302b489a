import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeId } from '../../../src/domain/ids.ts';
import { listParked } from '../../../src/projections/parked.ts';
import { rebuild } from '../../../src/projections/rebuild/rebuild.ts';
import { rollBack } from '../../../src/projections/rebuild/roll-back.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { activeProjection } from '../../../src/projections/versions.ts';
import { feedIn, openStream, readFeed } from '../../support/feed.ts';
import { testInFull } from '../../support/in-full.ts';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { randomFrom } from '../../support/license-fixtures.ts';
import { condition } from '../../support/product.ts';
import { quiet, refuseLicense } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

let ledger: Ledger;
const random = randomFrom(23);
const below = (bound: number) => Math.floor(random() * bound);
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const types = ['LicenseRevoked', 'LicenseSuspended'];
const expected = async ({ organizationId }: TestOrganization, only?: readonly string[]) =>
  feedIn(await ledger.events(), organizationId)
    .filter(({ type }) => only?.includes(type) ?? true)
    .map(({ id }) => encodeId('evt', id));

/** Sends commands for both organizations, several at a time. */
const write = async (commands: number): Promise<void> => {
  const licenses: { id: string; key: string; owner: TestOrganization }[] = [];
  const one = async () => {
    const license = licenses[below(licenses.length)];
    const act = (verb: string, body: object) =>
      ledger.call('POST', `/v1/licenses/${license?.id}/${verb}`, { key: license?.owner.apiKey ?? '', body });
    const action = below(8);
    if (license === undefined || action === 0) {
      const [owner, other] = below(3) === 0 ? [ledger.b, ledger.a] : [ledger.a, ledger.b];
      const holder = below(2) === 0 ? { holderOrganizationId: other.organizationId } : {};
      const { licenseId, licenseKey } = await ledger.issue(holder, owner);
      licenses.push({ id: licenseId, key: licenseKey, owner });
    } else if (action < 4) {
      const body = { licenseKey: license.key, fingerprint: `device ${below(20)}` };
      await ledger.call('POST', `/v1/licenses/${action < 3 ? 'activate' : 'deactivate'}`, { body });
    } else if (action === 4) await act('suspend', { reason: { code: 'FRAUD' } });
    else if (action < 7) await act('reinstate', {});
    else if (below(4) === 0) await act('revoke', { reason: { code: 'OVER' } });
  };
  const lane = async () => {
    for (let count = 0; count < commands / 8; count++) await one();
  };
  await Promise.all(Array.from({ length: 8 }, lane));
};

/**
 * Reads the feed in pages of any size until it was told that nothing more comes; now and then it crashes before it has kept
 * what it read, and does it again. Returns the ids in the order of their first delivery.
 */
const consume = async ({ apiKey }: TestOrganization, isOver: () => boolean, query = ''): Promise<readonly string[]> => {
  const seen = new Set<string>();
  let kept: string | undefined;
  for (;;) {
    const last = isOver();
    const cursor = kept === undefined ? '' : `&cursor=${kept}`;
    const path = `/v1/events?wait=${last ? 0 : 1}&limit=${1 + below(60)}${cursor}${query}`;
    const { status, body } = await ledger.call('GET', path, { key: apiKey });
    if (status !== 200) throw new Error(`The feed answered ${status}.`);
    for (const { id } of Object.values(body.data ?? {})) seen.add(String(id));
    if (below(4) === 0) continue;
    kept = String(body.nextCursor);
    if (last && String(body.hasMore) === 'false') return [...seen];
  }
};

/** Follows the stream, going away in the middle of it and coming back, until it has so many events. */
const follow = async ({ apiKey }: TestOrganization, count: () => Promise<number>): Promise<readonly string[]> => {
  const seen: string[] = [];
  let lastId: string | undefined;
  for (;;) {
    const stream = await openStream(ledger, { key: apiKey, ...(lastId === undefined ? {} : { lastEventId: lastId }) });
    for (let left = 1 + below(40); left > 0; left--) {
      if (seen.length >= (await count())) {
        stream.leave();
        return seen;
      }
      const sent = await stream.next();
      if (sent === null) break;
      seen.push(String(sent.data.id));
      lastId = sent.id;
    }
    stream.leave();
  }
};

/** What consumers of every kind have seen when `work` is over, and what they had to see. */
const whileConsumed = async (work: () => Promise<void>): Promise<void> => {
  let isOver = false;
  let total = Number.POSITIVE_INFINITY;
  const consumers = Promise.all([
    consume(ledger.a, () => isOver),
    consume(ledger.b, () => isOver),
    consume(ledger.a, () => isOver, `&types=${types}`),
    follow(ledger.a, async () => total),
  ]);
  try {
    await work();
  } finally {
    const events = await ledger.events();
    const head = events.at(-1)?.position.commit ?? 0n;
    await ledger.projected.waitFor(head, 20_000);
    total = feedIn(events, ledger.a.organizationId).length;
    isOver = true;
    // The stream waits for one more event than it had.
    await ledger.issue();
  }
  const [all, theirs, some, streamed] = await consumers;
  const ours = await expected(ledger.a);
  expect(ours.length).toBeGreaterThan(20);
  // The license that was issued last may or may not have come.
  for (const seen of [all, streamed]) {
    expect(seen).toEqual(ours.slice(0, seen.length));
    expect(seen.length).toBeGreaterThanOrEqual(total);
  }
  expect(theirs).toEqual(await expected(ledger.b));
  expect(some).toEqual(await expected(ledger.a, types));
};

test(
  'Consumers see each event once, in the order of the log, while others write',
  () => whileConsumed(() => write(sized(2_000))),
  600_000,
);

testInFull(
  'Consumers miss no event when the projector restarts again and again',
  () =>
    whileConsumed(async () => {
      for (let round = 0; round < 3; round++) {
        const start = await ledger.stopProjector();
        await Promise.all([write(16), readFeed(ledger, ledger.a.apiKey)]);
        start();
        await write(16);
      }
    }),
  600_000,
);

type Issued = { readonly licenseId: string; readonly licenseKey: string };
/** Makes the read models refuse a license from its next event on, and lets that happen; returns the mend. */
const parkOf = async ({ apiKey }: TestOrganization, { licenseId, licenseKey }: Issued) => {
  const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: apiKey });
  const mend = await refuseLicense(ledger.database.superuser, licenseId, Number(body.revision) + 1);
  await ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint: 'the one that parks it' } });
  await condition('the stream is parked', async () => (await parked()).includes(`license-${licenseId}`));
  return mend;
};
const parked = async () =>
  (await listParked(ledger.database.projector, await activeProjection(ledger.database.projector))).map(
    ({ stream }) => stream,
  );
const replay = async (licenseId: string) =>
  replayParked(
    {
      store: ledger.store.connect(),
      pool: ledger.database.projector,
      projection: await activeProjection(ledger.database.projector),
    },
    `license-${licenseId}`,
  );

test('A parked stream stops only the feed of its organization until it is replayed, which wakes waiting requests', async () => {
  const [vendor, other] = [await ledger.createVendor('Vendor'), await ledger.createVendor('Other')];
  const sick = await ledger.issue({}, vendor);
  const mend = await parkOf(vendor, sick);
  await ledger.issue({}, vendor);
  await ledger.issue({}, other);

  const waiting = await readFeed(ledger, vendor.apiKey);
  expect(waiting.ids).toEqual((await expected(vendor)).slice(0, 2));
  expect((await readFeed(ledger, other.apiKey)).ids).toEqual(await expected(other));
  const wait = ledger.call('GET', `/v1/events?wait=30&cursor=${waiting.cursor}`, { key: vendor.apiKey });
  await condition('the request waits', () => ledger.hearing() === 1);
  await mend();
  expect(await replay(sick.licenseId)).toEqual({ outcome: 'replayed' });
  const { body } = await wait;
  const rest = Object.values(body.data ?? {}).map(({ id }) => String(id));
  expect([...waiting.ids, ...rest]).toEqual(await expected(vendor));
});

test(
  'Rebuilding, rolling back and replaying read models neither loses nor repeats an event',
  () =>
    whileConsumed(async () => {
      const sick = await ledger.issue();
      const mend = await parkOf(ledger.a, sick);
      const { url } = ledger.database;
      const rebuilding = {
        store: ledger.store.connect({ watch: { idleMs: 50, pollMs: 100 } }),
        databaseUrl: url,
        projectorUrl: url,
        log: quiet,
        signal: new AbortController().signal,
      };
      // The version that serves lacks what is parked, so it is known to be wrong.
      await Promise.all([rebuild({ ...rebuilding, settleMs: 0, force: true }), write(80)]);
      expect(await parked()).toEqual([]);
      await write(40);
      const { ids, cursor } = await readFeed(ledger, ledger.a.apiKey);
      expect(ids).toEqual(await expected(ledger.a));

      // There, the stream is still parked.
      await Promise.all([rollBack(rebuilding), write(40)]);
      expect(await parked()).toEqual([`license-${sick.licenseId}`]);
      expect(await readFeed(ledger, ledger.a.apiKey, { cursor })).toEqual({ ids: [], cursor });
      const backwards = await ledger.call('GET', `/v1/events?order=desc&cursor=${cursor}`, { key: ledger.a.apiKey });
      expect([backwards.status, backwards.body.code]).toEqual([503, 'NOT_PROJECTED_YET']);
      await write(40);
      expect((await readFeed(ledger, ledger.a.apiKey, { cursor })).ids).toEqual([]);
      await mend();
      expect(await replay(sick.licenseId)).toEqual({ outcome: 'replayed' });
      expect([...ids, ...(await readFeed(ledger, ledger.a.apiKey, { cursor })).ids]).toEqual(await expected(ledger.a));
    }),
  600_000,
);
