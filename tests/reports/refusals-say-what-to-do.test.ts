import { expect, test } from 'vitest';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { command, followedBy, policyWith, to, trial } from '../domain/license/commands.ts';
import { activate, issued, licenseAfter, noon, pro, renewTo, twoDevices } from '../domain/license/examples.ts';
import { testEventIds } from '../support/event-ids.ts';

// People complained that a refusal said what was wrong, and not how to go on.

const past = '2026-01-31T00:00:00.000Z';
const renew = (data: object): LicenseCommand => command('Renew', { reasonCode: null, ...data });
const limits = (changed: object): LicenseCommand =>
  command('ChangeLimits', { limits: { ...twoDevices, ...changed }, strategy: 'REJECT' });
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
      detail:
        'License lic_1 uses 2 devices, more than the new limit of 1 allows. Release devices first, or choose a higher limit or a strategy other than REJECT.',
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
    [issued()],
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
