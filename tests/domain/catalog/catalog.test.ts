import { describe, expect, test } from 'vitest';
import { catalogDecider } from '../../../src/domain/catalog/decider.ts';
import { fold } from '../../../src/domain/decider.ts';
import { ForkableMap } from '../../../src/domain/forkable-map.ts';
import { builtInDefaults, builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import { testEventIds } from '../../support/event-ids.ts';
import {
  addVersion,
  archivePolicy,
  archiveProduct,
  catalog,
  changeProduct,
  cli,
  createPolicy,
  createProduct,
  given,
  ide,
  noon,
  on,
  open,
  openedEvent,
  policyArchivedEvent,
  policyEvent,
  policyIds,
  productArchivedEvent,
  productEvent,
  publishedEvent,
  version,
  versionEvent,
  withdrawnEvent,
  withPolicy,
} from './examples.ts';

describe('opening a catalog', () => {
  const products = ['local_cli', 'cloud_ide'];
  const builtIn = (tier: 'FREE' | 'TRIAL' | 'PRO' | 'ENTERPRISE', term: object, codes = products) => ({
    type: 'PolicyCreated',
    data: {
      name: tier,
      policy: builtInPolicy(tier, policyIds[tier]),
      products: codes,
      term,
      limits: builtInDefaults[tier].limits,
      entitlements: builtInDefaults[tier].entitlements,
    },
  });

  test('creates its first products, and the policies FREE, TRIAL, PRO and ENTERPRISE for them', () => {
    const decision = catalogDecider.decide(open(cli, ide), catalogDecider.initial(), testEventIds);
    expect(decision).toEqual([
      openedEvent,
      productEvent(cli),
      productEvent(ide),
      builtIn('FREE', { basis: 'PERPETUAL' }),
      builtIn('TRIAL', { basis: 'ISSUE', duration: 'P14D' }),
      builtIn('PRO', { basis: 'ISSUE', duration: 'P1Y' }),
      builtIn('ENTERPRISE', { basis: 'ISSUE', duration: 'P1Y' }),
    ]);
  });
  test('works without a product', () =>
    expect(catalogDecider.decide(open(), catalogDecider.initial(), testEventIds)).toMatchObject([
      openedEvent,
      builtIn('FREE', { basis: 'PERPETUAL' }, []),
      ...['TRIAL', 'PRO', 'ENTERPRISE'].map((name) => ({ data: { name, products: [] } })),
    ]));
  test('changes nothing when it is repeated', () =>
    given(...catalog)
      .when(open())
      .thenNothing());
  test('is refused with the same code twice', () =>
    given()
      .when(open(cli, { ...ide, code: 'local_cli' }))
      .thenRejected('CODE_TAKEN'));
  test('is refused with an invalid product', () => {
    given()
      .when(open(cli, { ...ide, code: 'Cloud' }))
      .thenRejected('INVALID_REQUEST');
    given()
      .when(open({ ...cli, name: '' }))
      .thenRejected('INVALID_REQUEST');
  });
});

describe('without a catalog', () => {
  test.each([createProduct(), changeProduct(), archiveProduct(), createPolicy(), addVersion(), archivePolicy()])(
    '$type is refused',
    (command) => given().when(command).thenRejected('NOT_FOUND'),
  );
});

describe('folding a catalog', () => {
  test('keeps every product, every version of every policy and every release', () => {
    const earlier = '2025-11-01T00:00:00.000Z';
    const second = version(2, { name: 'PRO 2' });
    const events = [
      ...withPolicy,
      on({ type: 'ProductChanged', data: { productId: 'prd_1', name: 'CLI', description: 'Text' } }),
      on(productArchivedEvent('prd_2')),
      on(versionEvent(second)),
      on(policyArchivedEvent),
      on(publishedEvent()),
      on(publishedEvent('2.2.0')),
      on(withdrawnEvent()),
      on(withdrawnEvent('2.2.0')),
      on(publishedEvent('2.1.0', { releasedAt: earlier })),
    ];
    const stable = { channel: 'stable', publishedAt: noon };
    expect(fold(catalogDecider, events)).toEqual({
      kind: 'open',
      issuerOrgId: 'org_1',
      products: new ForkableMap([
        ['prd_1', { code: 'local_cli', name: 'CLI', description: 'Text', createdAt: noon, archivedAt: null }],
        [
          'prd_2',
          { code: 'cloud_ide', name: 'Cloud IDE', description: 'In a browser', createdAt: noon, archivedAt: noon },
        ],
      ]),
      productIds: new ForkableMap([
        ['local_cli', 'prd_1'],
        ['cloud_ide', 'prd_2'],
      ]),
      policies: new ForkableMap([
        ['pol_1', { versions: [version(1), second], versionsAt: [noon, noon], archivedAt: noon }],
      ]),
      releases: new ForkableMap([
        ['local_cli 2.1.0', { ...stable, releasedAt: earlier, withdrawnAt: null }],
        ['local_cli 2.2.0', { ...stable, releasedAt: '2025-12-01T00:00:00.000Z', withdrawnAt: noon }],
      ]),
      releaseCounts: new ForkableMap([['local_cli', 2]]),
    });
  });
  test.each(withPolicy.slice(1))('ignores $event.type before the catalog is opened', (stamped) =>
    expect(fold(catalogDecider, [stamped])).toEqual({ kind: 'unopened' }),
  );
  test('ignores changes of unknown objects', () => {
    const strange = [
      on(productArchivedEvent('prd_x')),
      on(versionEvent(version(2, {}, 'pol_x'))),
      on({ type: 'ProductChanged', data: { productId: 'prd_x', name: 'x', description: null } }),
    ];
    expect(fold(catalogDecider, [...catalog, ...strange])).toEqual(fold(catalogDecider, catalog));
  });
  test('forks into independent copies', () => {
    const origin = fold(catalogDecider, withPolicy);
    let copy = catalogDecider.fork(origin);
    expect(copy).toEqual(origin);
    const more = [
      productEvent({ ...cli, productId: 'prd_3', code: 'third' }),
      policyEvent(version(1, {}, 'pol_2')),
      versionEvent(version(2)),
      policyArchivedEvent,
    ];
    for (const { event } of more.map(on)) copy = catalogDecider.evolve(copy, event, on(event).at);
    expect(origin).toEqual(fold(catalogDecider, withPolicy));
    expect(catalogDecider.fork(catalogDecider.initial())).toEqual({ kind: 'unopened' });
  });
});
