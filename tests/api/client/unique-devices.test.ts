import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { reservationId } from '../../../src/aggregates/derived-ids.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { fromMs } from '../../../src/domain/time.ts';
import { fingerprintHashes } from '../../../src/identity/fingerprint.ts';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { testId } from '../../support/license-fixtures.ts';
import { elsewhere, type Issued, uniqueClientOf } from './unique-client.ts';

let ledger: Ledger;
let { issue, send, activate, accepted, manage } = {} as ReturnType<typeof uniqueClientOf>;
beforeAll(async () => {
  ledger = await startLedger();
  ({ issue, send, activate, accepted, manage } = uniqueClientOf(ledger));
});
afterAll(() => ledger.stop());
afterEach(() => {
  ledger.clock.aheadMs = 0;
});

describe('A device under a policy for one license of the issuer', () => {
  test('is refused on a second license, until the first one releases it', async () => {
    const [first, second] = [await issue(), await issue()];
    expect(await activate(first, 'one')).toMatchObject({ status: 201 });
    expect(await activate(first, 'one')).toMatchObject({ status: 200 });
    const refused = await activate(second, 'one');
    expect(refused).toMatchObject(elsewhere);
    expect(refused.text).not.toContain(first.licenseId);
    const { status } = await send('swap', second, { release: { fingerprint: 'none' }, fingerprint: 'one' });
    expect(status).toBe(404);
    expect(await send('deactivate', first, { fingerprint: 'one' })).toMatchObject({ status: 200 });
    expect(await activate(second, 'one')).toMatchObject({ status: 201 });
    expect(await activate(first, 'one')).toMatchObject(elsewhere);
  });

  test('does not matter to another issuer, and not to a license under a policy without the scope', async () => {
    const [first, wide, plain] = [await issue(), await issue(), await issueDirectly(ledger)];
    const { b } = ledger;
    const foreign = await issueDirectly({ ...ledger, a: b }, { policy: { fingerprintUniqueness: 'ISSUER' } });
    for (const license of [plain, first, foreign]) expect((await activate(license, 'two')).status).toBe(201);
    expect(await activate(wide, 'two')).toMatchObject(elsewhere);
  });

  test('is named to callers who may read the other license only', async () => {
    const holderOrgId = ledger.b.organizationId;
    const [first, second] = [await issue(), await issue({}, { holderOrgId })];
    await activate(first, 'three');
    const by = (key: string) =>
      ledger.call('POST', '/v1/licenses/activate', {
        key,
        body: { licenseId: second.licenseId, fingerprint: 'three' },
      });
    expect((await by(ledger.a.apiKey)).body).toMatchObject({ ...elsewhere.body, licenseId: first.licenseId });
    const toHolder = await by(ledger.b.apiKey);
    expect(toHolder).toMatchObject(elsewhere);
    expect(toHolder.text).not.toContain(first.licenseId);
  });

  test('is unique under POLICY among licenses of one policy', async () => {
    const scope = { fingerprintUniqueness: 'POLICY' } as const;
    const other = { ...scope, policyId: testId('pol', 'other') };
    const [first, second, third] = [await issue(scope), await issue(scope), await issue(other)];
    expect((await activate(first, 'four')).status).toBe(201);
    expect(await activate(second, 'four')).toMatchObject(elsewhere);
    expect((await activate(third, 'four')).status).toBe(201);
  });

  test('is unique under PRODUCT among licenses with a common product', async () => {
    const of = (...products: string[]) => issue({ fingerprintUniqueness: 'PRODUCT' }, { products });
    const [first, common, other] = [await of('a', 'b'), await of('b', 'c'), await of('c')];
    expect((await activate(first, 'five')).status).toBe(201);
    expect(await activate(common, 'five')).toMatchObject(elsewhere);
    expect((await activate(other, 'five')).status).toBe(201);
  });

  test('is listed with the scope of its license, which says why other licenses refuse it', async () => {
    const [wide, plain] = [await issue(), await issueDirectly(ledger)];
    for (const license of [wide, plain]) expect((await activate(license, 'six')).status).toBe(201);
    const listed = async (path: string) => {
      const { body } = await ledger.call('GET', path, { key: ledger.a.apiKey });
      return Object.values(body.data ?? {}).map((device) => [device.licenseId, device.fingerprintUniqueness]);
    };
    const ofWide = [wide.licenseId, 'ISSUER'];
    expect(await listed('/v1/activations?fingerprint=six')).toEqual([[plain.licenseId, 'LICENSE'], ofWide]);
    expect(await listed(`/v1/licenses/${wide.licenseId}/activations`)).toEqual([ofWide]);
  });

  test('is a denial of the license that was refused', async () => {
    const [first, second] = [await issue(), await issue()];
    for (const license of [first, second]) await activate(license, 'seven');
    await ledger.writeObservations();
    const { body } = await ledger.call('GET', `/v1/licenses/${second.licenseId}/denials`, { key: ledger.a.apiKey });
    expect(JSON.stringify(body)).toContain('DEVICE_ACTIVE_ELSEWHERE');
  });
});

type End = {
  readonly name: string;
  readonly end: (license: Issued, fingerprint: string) => Promise<unknown>;
  readonly policy?: Partial<PinnedPolicy>;
};

const targetOf = (policy: Partial<PinnedPolicy>) => ({
  policy: { ...builtInPolicy('PRO', testId('pol', 'PRO')), ...policy },
  products: null,
  limits: { activations: 5, seats: 5, users: 5, meters: {} },
  entitlements: [],
});
const perpetual = { term: { kind: 'perpetual', startsAt: null } } as const;
const year = 366 * 86_400_000;

describe('Another license gets the device at once after', () => {
  test.each<End>([
    {
      name: 'a release by an administrator',
      end: async (license, fingerprint) => {
        const { body } = await activate(license, fingerprint);
        const path = `/v1/licenses/${license.licenseId}/activations/${body.activation?.id}`;
        await accepted(ledger.call('DELETE', path, { key: ledger.a.apiKey }));
      },
    },
    {
      name: 'a swap',
      end: (license, fingerprint) => accepted(send('swap', license, { release: { fingerprint }, fingerprint: 'next' })),
    },
    { name: 'a revocation', end: (license) => manage('revoke', license, { reason: { code: 'FRAUD' } }) },
    {
      name: 'a lower limit',
      end: (license) => manage('limits', license, { limits: { activations: 0 } }),
      policy: { limitStrategy: 'EVICT_OLDEST' },
    },
    {
      name: 'a transfer that releases devices',
      end: (license) => {
        const toHolderOrganizationId = ledger.b.organizationId;
        return manage('transfer', license, { toHolderOrganizationId, accepted: true, activations: 'RELEASE' });
      },
    },
    {
      name: 'the removal of all products',
      end: (license) => manage('products', license, { remove: ['local_cli', 'cloud_ide'] }),
    },
    {
      name: 'the expiry',
      end: async () => {
        ledger.clock.aheadMs = year;
      },
    },
  ])('$name', async ({ name, end, policy = {} }) => {
    const fingerprint = `device of ${name}`;
    const [first, second] = [await issue(policy), await issue({}, perpetual)];
    expect(await activate(first, fingerprint)).toMatchObject({ status: 201 });
    expect(await activate(second, fingerprint)).toMatchObject(elsewhere);
    await end(first, fingerprint);
    expect(await activate(second, fingerprint)).toMatchObject({ status: 201 });
  });
});

describe('A device that was active before', () => {
  const wide = (license: Issued, fingerprintUniqueness: 'POLICY' | 'ISSUER') =>
    sendTo(ledger, license.licenseId, {
      type: 'ChangePolicy',
      data: { target: targetOf({ fingerprintUniqueness, version: fingerprintUniqueness === 'ISSUER' ? 2 : 3 }) },
    });

  test('is found on the last of many licenses, when the others have expired', async () => {
    const many = await Promise.all(Array.from({ length: 21 }, () => issue({ fingerprintUniqueness: 'LICENSE' })));
    const [last, next] = [many.toSorted((a, b) => (a.licenseId < b.licenseId ? 1 : -1))[0] as Issued, await issue()];
    for (const license of [last, next])
      await sendTo(ledger, license.licenseId, {
        type: 'Renew',
        data: { duration: 'P5Y', basis: 'FROM_NOW', reasonCode: null },
      });
    const moved = many.map(async (license) => {
      expect((await activate(license, 'kiosk')).status).toBe(201);
      await wide(license, 'ISSUER');
    });
    await Promise.all(moved);
    ledger.clock.aheadMs = year;
    expect(await activate(next, 'kiosk')).toMatchObject(elsewhere);
    expect((await send('deactivate', last, { fingerprint: 'kiosk' })).status).toBe(200);
    expect((await activate(next, 'kiosk')).status).toBe(201);
  });

  test('is refused when more licenses may have it than an attempt reads', async () => {
    const [had, next] = [await issue(), await issue()];
    await activate(had, 'crowd');
    await accepted(send('deactivate', had, { fingerprint: 'crowd' }));
    const { superuser } = ledger.database;
    const copy = async (table: string, row: string) => {
      const { rows } = await superuser.query<{ columns: string }>(
        `select string_agg(attname, ', ') as columns from pg_attribute
          where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
        [table],
      );
      const columns = rows[0]?.columns;
      const from = `${table} t cross join generate_series(100000, 100199) i,
        jsonb_populate_record(t, jsonb_build_object('license_id', 'lic_' || i, ${row})) r where t.license_id = $1`;
      const selected = columns?.split(', ').map((column) => `r.${column}`);
      await superuser.query(`insert into ${table} (${columns}) select ${selected} from ${from}`, [had.licenseId]);
    };
    await copy('rm.licenses', "'key_hash', null");
    await copy('rm.activations', "'deactivated_at', null, 'cause', null, 'activation_id', 'act_' || i");
    const answer = await activate(next, 'crowd');
    expect(answer).toMatchObject(elsewhere);
    expect(answer.body.detail).toContain('200 or more other licenses');
    await ledger.database.superuser.query("delete from rm.activations where license_id = 'lic_100000'");
    expect((await activate(next, 'crowd')).status).toBe(201);
  });

  test('counts from the instant of an announced change of the policy', async () => {
    const [moving, next] = [await issue({ fingerprintUniqueness: 'LICENSE' }), await issue()];
    expect((await activate(moving, 'announced')).status).toBe(201);
    const effectiveAt = fromMs(Date.now() + 3_600_000);
    const target = targetOf({ fingerprintUniqueness: 'ISSUER', version: 2 });
    await sendTo(ledger, moving.licenseId, { type: 'ChangePolicy', data: { target, scheduled: { effectiveAt } } });
    ledger.clock.aheadMs = 7_200_000;
    expect(await activate(next, 'announced')).toMatchObject(elsewhere);
  });

  test('stays after its license moves to a wider scope, and other licenses are then refused', async () => {
    const [moved, had, next] = [await issue({ fingerprintUniqueness: 'LICENSE' }), await issue(), await issue()];
    for (const license of [moved, had]) for (const device of ['eight', 'nine']) await activate(license, device);
    expect((await send('deactivate', had, { fingerprint: 'nine' })).status).toBe(200);
    await wide(moved, 'ISSUER');
    for (const license of [moved, had]) expect((await activate(license, 'eight')).status).toBe(200);
    for (const device of ['eight', 'nine']) expect(await activate(next, device)).toMatchObject(elsewhere);
    await wide(moved, 'POLICY');
    expect((await activate(next, 'nine')).status).toBe(201);
  });

  test('is reserved when its application activates it again', async () => {
    const license = await issue({ fingerprintUniqueness: 'LICENSE' });
    await activate(license, 'ten');
    await wide(license, 'ISSUER');
    expect((await activate(license, 'ten')).status).toBe(200);
    expect((await activate(license, 'ten')).status).toBe(200);
    const { organizationId } = ledger.a;
    const [hash = ''] = fingerprintHashes(ledger.secrets, organizationId, 'ten');
    const stream = `reservation-${reservationId({ kind: 'device_issuer', fields: [organizationId, organizationId, hash] })}`;
    const { events } = await ledger.store.connect().read(stream);
    expect(events.map(({ data }) => data.owner)).toEqual([license.licenseId]);
  });

  test('counts for an API key that does not reach its license', async () => {
    const owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
    const scopes = ['licenses:read', 'licenses:activate'];
    const created = await ledger.call('POST', '/v1/api-keys', {
      key: owner.accessToken,
      body: { name: 'limited', scopes, products: ['local_cli'] },
    });
    const hidden = await issue({ fingerprintUniqueness: 'LICENSE' });
    const reached = await issue({}, { products: ['local_cli'] });
    await activate(hidden, 'twelve');
    await wide(hidden, 'ISSUER');
    const answer = await ledger.call('POST', '/v1/licenses/activate', {
      key: String(created.body.secret),
      body: { licenseId: reached.licenseId, fingerprint: 'twelve' },
    });
    expect(answer).toMatchObject(elsewhere);
    expect(answer.text).not.toContain(hidden.licenseId);
  });

  test('counts for a product that its license gets later', async () => {
    const of = (product: string) => issue({ fingerprintUniqueness: 'PRODUCT' }, { products: [product] });
    const [first, second] = [await of('a'), await of('b')];
    await activate(first, 'eleven');
    await sendTo(ledger, first.licenseId, { type: 'AddProduct', data: { product: 'b' } });
    expect(await activate(second, 'eleven')).toMatchObject(elsewhere);
  });
});

describe('An expired license', () => {
  test('keeps a device that no other license activates, and has lost the others after its renewal', async () => {
    const [first, second] = [await issue(), await issue({}, perpetual)];
    for (const fingerprint of ['kept', 'lost']) await activate(first, fingerprint);
    ledger.clock.aheadMs = year;
    expect((await activate(second, 'lost')).status).toBe(201);
    await sendTo(ledger, first.licenseId, {
      type: 'Renew',
      data: { duration: 'P2Y', basis: 'FROM_NOW', reasonCode: null },
    });
    expect((await activate(first, 'kept')).status).toBe(200);
    expect(await activate(first, 'lost')).toMatchObject(elsewhere);
    expect(await activate(second, 'kept')).toMatchObject(elsewhere);
  });
});
