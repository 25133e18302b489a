import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import { issueLicense } from '../../../src/application/licenses/issue/issue-license.ts';
import { acceptOffer } from '../../../src/application/offers/accept-offer.ts';
import { createExecutor, type Executor } from '../../../src/eventstore/executor/execute.ts';
import { generateLicenseKeyBody } from '../../../src/identity/license-key.ts';
import { type Ledger, startLedger, type TestOrganization } from '../../support/ledger.ts';
import { createOffering, offeredTo, refusal } from './offering.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

/** A process of its own on the same store. `dies`: it dies before it appends to a license. */
const startProcess = ({ dies = false } = {}) => {
  const executor = createExecutor({ store: ledger.store.connect() });
  const execute: Executor['execute'] = (aggregate, ...rest) => {
    if (dies && (aggregate as unknown) === licenseAggregate) throw new Error('killed');
    return executor.execute(aggregate, ...rest);
  };
  return { ...ledger.needs, licenseKeyPrefix: 'LL', executor: { ...executor, execute } };
};

const requestOf = ({ organizationId, apiKeyId }: TestOrganization) => ({
  call: {
    ...{ requestId: randomUUID(), correlationId: randomUUID(), expectedRevision: null },
    onceReadable: () => undefined,
  },
  attempt: {
    ...{ commandId: randomUUID(), requestHash: 'r'.repeat(64), earlierRequestHashes: [] },
    ...{ secret: generateLicenseKeyBody(), whenOnly: async () => undefined },
  },
  caller: { kind: 'apiKey', organizationId, apiKeyId, scopes: ['licenses:write'], products: null } as const,
});

describe('A process that dies while it accepts an offer', () => {
  test('leaves the offer open, and a retry in another process accepts it', async () => {
    const { customer, offer, offers, listed } = await createOffering(ledger);
    const licenseId = await offer();
    const request = requestOf(customer);
    await expect(acceptOffer(startProcess({ dies: true }), request, licenseId)).rejects.toThrow('killed');
    expect([await offers(), await listed()]).toEqual([[licenseId], []]);
    const retried = await acceptOffer(startProcess(), request, licenseId);
    expect(retried).toMatchObject({ changed: true, facts: { holderOrgId: customer.organizationId } });
    const repeated = await acceptOffer(startProcess(), request, licenseId);
    expect(repeated).toMatchObject({ facts: { holderOrgId: customer.organizationId } });
  });

  test('keeps a block that comes before the retry', async () => {
    const { customer, offer, decide, issue } = await createOffering(ledger);
    const licenseId = await offer();
    const request = requestOf(customer);
    await expect(acceptOffer(startProcess({ dies: true }), request, licenseId)).rejects.toThrow('killed');
    await decide('block');
    // A new request finds the block, and the issuer stays blocked.
    expect(await acceptOffer(startProcess(), requestOf(customer), licenseId)).toMatchObject({ rejected: 'NOT_FOUND' });
    expect((await issue()).body.license?.holderOrganizationId).toBeNull();
  });
});

test('Two processes that accept at the same time give the license to the holder once', async () => {
  const { customer, offer, asVendor } = await createOffering(ledger);
  const licenseId = await offer();
  const answers = await Promise.all(
    [startProcess(), startProcess()].map((needs) => acceptOffer(needs, requestOf(customer), licenseId)),
  );
  expect(answers.map((answer) => 'changed' in answer && answer.changed).sort()).toEqual([false, true]);
  const { body } = await asVendor('GET', `/v1/licenses/${licenseId}/history`);
  const types = Object.values(body.data ?? {}).map(({ type }) => type);
  expect(types.filter((type) => String(type) === 'LicenseTransferred')).toHaveLength(1);
});

test('A process that dies before it offers a license keeps the place for its retry, for at most a minute', async () => {
  const { vendor, customer, issue, offers } = await createOffering(ledger);
  await Promise.all(Array.from({ length: 9 }, () => issue()));
  const request = requestOf(vendor);
  const issuing = { ...offeredTo(customer), tier: 'PRO' as const };
  await expect(issueLicense(startProcess({ dies: true }), request, issuing)).rejects.toThrow('killed');
  expect(refusal(await issue())).toEqual([409, 'OFFER_LIMIT_EXCEEDED']);
  const issued = await issueLicense(startProcess(), request, issuing);
  expect(issued).toMatchObject({ facts: { holderOrgId: null } });
  if ('position' in issued) await ledger.projected.waitFor(issued.position, 10_000);
  expect(await offers()).toHaveLength(10);
});

test('An offer expires after thirty days, and its place is free again', async () => {
  const { offer, offers, answer, issue, license, transfer, customer } = await createOffering(ledger);
  const licenseId = await offer();
  await Promise.all(Array.from({ length: 9 }, () => issue()));
  const before = await license(licenseId);
  ledger.clock.aheadMs = 30 * 86_400_000 + 1_000;
  try {
    expect(await offers()).toEqual([]);
    expect(refusal(await answer(licenseId, 'accept'))).toEqual([404, 'NOT_FOUND']);
    const after = await license(licenseId);
    expect([before.pendingHolder?.organizationId, after.pendingHolder]).toEqual([customer.organizationId, null]);
    expect((await issue()).status).toBe(201);
    expect((await transfer(licenseId, customer)).body.changed).toBe(true);
    expect(await offers()).toHaveLength(2);
  } finally {
    ledger.clock.aheadMs = 0;
  }
});
