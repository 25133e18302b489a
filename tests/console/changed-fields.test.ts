import { expect, test } from 'vitest';
import { changedFields } from '../../src/console/screens/license/past/changed-fields.ts';
import { fieldValuesOf } from '../../src/console/screens/license/past/field-values.ts';
import { eventName, explainedTypes } from '../../src/console/texts/event-sentences.ts';

const at = '2027-03-01T12:00:00.000Z';
const setBy = {
  ...{ eventId: 'evt_01h455vb4pex5vsknk084sn02q', type: 'LicenseSuspended', revision: 3 },
  ...{ recordedAt: at, effectiveAt: at, reason: null },
  actor: { type: 'USER', id: 'usr_1', onBehalfOf: null },
};
const field = (name: string, value: unknown) => ({ field: name, value, setBy, before: null, byTime: null });
const differencesOf = (then: readonly object[], now: readonly object[]) =>
  changedFields(then as Parameters<typeof changedFields>[0], now as Parameters<typeof changedFields>[1]);
/** The differences as rows of texts. */
const rowsOf = (then: readonly object[], now: readonly object[]) =>
  differencesOf(then, now).map(({ name, before, after }) => [name, before.items, after.items]);

test('A license that was suspended is compared in words, with instants that the page shows in the zone of the viewer', () => {
  const payment = { reasonCode: 'PAYMENT', since: at, until: null };
  const then = [
    field('status', 'ACTIVE'),
    field('effectiveStatus', 'ACTIVE'),
    field('suspensions', []),
    field('suspension', null),
  ];
  const now = [
    field('status', 'SUSPENDED'),
    field('effectiveStatus', 'SUSPENDED'),
    field('suspensions', [payment, { ...payment, reasonCode: 'LEGAL' }]),
    field('suspension', payment),
  ];
  expect(rowsOf(then, now)).toEqual([
    ['Status', [{ text: 'Active' }], [{ text: 'Suspended' }]],
    [
      'Suspended for',
      [],
      [
        { text: 'payment, since', at },
        { text: 'a legal reason, since', at },
      ],
    ],
  ]);
});

test('A license is not the same when only the end of a further reason of its suspension differs', () => {
  const payment = { reasonCode: 'PAYMENT', since: at, until: null };
  const legal = (until: string | null) => [field('suspensions', [payment, { ...payment, reasonCode: 'LEGAL', until }])];
  const since = [
    { text: 'payment, since', at },
    { text: 'a legal reason, since', at },
  ];
  expect(rowsOf(legal(null), legal(at))).toEqual([
    ['Suspended for', since, [...since, { text: 'a legal reason, until', at }]],
  ]);
});

test('An entitlement and a meter that were taken away name the event that took them', () => {
  const issued = { setBy: { ...setBy, type: 'LicenseIssued' } };
  const of = (code: string) => ({ code, value: null, limit: null, source: 'grant', withheld: false, ended: false });
  const then = [
    { ...field('entitlements', [of('layers'), of('export')]), ...issued },
    { ...field('limits.meters', { renders: { limit: 5, resets: 'P1M', overage: { kind: 'NONE' } } }), ...issued },
  ];
  const now = [
    { ...field('entitlements', [of('layers')]), setBy: { ...setBy, type: 'EntitlementWithdrawn' } },
    { ...field('limits.meters', {}), setBy: { ...setBy, type: 'LimitsChanged' } },
  ];
  const causes = differencesOf(then, now).map(({ key, before, after }) => [
    key,
    before.cause?.setBy?.type,
    after.cause?.setBy?.type,
  ]);
  expect(causes).toEqual([
    ['entitlement export', 'LicenseIssued', 'EntitlementWithdrawn'],
    ['limit of meter renders', 'LicenseIssued', 'LimitsChanged'],
  ]);
});

test('Limits, meters, entitlements and rules of the policy differ one by one, with numbers in groups', () => {
  const policy = { id: 'pol_1', version: 1, expiryGraceSeconds: 0, expiryStrategy: 'RESTRICT', transferable: true };
  const entitlement = {
    code: 'layers',
    value: null,
    source: 'tier',
    withheld: false,
    ended: false,
    until: null,
    sources: [],
  };
  const of = (version: number, limit: number) => [
    field('policy', { ...policy, version, expiryGraceSeconds: version * 86_400 }),
    field('limits.activations', limit),
    field('limits.meters', { renders: { limit, resets: 'P1M', overage: { kind: 'RATIO', percent: 10 } } }),
    field('entitlements', [{ ...entitlement, limit }]),
    field('term.expiresAt', version === 1 ? at : null),
  ];
  expect(rowsOf(of(1, 1_000), of(2, 2_500))).toEqual([
    ['Policy', [{ text: 'pol_1, version 1' }], [{ text: 'pol_1, version 2' }]],
    ['Policy: grace after the end', [{ text: '1 day' }], [{ text: '2 days' }]],
    ['Limit of devices', [{ text: '1,000' }], [{ text: '2,500' }]],
    [
      'Limit of meter renders',
      [{ text: '1,000 in a month, use above a limit: up to 10 % of the limit' }],
      [{ text: '2,500 in a month, use above a limit: up to 10 % of the limit' }],
    ],
    ['Entitlement layers', [{ text: 'limit 1,000, tier' }], [{ text: 'limit 2,500, tier' }]],
    ['Term ends', [{ at }], [{ text: 'never' }]],
  ]);
});

test('Announced changes and earlier keys have their instants', () => {
  const change = { eventId: 'evt_1', effectiveAt: at };
  const changes = [
    { ...change, kind: 'SUSPENSION', reasonCode: 'LEGAL', until: at },
    { ...change, kind: 'RENEWAL', to: 'cancelAtPeriodEnd' },
    { ...change, kind: 'TIER', tier: 'PRO', policy: { id: 'pol_1', version: 2 } },
  ];
  expect(fieldValuesOf('scheduled', changes)[0]?.items).toEqual([
    { text: 'suspension for a legal reason, from', at },
    { text: 'suspension for a legal reason, until', at },
    { text: 'renewal ends with the term, from', at },
    { text: 'tier Pro under policy pol_1, version 2, from', at },
  ]);
  expect(fieldValuesOf('keyOverlaps', [{ keyVersion: 2, until: at }])[0]?.items).toEqual([
    { text: 'version 2, until', at },
  ]);
  expect(fieldValuesOf('term.awaits', { trigger: 'FIRST_ACTIVATION', duration: 'P1Y' })[0]?.items).toEqual([
    { text: 'the first device, for 1 year' },
  ]);
});

test('A field of a newer server is shown as the server has it', () => {
  expect(fieldValuesOf('color', { red: 1 })).toEqual([{ key: 'color', name: 'color', items: [{ text: '{"red":1}' }] }]);
});

test('The name of an event is written in words', () => {
  expect(eventName('LicenseExpiryChanged')).toBe('License expiry changed');
  expect(explainedTypes.map(eventName).filter((name) => !/^[A-Z][a-z]+( [a-z]+)+$/.test(name))).toEqual([]);
});
