import { expect, test } from 'vitest';
import { createObservations } from '../../../src/application/observing/observations.ts';

const at = '2027-01-31T10:00:00.000Z';
const licenseOf = (issuerOrgId: string, licenseId = 'lic_a') => ({ issuerOrgId, holderOrgId: null, licenseId });
const denial = { code: 'NOT_ACTIVATED', product: null, version: null, addressPrefix: null, deniedAt: at };

const bounded = (processMax: number, tenantMax: number) => {
  const bounds = { processMax, tenantMax };
  const dropped: string[] = [];
  const observations = createObservations((kind) => void dropped.push(kind), {
    validations: bounds,
    devices: bounds,
    denials: bounds,
  });
  return { observations, dropped };
};

const seen = (fingerprintHash: string) => ({ fingerprintHash, version: null, product: null, at });

test('A flood of distinct devices of one tenant drops the newest, and leaves room for others', () => {
  const { observations, dropped } = bounded(50, 20);
  for (let device = 0; device < 1_000; device += 1)
    observations.sawDevice(licenseOf('org_a', 'lic_a'), seen(`${device}`));
  for (let device = 0; device < 1_000; device += 1)
    observations.sawDevice(licenseOf('org_b', 'lic_b'), seen(`${device}`));
  for (let device = 0; device < 1_000; device += 1)
    observations.sawDevice(licenseOf('org_c', 'lic_c'), seen(`${device}`));
  const { devices } = observations.takeAll();
  const kept = (tenant: string) =>
    devices.filter(({ issuerOrgId }) => issuerOrgId === tenant).map(({ fingerprintHash }) => Number(fingerprintHash));
  const first = (count: number) => Array.from({ length: count }, (_, device) => device);
  expect(['org_a', 'org_b', 'org_c'].map(kept)).toEqual([first(20), first(20), first(10)]);
  expect(dropped).toEqual(Array<string>(2_950).fill('devices'));
});

test('What is noted already is noted again when the memory is full, and there is room after it was taken', () => {
  const { observations, dropped } = bounded(1, 1);
  const validation = { product: null, valid: true, at };
  observations.validated(licenseOf('org_a'), validation);
  observations.validated(licenseOf('org_a'), { ...validation, valid: false });
  observations.validated(licenseOf('org_a', 'lic_b'), validation);
  expect(dropped).toEqual(['validations']);
  expect(observations.takeAll().validations).toMatchObject([{ licenseId: 'lic_a', validations: 2, denied: 1 }]);
  observations.validated(licenseOf('org_a', 'lic_b'), validation);
  expect(observations.takeAll().validations).toMatchObject([{ licenseId: 'lic_b', validations: 1, denied: 0 }]);
});

test('Validations count for the UTC day, the product and the holder', () => {
  const { observations } = bounded(100, 100);
  const count = (product: string | null, holderOrgId: string | null, instant: string) =>
    observations.validated({ ...licenseOf('org_a'), holderOrgId }, { product, valid: true, at: instant });
  count('cli', null, '2027-01-31T23:59:59.999Z');
  count('cli', null, '2027-02-01T00:00:00.000Z');
  count(null, null, '2027-02-01T00:00:00.000Z');
  count(null, 'org_h', '2027-02-01T00:00:00.000Z');
  expect(observations.takeAll().validations).toMatchObject([
    { day: '2027-01-31', product: 'cli', holderOrgId: null, validations: 1 },
    { day: '2027-02-01', product: 'cli', holderOrgId: null, validations: 1 },
    { day: '2027-02-01', product: null, holderOrgId: null, validations: 1 },
    { day: '2027-02-01', product: null, holderOrgId: 'org_h', validations: 1 },
  ]);
});

test('Denials of one license take no more memory than rows, and are one per code, device and minute', () => {
  const { observations, dropped } = bounded(10_000, 10_000);
  const owner = licenseOf('org_a');
  for (let device = 0; device < 500; device += 1) {
    observations.denied({ ...owner, ...denial, device: `${device}` });
    observations.denied({ ...owner, ...denial, device: `${device}`, deniedAt: '2027-01-31T10:00:59.999Z' });
  }
  observations.denied({ ...licenseOf('org_a', 'lic_b'), ...denial, device: null });
  const { denials } = observations.takeAll();
  expect(denials.filter(({ licenseId }) => licenseId === 'lic_a')).toHaveLength(100);
  expect(denials.filter(({ licenseId }) => licenseId === 'lic_b')).toHaveLength(1);
  expect(dropped).toHaveLength(800);
});

test('A device that changes its holder keeps nothing that it named for the earlier one', () => {
  const { observations } = bounded(100, 100);
  const owner = licenseOf('org_a');
  observations.sawDevice(owner, { ...seen('d'), version: '1.0.0', product: 'cli' });
  observations.sawDevice({ ...owner, holderOrgId: 'org_h' }, seen('d'));
  expect(observations.takeAll().devices).toMatchObject([{ holderOrgId: 'org_h', version: null, product: null }]);
});
