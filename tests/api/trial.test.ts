import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reservationAggregate } from '../../src/aggregates/aggregates.ts';
import { reservationId } from '../../src/aggregates/derived-ids.ts';
import { trialReservations } from '../../src/domain/reservation/trial.ts';
import { fingerprintHashes } from '../../src/identity/fingerprint.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { testId } from '../support/license-fixtures.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const issue = (body: object, headers: Record<string, string> = {}) =>
  ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body: { tier: 'TRIAL', ...body }, headers });
const activate = (licenseKey: string, fingerprint: string, fields: object = {}) =>
  ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint, ...fields } });
const newHolder = async () => {
  const { organizationId } = await ledger.createVendor('Holder');
  await ledger.consent(organizationId);
  return organizationId;
};
const taken = (pointer: string) => ({ status: 409, body: { code: 'CODE_TAKEN', errors: [{ pointer }] } });

describe('A holder', () => {
  test('has one trial of a product, and may try another product', async () => {
    const holderOrganizationId = await newHolder();
    expect(await issue({ holderOrganizationId, products: ['one', 'two'] })).toMatchObject({ status: 201 });
    expect(await issue({ holderOrganizationId, products: ['two'] })).toMatchObject(taken('/holderOrganizationId'));
    expect(await issue({ holderOrganizationId, products: ['three'] })).toMatchObject({ status: 201 });
    expect(await issue({ tier: 'PRO', holderOrganizationId, products: ['two'] })).toMatchObject({ status: 201 });
    expect(await issue({ holderOrganizationId: await newHolder(), products: ['two'] })).toMatchObject({ status: 201 });
  });

  test('keeps the right to a trial that was refused', async () => {
    const holderOrganizationId = await newHolder();
    await issue({ holderOrganizationId, products: ['taken'] });
    expect(await issue({ holderOrganizationId, products: ['free', 'taken'] })).toMatchObject({ status: 409 });
    expect(await issue({ holderOrganizationId, products: ['free'], limits: { seats: -1 } })).toMatchObject({
      status: 400,
      body: { code: 'LIMIT_INVALID' },
    });
    expect(await issue({ holderOrganizationId, products: ['free'] })).toMatchObject({ status: 201 });
  });

  test('gets one trial by concurrent requests', async () => {
    const holderOrganizationId = await newHolder();
    const asked = Array.from({ length: 10 }, () => issue({ holderOrganizationId, products: ['one', 'two'] }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, ...Array(9).fill(409)]);
  });

  test('gets the trial by a retry, also after a failure', async () => {
    const holderOrganizationId = await newHolder();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await issue({ holderOrganizationId, products: ['one'] }, headers);
    const again = await issue({ holderOrganizationId, products: ['one'] }, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
  });

  test('gets the trial when an earlier attempt died before it was issued', async () => {
    const holderOrganizationId = await newHolder();
    const issuerOrgId = ledger.a.organizationId;
    const trial = { issuerOrgId, products: ['one'], holderOrgId: holderOrganizationId, fingerprintHash: null };
    const [needed] = trialReservations(trial);
    if (needed === undefined) throw new Error('A trial needs a reservation.');
    const data = { kind: needed.kind, issuerOrgId, owner: testId('lic', holderOrganizationId) };
    const at = new Date().toISOString();
    await sendCommand(
      ledger.executor,
      reservationAggregate,
      reservationId(needed),
      { type: 'Reserve', at, data },
      context(),
      () => null,
    );
    // Another attempt may be about to use it.
    expect(await issue({ holderOrganizationId, products: ['one'] })).toMatchObject(taken('/holderOrganizationId'));
    ledger.clock.aheadMs = 61_000;
    try {
      expect(await issue({ holderOrganizationId, products: ['one'] })).toMatchObject({ status: 201 });
      expect(await issue({ holderOrganizationId, products: ['one'] })).toMatchObject({ status: 409 });
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });
});

describe('A device', () => {
  const trialOf = async (...products: string[]) => String((await issue({ products })).body.licenseKey);

  test('has one trial of a product, with any holder', async () => {
    const [first, second, other] = [await trialOf('one', 'two'), await trialOf('two'), await trialOf('three')];
    expect(await activate(first, 'device-1')).toMatchObject({ status: 201 });
    expect(await activate(first, 'device-1')).toMatchObject({ status: 200 });
    expect(await activate(second, 'device-1')).toMatchObject(taken('/fingerprint'));
    expect(await activate(second, 'device-2')).toMatchObject({ status: 201 });
    expect(await activate(other, 'device-1')).toMatchObject({ status: 201 });
    const { licenseKey } = await ledger.issue({ products: ['two'] });
    expect(await activate(licenseKey, 'device-1')).toMatchObject({ status: 201 });
  });

  test('has used its trial also after a release', async () => {
    const [first, second] = [await trialOf('four'), await trialOf('four')];
    await activate(first, 'device-3');
    await ledger.call('POST', '/v1/licenses/deactivate', { body: { licenseKey: first, fingerprint: 'device-3' } });
    ledger.clock.aheadMs = 61_000;
    try {
      expect(await activate(second, 'device-3')).toMatchObject(taken('/fingerprint'));
      expect(await activate(first, 'device-3')).toMatchObject({ status: 201 });
    } finally {
      ledger.clock.aheadMs = 0;
    }
  });

  /** Calls `work` two days later, when the license no longer knows what was released. */
  const twoDaysLater = async (work: () => Promise<void>) => {
    ledger.clock.aheadMs = 48 * 3_600_000;
    try {
      await work();
    } finally {
      ledger.clock.aheadMs = 0;
    }
  };

  test('can have the trial days after an attempt that died before the activation', async () => {
    const [first, second] = [await ledger.issue({ tier: 'TRIAL', products: ['seven'] }), await trialOf('seven')];
    const issuerOrgId = ledger.a.organizationId;
    const [fingerprintHash = ''] = fingerprintHashes(ledger.secrets, issuerOrgId, 'device-5');
    const [needed] = trialReservations({ issuerOrgId, products: ['seven'], holderOrgId: null, fingerprintHash });
    if (needed === undefined) throw new Error('A trial needs a reservation.');
    const data = { kind: needed.kind, issuerOrgId, owner: first.licenseId };
    const reserve = { type: 'Reserve', at: new Date().toISOString(), data } as const;
    await sendCommand(ledger.executor, reservationAggregate, reservationId(needed), reserve, context(), () => null);
    expect(await activate(second, 'device-5')).toMatchObject(taken('/fingerprint'));
    await twoDaysLater(async () => {
      expect(await activate(second, 'device-5')).toMatchObject({ status: 201 });
    });
  });

  test('has used its trial also days after a release', async () => {
    const [first, second] = [await trialOf('eight'), await trialOf('eight')];
    await activate(first, 'device-6');
    await ledger.call('POST', '/v1/licenses/deactivate', { body: { licenseKey: first, fingerprint: 'device-6' } });
    await twoDaysLater(async () => {
      expect(await activate(second, 'device-6')).toMatchObject(taken('/fingerprint'));
    });
  });

  test('keeps the right to a trial when an activation is refused', async () => {
    const [first, second] = [await trialOf('five'), await trialOf('five')];
    expect(await activate(first, 'device-4', { product: 'six' })).toMatchObject({
      body: { code: 'PRODUCT_NOT_LICENSED' },
    });
    expect(await activate(second, 'device-4')).toMatchObject({ status: 201 });
  });
});
