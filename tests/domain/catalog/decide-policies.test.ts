import { describe, test } from 'vitest';
import type { PolicyContent } from '../../../src/domain/catalog/commands.ts';
import { unlimited } from '../../../src/domain/license/usage/usage-limits.ts';
import {
  addVersion,
  archivePolicy,
  catalog,
  content,
  createPolicy,
  given,
  noon,
  on,
  policyArchivedEvent,
  policyEvent,
  productArchivedEvent,
  version,
  versionEvent,
  withPolicy,
} from './examples.ts';

const tenDevices = { limits: { ...content.limits, activations: 10 } };
const withTwo = [...withPolicy, on(versionEvent(version(2, tenDevices)))];

describe('creating a policy', () => {
  test('records its version 1 whole', () =>
    given(...catalog)
      .when(createPolicy())
      .thenEvents(policyEvent()));
  test('names a product once', () =>
    given(...catalog)
      .when(createPolicy({ products: ['cloud_ide', 'local_cli', 'cloud_ide'] }))
      .thenEvents(policyEvent(version(1, { products: ['cloud_ide', 'local_cli'] }))));
  test('may name no product', () =>
    given(...catalog)
      .when(createPolicy({ products: [] }))
      .thenEvents(policyEvent(version(1, { products: [] }))));
  test('changes nothing when it is repeated', () =>
    given(...withPolicy)
      .when(createPolicy({ name: '' }))
      .thenNothing());
});

describe('adding a version of a policy', () => {
  test('numbers it after the last one', () => {
    given(...withPolicy)
      .when(addVersion(tenDevices))
      .thenEvents(versionEvent(version(2, tenDevices)));
    given(...withTwo)
      .when(addVersion({ name: 'PRO 3' }))
      .thenEvents(versionEvent(version(3, { name: 'PRO 3' })));
  });
  test('changes nothing with the same content, in whatever order its fields come', () => {
    given(...withPolicy)
      .when(addVersion())
      .thenNothing();
    given(...withTwo)
      .when(addVersion(tenDevices))
      .thenNothing();
    const turned = Object.fromEntries(Object.entries(content.limits).toReversed()) as PolicyContent['limits'];
    given(...withPolicy)
      .when(addVersion({ limits: turned }))
      .thenNothing();
  });
  test('may return to the content of an earlier version', () =>
    given(...withTwo)
      .when(addVersion())
      .thenEvents(versionEvent(version(3))));
  test('is refused for an unknown policy', () =>
    given(...catalog)
      .when(addVersion())
      .thenRejected('NOT_FOUND'));
  test('is refused for an archived policy, whatever the content', () => {
    given(...withPolicy, on(policyArchivedEvent))
      .when(addVersion(tenDevices))
      .thenRejected('ARCHIVED');
    given(...withPolicy, on(policyArchivedEvent))
      .when(addVersion({ name: '' }))
      .thenRejected('ARCHIVED');
  });
});

describe('archiving a policy', () => {
  test('is recorded', () =>
    given(...withPolicy)
      .when(archivePolicy())
      .thenEvents(policyArchivedEvent));
  test('changes nothing when it is repeated', () =>
    given(...withPolicy, on(policyArchivedEvent))
      .when(archivePolicy())
      .thenNothing());
  test('is refused for an unknown one', () =>
    given(...catalog)
      .when(archivePolicy())
      .thenRejected('NOT_FOUND'));
});

const { rules } = content;
const metersUpTo = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, n]));
const refused: readonly (readonly [
  string,
  Partial<PolicyContent>,
  'INVALID_REQUEST' | 'TERM_INVALID' | 'LIMIT_INVALID',
])[] = [
  ['no name', { name: ' ' }, 'INVALID_REQUEST'],
  ['a name too long', { name: 'x'.repeat(201) }, 'INVALID_REQUEST'],
  ['an unknown product', { products: ['local_cli', 'unknown'] }, 'INVALID_REQUEST'],
  ['a limit below 0', { limits: { ...content.limits, seats: -1 } }, 'LIMIT_INVALID'],
  ['half a device', { limits: { ...content.limits, activations: 1.5 } }, 'LIMIT_INVALID'],
  ['users without end', { limits: { ...content.limits, users: Number.POSITIVE_INFINITY } }, 'LIMIT_INVALID'],
  ['a limit in words', { limits: { ...content.limits, seats: 'Unlimited' as never } }, 'LIMIT_INVALID'],
  ['a limit in quotes', { limits: { ...content.limits, meters: { builds: '5' as never } } }, 'LIMIT_INVALID'],
  ['a meter below 0', { limits: { ...content.limits, meters: { builds: -1 } } }, 'LIMIT_INVALID'],
  ['a meter too large', { limits: { ...content.limits, meters: { builds: 2 ** 53 } } }, 'LIMIT_INVALID'],
  [
    'deactivations below 0',
    { rules: { ...rules, deactivation: { ...rules.deactivation, maxPerTerm: -1 } } },
    'LIMIT_INVALID',
  ],
  ['an overage below the limit', { rules: { ...rules, overage: { kind: 'RATIO', percent: 99 } } }, 'LIMIT_INVALID'],
  ['an overage below 0', { rules: { ...rules, overage: { kind: 'RATIO', percent: -1 } } }, 'LIMIT_INVALID'],
  ['an entitlement limited below 0', { entitlements: [{ ...entitled('export'), limit: -1 }] }, 'LIMIT_INVALID'],
  ['a grace below 0', { rules: { ...rules, expiryGraceSeconds: -1 } }, 'TERM_INVALID'],
  ['half a second of grace', { rules: { ...rules, offlineGraceSeconds: 0.5 } }, 'TERM_INVALID'],
  ['a grace of more than 100 years', { rules: { ...rules, expiryGraceSeconds: 3_162_240_001 } }, 'TERM_INVALID'],
  [
    'a cooldown below 0',
    { rules: { ...rules, deactivation: { ...rules.deactivation, cooldownSeconds: -1 } } },
    'TERM_INVALID',
  ],
  ['a lease without time', { rules: { ...rules, lease: { ...rules.lease, ttlSeconds: 0 } } }, 'TERM_INVALID'],
  ['a heartbeat all the time', { rules: { ...rules, heartbeatSeconds: 0 } }, 'TERM_INVALID'],
  ['a term that is no duration', { term: { basis: 'ISSUE', duration: '1 year' } }, 'TERM_INVALID'],
  ['a term without length', { term: { basis: 'FIRST_ACTIVATION', duration: 'P0D' } }, 'TERM_INVALID'],
  ['an end that is no instant', { term: { basis: 'FIXED', expiresAt: '2027-01-01' } }, 'TERM_INVALID'],
  ['a reminder that is no duration', { rules: { ...rules, remindBefore: ['P7D', 'soon'] } }, 'TERM_INVALID'],
  ['a trial without an end', { rules: { ...rules, type: 'TRIAL' }, term: { basis: 'PERPETUAL' } }, 'TERM_INVALID'],
  ['a version that is none', { rules: { ...rules, versions: { from: 'two', below: null } } }, 'INVALID_REQUEST'],
  ['a last version that is none', { rules: { ...rules, versions: { from: null, below: 'vv3' } } }, 'INVALID_REQUEST'],
  ['versions that there are not', { rules: { ...rules, versions: { from: '2.0', below: '2' } } }, 'INVALID_REQUEST'],
  ['an entitlement without a code', { entitlements: [entitled('')] }, 'INVALID_REQUEST'],
  ['an entitlement with a strange code', { entitlements: [entitled('Export all')] }, 'INVALID_REQUEST'],
  ['an entitlement with a long code', { entitlements: [entitled('x'.repeat(65))] }, 'INVALID_REQUEST'],
  ['an entitlement twice', { entitlements: [entitled('a'), entitled('b'), entitled('a')] }, 'INVALID_REQUEST'],
  ['101 entitlements', { entitlements: Array.from({ length: 101 }, (_, n) => entitled(`e${n}`)) }, 'INVALID_REQUEST'],
  ['101 meters', { limits: { ...content.limits, meters: metersUpTo(101) } }, 'INVALID_REQUEST'],
  ['an entitlement that ends never', { entitlements: [{ ...entitled('a'), until: 'never' }] }, 'TERM_INVALID'],
];

describe.each(refused)('a policy with %s', (_, changed, code) => {
  test('is not created', () =>
    given(...catalog)
      .when(createPolicy(changed))
      .thenRejected(code));
  test('does not become a version', () =>
    given(...withPolicy)
      .when(addVersion(changed))
      .thenRejected(code));
});

const accepted: readonly (readonly [string, Partial<PolicyContent>])[] = [
  ['nothing limited to nothing', { limits: { activations: 0, seats: 0, users: 0, meters: { builds: 0 } } }],
  [
    'no limit at all',
    { limits: { activations: unlimited, seats: unlimited, users: unlimited, meters: { builds: unlimited } } },
  ],
  ['100 meters', { limits: { ...content.limits, meters: metersUpTo(100) } }],
  ['an overage of nothing', { rules: { ...rules, overage: { kind: 'RATIO', percent: 100 } } }],
  ['an overage without end', { rules: { ...rules, overage: { kind: 'ALWAYS' } } }],
  ['a grace of 100 years', { rules: { ...rules, expiryGraceSeconds: 3_162_240_000 } }],
  ['a heartbeat a second', { rules: { ...rules, heartbeatSeconds: 1, lease: { ...rules.lease, ttlSeconds: 1 } } }],
  ['versions', { rules: { ...rules, versions: { from: '2.0.0', below: '3.0.0-beta.1' } } }],
  ['a first version', { rules: { ...rules, versions: { from: '2', below: null } } }],
  ['a last version', { rules: { ...rules, versions: { from: null, below: '2024.10.1' } } }],
  ['a perpetual term', { term: { basis: 'PERPETUAL' } }],
  ['a fixed end', { term: { basis: 'FIXED', expiresAt: noon } }],
  ['a term from first validation on', { term: { basis: 'FIRST_VALIDATION', duration: 'P30D' } }],
  ['a trial with an end', { rules: { ...rules, type: 'TRIAL' } }],
  [
    'an entitlement with an end',
    { entitlements: [{ ...entitled('x'.repeat(64)), until: noon }, entitled('a.b:c-d_1')] },
  ],
];
test.each(accepted)('a policy with %s is created', (_, changed) =>
  given(...catalog)
    .when(createPolicy(changed))
    .thenEvents(policyEvent(version(1, changed))),
);

describe('an archived product', () => {
  const archived = on(productArchivedEvent('prd_2'));

  test('is refused in a new policy', () =>
    given(...catalog, archived)
      .when(createPolicy())
      .thenRejected('ARCHIVED'));
  test('is refused in a new version', () =>
    given(...withPolicy, archived)
      .when(addVersion(tenDevices))
      .thenRejected('ARCHIVED'));
  test('can be left out by a new version', () =>
    given(...withPolicy, archived)
      .when(addVersion({ products: ['local_cli'] }))
      .thenEvents(versionEvent(version(2, { products: ['local_cli'] }))));
});

function entitled(code: string) {
  return { code, value: null, limit: null, until: null, source: 'tier' } as const;
}
