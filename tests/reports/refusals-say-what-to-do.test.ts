import { expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { command, device, followedBy, policyWith, to, trial } from '../domain/license/commands.ts';
import { activate, issued, licenseAfter, noon, pro, renewTo, twoDevices } from '../domain/license/examples.ts';
import { testEventIds } from '../support/event-ids.ts';
import { oneUse } from '../support/one-use.ts';

// People complained that a refusal said what was wrong, and not how to go on.

const past = '2026-01-31T00:00:00.000Z';
const renew = (data: object): LicenseCommand => command('Renew', { reasonCode: null, ...data });
const limits = (changed: object): LicenseCommand =>
  command('ChangeLimits', { limits: { ...twoDevices, ...changed }, strategy: 'REJECT' });
const seat = (number: number): LicenseCommand =>
  command('AcquireLease', {
    ...{ leaseId: `l${number}`, holderHash: `m${number}` },
    ...{ product: null, userRef: null, borrowSeconds: null, dead: [] },
  });
const otherwise = 'or choose a higher limit or a strategy other than REJECT.';
const ownOnly = issued({ policy: policyWith({ deactivateByKey: 'OWN' }), limits: { ...twoDevices, seats: 1 } });
const ownDevice =
  'The policy lets a client that has only the license key release only its own device. Send the fingerprint that the device was activated with';
const term = { kind: 'fixed', expiresAt: past } as const;
const yearly = issued({ policy: policyWith({ renewalBasis: 'FROM_NOW', renewalDuration: 'P1M' }) });
const earlier =
  'The new term would end at 2026-07-01T12:00:00.000Z, before the present one, at 2027-01-01T00:00:00.000Z.';

type Row = readonly [
  string,
  readonly ReturnType<typeof issued>[],
  LicenseCommand[],
  { readonly detail: string; readonly place?: readonly string[] },
];
const rows: readonly Row[] = [
  [
    'a limit below the devices in use',
    [issued()],
    [activate('a'), activate('b'), limits({ activations: 1 })],
    {
      detail: `License lic_1 uses 2 devices, more than the new limit of 1 allows. Release devices first, ${otherwise}`,
    },
  ],
  [
    'a limit below the seats in use',
    [issued({ limits: { ...twoDevices, seats: 2 } })],
    [seat(1), seat(2), limits({ seats: 1 })],
    { detail: `License lic_1 uses 2 seats, more than the new limit of 1 allows. Release seats first, ${otherwise}` },
  ],
  [
    'a limit below the assigned users',
    [issued({ limits: { ...twoDevices, users: 2 } })],
    [command('AssignUser', { userRef: 'usr_a' }), command('AssignUser', { userRef: 'usr_b' }), limits({ users: 1 })],
    { detail: `License lic_1 uses 2 users, more than the new limit of 1 allows. Unassign users first, ${otherwise}` },
  ],
  [
    'a limit below what a meter has counted',
    [issued({ limits: { ...twoDevices, meters: { builds: 9 } } })],
    [
      command('RecordUsage', oneUse({ meter: 'builds', quantity: 5, usageId: 'u1', occurredAt: noon })),
      limits({ meters: { builds: 4 } }),
    ],
    {
      detail: `License lic_1 uses 5 of the meter builds, more than the new limit of 4 allows. Wait for the next term, ${otherwise}`,
    },
  ],
  [
    'the release of a device by the key without its fingerprint',
    [ownOnly],
    [activate('a'), command('Deactivate', { device: { activationId: 'act_a' }, by: 'USER', byKey: true })],
    { detail: `${ownDevice}, or use a credential of an organization.`, place: ['fingerprint'] },
  ],
  [
    'a swap by the key without the fingerprint of the old device',
    [ownOnly],
    [
      activate('a'),
      command('SwapActivation', { release: { activationId: 'act_a' }, activate: device('b'), byKey: true }),
    ],
    {
      detail: `${ownDevice} in release, or use a credential of an organization.`,
      place: ['release', 'fingerprint'],
    },
  ],
  [
    'the release of a seat by the key without its holder',
    [ownOnly],
    [seat(1), command('ReleaseLease', { leaseId: 'l1', by: 'USER', byKey: true })],
    {
      detail:
        "The policy lets a client that has only the license key keep or release only its own seat. Send the seat's leaseHolder, or use a credential of an organization.",
      place: ['leaseHolder'],
    },
  ],
  [
    'a payment that counts from now in the middle of a year, by the policy',
    [yearly],
    [renew({ billingRef: 'in_1' })],
    {
      detail: `${earlier} It counts from now, because the renewalBasis of the policy is FROM_NOW. Send the basis FROM_EXPIRY to add to the present term, or a longer duration.`,
    },
  ],
  [
    'a renewal that counts from now in the middle of a year, by the request',
    [yearly],
    [renew({ basis: 'FROM_NOW', duration: 'P1M' })],
    { detail: `${earlier} Choose a later end, or move the end with expiry.` },
  ],
  [
    'a renewal to an earlier end that the request names',
    [yearly],
    [renewTo('2026-07-01T12:00:00.000Z')],
    { detail: `${earlier} Choose a later end, or move the end with expiry.` },
  ],
  [
    'a conversion to a term that has ended',
    [issued({ policy: trial })],
    [command('ConvertTrial', { target: to(pro), term, billingRef: null })],
    { detail: `A term that begins now cannot end at ${past}. Send a term with a later end.`, place: ['term'] },
  ],
  [
    'a withheld code with a limit',
    [issued()],
    [command('GrantEntitlement', { code: 'sso', value: null, limit: 5, until: null, source: 'grant', withheld: true })],
    { detail: 'A grant that withholds sso takes no value and no limit. Leave them out.' },
  ],
  [
    'a renewal without length',
    [issued()],
    [renew({ duration: 'P0D' })],
    { detail: 'The duration "P0D" lasts no time. It must be longer than zero.' },
  ],
];

test.each(rows)('The refusal of %s says what to do', (_, history, commands, expected) => {
  const [last = renew({})] = commands.slice(-1);
  const license = licenseAfter(...followedBy([...history], ...commands.slice(0, -1)));
  const decision = licenseDecider.decide({ ...last, at: noon }, license, testEventIds);
  expect(decision).toMatchObject(expected);
});
