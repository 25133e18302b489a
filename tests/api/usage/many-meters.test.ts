import { expect, test } from 'vitest';
import type { UsageRequest, UseOfRequest, UseResult } from '../../../src/application/usage/gather-usage.ts';
import { recordManyUses } from '../../../src/application/usage/record-usage.ts';
import { noSuchLicense } from '../../../src/domain/license/license-authority.ts';
import { noSuchMeter } from '../../../src/domain/license/usage/judge-usage.ts';

const facts = { licenseId: 'lic_1', limits: { meters: { builds: 10, exports: 10 } }, meterSums: {} };
const after = { facts, changed: true, revision: 1n, position: 1n } as never;
const request = {
  attempt: { commandId: '8f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21' },
  license: { facts },
} as unknown as UsageRequest;

const resultOf = ({ meter }: UseOfRequest): UseResult =>
  Object.hasOwn(facts.limits.meters, meter)
    ? { refusal: null, after }
    : { refusal: noSuchMeter(facts as never, meter), after };

const gathering = (answer = resultOf) => {
  const gathered: string[] = [];
  let [running, most] = [0, 0];
  const gatherUsage = async (uses: readonly UseOfRequest[]) => {
    gathered.push(uses[0]?.meter ?? '');
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return uses.map(answer);
  };
  const record = (meters: readonly string[]) =>
    recordManyUses(
      { gatherUsage, now: () => '2026-01-01T00:00:00.000Z' as never },
      request,
      meters.map((meter) => ({ meter, quantity: 1 })),
    );
  return { record, gathered, most: () => most };
};
const strange = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

test('A list of a thousand meters that the license does not have asks the license once for all of them', async () => {
  const { record, gathered, most } = gathering();
  const meters = ['builds', ...strange(997), 'exports', 'builds'];
  const recorded = await record(meters);
  expect([gathered, most()]).toEqual([['builds', 'm0', 'exports'], 1]);
  expect(recorded.map(({ meter }) => meter)).toEqual(meters);
  expect(recorded.slice(1, -2).map(({ refusal }) => refusal?.detail)).toEqual(
    strange(997).map((meter) => `License lic_1 has no meter ${meter}. Its meters: builds, exports.`),
  );
  expect([0, 998, 999].map((index) => recorded[index]?.refusal)).toEqual([null, null, null]);
});

test('A list asks for each meter that the license has lost, because corrections of it may count', async () => {
  const lost = { facts: { ...facts, meterSums: { scans: {} } }, changed: true, revision: 1n, position: 1n } as never;
  const { record, gathered } = gathering((use) =>
    use.meter === 'm0' ? { refusal: noSuchMeter(facts as never, 'm0'), after: lost } : { refusal: null, after: lost },
  );
  const recorded = await record(['scans', 'm0', 'm1', 'builds', 'scans']);
  expect(gathered).toEqual(['scans', 'm0', 'builds']);
  expect(recorded.map(({ refusal }) => refusal?.rejected ?? null)).toEqual([
    ...[null, 'LIMIT_INVALID', 'LIMIT_INVALID'],
    ...[null, null],
  ]);
});

test('A list whose sender may not see the license asks the license once', async () => {
  const { record, gathered } = gathering(() => ({ refusal: noSuchLicense, after: null }));
  const recorded = await record(['builds', ...strange(10)]);
  expect(gathered).toEqual(['builds']);
  expect(recorded.map(({ refusal }) => refusal)).toEqual(Array.from({ length: 11 }, () => noSuchLicense));
});
