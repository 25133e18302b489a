import { afterAll, beforeAll, expect, test } from 'vitest';
import { organizationAggregate } from '../../src/aggregates/aggregates.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import type { Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const moveTo = async (organizationId: string, timeZone: string) => {
  const at = new Date().toISOString();
  const by = { type: 'SYSTEM' } as const;
  const command = { type: 'ChangeOrganizationTimeZone', data: { timeZone }, at, by } as const;
  const moved = await sendCommand(
    ledger.executor,
    organizationAggregate,
    organizationId,
    command,
    context(),
    () => null,
  );
  if ('rejected' in moved) throw new Error(moved.detail);
};
// In Tokyo that is the 31st, at five in the morning.
const term = { duration: 'P1M', startsAt: '2030-01-30T20:00:00.000Z' };
const endOf = async () => (await ledger.issue({ term })).answer.body.license?.term?.expiresAt;

test('Months follow the calendar of the issuer and end with a shorter month', async () => {
  expect(await endOf()).toBe('2030-02-28T20:00:00.000Z');
  await moveTo(ledger.a.organizationId, 'Asia/Tokyo');
  expect(await endOf()).toBe('2030-02-27T20:00:00.000Z');
});

test('An issued license keeps its time zone when the organization changes', async () => {
  await moveTo(ledger.a.organizationId, 'UTC');
  const { licenseId } = await ledger.issue({ term });
  await moveTo(ledger.a.organizationId, 'Asia/Tokyo');
  const renewed = await ledger.call('POST', `/v1/licenses/${licenseId}/renew`, {
    key: ledger.a.apiKey,
    body: { duration: 'P1M', reason: { code: 'PURCHASE' } },
  });
  expect(renewed.body.license?.term?.expiresAt).toBe('2030-03-30T20:00:00.000Z');
});
