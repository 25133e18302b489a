import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { entriesOf, type License, observerOf } from './observer.ts';

let ledger: Ledger;
let observer: ReturnType<typeof observerOf>;
beforeAll(async () => {
  ledger = await startLedger();
  observer = observerOf(ledger);
});
afterAll(() => ledger.stop());
afterEach(() => {
  ledger.clock.aheadMs = 0;
});

describe('Devices', () => {
  const devicesOf = async (license: License, key?: string) =>
    entriesOf(await observer.get(license, '/activations', key));

  test('show when they were last seen, and what they named last', async () => {
    const license = await ledger.issue({ limits: { activations: 1 } });
    const activated = await observer.client('activate', license, {
      ...{ fingerprint: 'seen-1', name: 'build-7', appVersion: '1.0.0', product: 'local_cli' },
    });
    const { activation } = activated.body;
    expect(activation).toMatchObject({ lastVersion: '1.0.0', lastProduct: 'local_cli' });
    expect(activation?.lastSeenAt).toEqual(activation?.activatedAt);
    observer.wait(3_600);
    await observer.validate(license, { fingerprint: 'seen-1', version: '1.1.0', product: 'cloud_ide' });
    const [first] = await devicesOf(license);
    const lastSeenAt = String(first?.lastSeenAt);
    expect(Date.parse(lastSeenAt) - Date.parse(String(activation?.activatedAt))).toBeGreaterThanOrEqual(3_600_000);
    expect(first).toMatchObject({ appVersion: '1.0.0', lastVersion: '1.1.0', lastProduct: 'cloud_ide' });
    const full = await observer.client('activate', license, { fingerprint: 'seen-2' });
    expect(full.body.activations).toEqual([{ id: activation?.id, platform: null, lastSeenAt }]);

    observer.wait(3_600);
    await observer.validate(license, { activationId: activation?.id, version: '1.2.0' });
    const [second] = await devicesOf(license);
    expect(String(second?.lastSeenAt) > lastSeenAt).toBe(true);
    expect(second).toMatchObject({ lastVersion: '1.2.0', lastProduct: 'cloud_ide' });
    observer.wait(3_600);
    const again = await observer.client('activate', license, { fingerprint: 'seen-1' });
    expect(again.status).toBe(200);
    expect(String(again.body.activation?.lastSeenAt) > String(second?.lastSeenAt)).toBe(true);
    expect((await devicesOf(license))[0]?.lastSeenAt).toEqual(again.body.activation?.lastSeenAt);
  });

  test('show the version and product that they named within a minute of another contact', async () => {
    const license = await ledger.issue({ limits: { activations: 1 } });
    const activate = (fields: object) => observer.client('activate', license, { fingerprint: 'quick', ...fields });
    await activate({});
    await observer.validate(license, { fingerprint: 'quick', version: '1.0.0', product: 'cloud_ide' });
    const [first] = await devicesOf(license);
    observer.wait(10);
    await activate({ appVersion: '2.0.0', product: 'local_cli' });
    await observer.validate(license, { fingerprint: 'quick' });
    const [named] = await devicesOf(license);
    expect(named).toMatchObject({ lastVersion: '2.0.0', lastProduct: 'local_cli' });
    expect(String(named?.lastSeenAt) > String(first?.lastSeenAt)).toBe(true);

    observer.wait(10);
    await observer.validate(license, { fingerprint: 'quick', version: '2.0.0' });
    expect((await devicesOf(license))[0]).toEqual(named);
    observer.wait(60);
    await observer.validate(license, { fingerprint: 'quick' });
    expect((await devicesOf(license))[0]).toMatchObject({ lastVersion: '2.0.0', lastProduct: 'local_cli' });
  });

  test('are seen by the heartbeats of their seat, and start anew when they are activated again', async () => {
    const license = await ledger.issue({ limits: { activations: 1, seats: 1 } });
    const activate = () => observer.client('activate', license, { fingerprint: 'seat-1' });
    await activate();
    const { body } = await observer.client('leases', license, { leaseHolder: 'seat-1', product: 'cloud_ide' });
    observer.wait(300);
    await observer.client(`leases/${body.lease?.id}/heartbeat`, license);
    const beat = ledger.needs.now();
    // The heartbeat's own row is exact. Without it the sighting is left.
    await ledger.writeObservations();
    await ledger.database.superuser.query('delete from ops.lease_liveness where license_id = $1', [license.licenseId]);
    const [device] = await devicesOf(license);
    expect(Math.abs(Date.parse(String(device?.lastSeenAt)) - Date.parse(beat))).toBeLessThan(60_000);
    expect(device).toMatchObject({ lastVersion: null, lastProduct: 'cloud_ide' });

    observer.wait(60);
    await observer.client('deactivate', license, { fingerprint: 'seat-1' });
    observer.wait(60);
    await activate();
    const [anew] = await devicesOf(license);
    expect(anew).toMatchObject({ lastSeenAt: anew?.activatedAt, lastProduct: null });
  });

  test('of all licenses are found by fingerprint, name, platform and last contact, by issuer and holder', async () => {
    const { a, b } = ledger;
    const [own, held, foreign] = await Promise.all([
      ledger.issue(),
      ledger.issue({ holderOrganizationId: b.organizationId }),
      ledger.issue({}, b),
    ]);
    const activate = async (license: License, fields: object) =>
      String((await observer.client('activate', license, fields)).body.activation?.id);
    const stale = await activate(own, { fingerprint: 'Find-1', name: 'Office "1"', platform: 'linux' });
    const shared = await activate(held, { fingerprint: 'Find-1', name: 'Office "1"', platform: 'macos' });
    const other = await activate(foreign, { fingerprint: 'Find-1', name: 'Office "1"', platform: 'linux' });
    observer.wait(3_600);
    const threshold = ledger.needs.now();
    const { headers } = await observer.client('activate', own, { fingerprint: 'Find-2', platform: 'linux' });
    const position = headers.get('ledger-position') ?? '';
    await observer.validate(held, { fingerprint: 'Find-1' });
    const find = async (query: string, key: string) => {
      const answer = await observer.read(`/v1/activations?${query}`, key, position);
      return entriesOf(answer).map(({ id }) => id as unknown);
    };
    expect(await find('fingerprint=Find-1', a.apiKey)).toEqual([shared, stale]);
    expect((await find('fingerprint=Find-1', b.apiKey)).toSorted()).toEqual([shared, other].toSorted());
    expect(await find('fingerprint=Find', a.apiKey)).toEqual([]);
    expect(await find(`name=${encodeURIComponent('Office "1"')}`, a.apiKey)).toEqual([shared, stale]);
    expect((await find(`name=${encodeURIComponent('Office "1"')}`, b.apiKey)).toSorted()).toEqual(
      [shared, other].toSorted(),
    );
    expect(await find('name=Office', a.apiKey)).toEqual([]);
    expect(await find('platform=macos', a.apiKey)).toEqual([shared]);
    expect(await find('platform=linux', b.apiKey)).toEqual([other]);
    const ours = `fingerprint=Find-1&seenBefore=${threshold}`;
    expect(await find(ours, a.apiKey)).toEqual([stale]);
    expect(await find(ours, b.apiKey)).toEqual([other]);
    await observer
      .client('deactivate', own, { fingerprint: 'Find-1' })
      .then(({ headers: ended }) => observer.read('/v1/activations', a.apiKey, ended.get('ledger-position') ?? ''));
    expect(await find('fingerprint=Find-1', a.apiKey)).toEqual([shared]);
  });

  test('of all licenses come in pages that miss and repeat none', async () => {
    const vendor = await ledger.createVendor('Pages');
    const license = await ledger.issue({ limits: { activations: 5 } }, vendor);
    const ids: unknown[] = [];
    let position = '';
    for (let device = 0; device < 5; device += 1) {
      const { body, headers } = await observer.client('activate', license, { fingerprint: `page-${device}` });
      ids.unshift(body.activation?.id);
      position = headers.get('ledger-position') ?? '';
    }
    const found: unknown[] = [];
    let path = '/v1/activations?limit=2';
    for (let pages = 0; pages < 3; pages += 1) {
      const answer = await observer.read(path, vendor.apiKey, position);
      found.push(...entriesOf(answer).map(({ id }) => id));
      path = /<([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
    }
    expect([found, path]).toEqual([ids, '']);
    const { nextCursor } = (await observer.read('/v1/activations?limit=2', vendor.apiKey)).body;
    const foreign = await observer.read(`/v1/activations?limit=2&platform=linux&cursor=${nextCursor}`, vendor.apiKey);
    expect([foreign.status, foreign.body.code]).toEqual([400, 'INVALID_REQUEST']);
  });
});
