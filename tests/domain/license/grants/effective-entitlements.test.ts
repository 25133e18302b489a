import { expect, test } from 'vitest';
import {
  effectiveEntitlement,
  effectiveEntitlements,
  entitlementChanges,
  entitlementStates,
} from '../../../../src/domain/license/grants/effective-entitlements.ts';
import type { Entitlement } from '../../../../src/domain/license/grants/entitlement.ts';

const [june, july, august] = ['2026-06-01T00:00:00.000Z', '2026-07-01T00:00:00.000Z', '2026-08-01T00:00:00.000Z'];
const from = (source: Entitlement['source'], over: Partial<Entitlement> = {}): Entitlement => ({
  ...{ code: 'export', value: source, limit: null, until: null, source },
  ...over,
});
const withheld = (until: string | null) => from('grant', { value: null, until, withheld: true });

test('Of several sources, the grant decides before the trial, the policy and the product', () => {
  const entitlements = [from('product'), from('tier'), from('trial'), from('grant')];
  const [effective] = effectiveEntitlements({ entitlements }, june);
  expect(effective?.value).toBe('grant');
  expect(effective?.sources.map(({ source }) => source)).toEqual(['grant', 'trial', 'tier', 'product']);
});

test('A code is found by its name, also among others', () => {
  const entitlements = [from('tier', { code: 'import' }), from('tier'), from('grant', { until: june })];
  expect(effectiveEntitlement({ entitlements }, 'export', june)?.source).toBe('tier');
  expect(effectiveEntitlement({ entitlements }, 'sso', june)).toBeNull();
  expect(effectiveEntitlements({ entitlements: [] }, june)).toEqual([]);
});

test.each<[string, readonly Entitlement[], Partial<Entitlement> & { readonly ended: boolean }]>([
  [
    'a running one before an ended one',
    [from('grant', { until: june }), from('tier')],
    { source: 'tier', ended: false },
  ],
  ['one that withholds while it runs', [withheld(august), from('tier')], { source: 'grant', ended: false }],
  [
    'of ended ones, one that granted the code before one that withheld it',
    [withheld(june), from('tier', { until: june })],
    { source: 'tier', ended: true },
  ],
  ['one that withheld when there is no other', [withheld(june)], { source: 'grant', ended: true }],
])('The state of a code shows %s', (_, entitlements, expected) => {
  expect(entitlementStates({ entitlements }, july)).toMatchObject([{ code: 'export', ...expected }]);
});

test.each<[string, readonly Entitlement[], readonly string[]]>([
  ['none, when no source ends', [from('tier')], []],
  ['the end of each source that grants', [from('grant', { until: june }), from('tier', { until: july })], [june, july]],
  ['not the ends of sources that are withheld for longer', [withheld(null), from('tier', { until: july })], []],
  [
    'not the end of a source that is withheld until the same instant',
    [withheld(july), from('tier', { until: july })],
    [],
  ],
  [
    'the end of withholding, when a source grants for longer',
    [withheld(june), from('tier', { until: july })],
    [june, july],
  ],
  ['the end of withholding, when a source grants without end', [withheld(june), from('tier')], [june]],
  [
    'not the end of withholding a code that nobody grants for longer',
    [withheld(july), from('tier', { until: june })],
    [],
  ],
  ['not the end of withholding what only another code grants', [withheld(june), from('tier', { code: 'sso' })], []],
  [
    'the end of a code although another one is withheld',
    [{ ...withheld(null), code: 'sso' }, from('tier', { until: july })],
    [july],
  ],
])('Instants at which the clock alone changes a license: %s', (_, entitlements, expected) => {
  expect(entitlementChanges({ entitlements })).toEqual(expected);
});
