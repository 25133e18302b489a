import { describe, expect, test } from 'vitest';
import { releasesMax } from '../../../src/domain/catalog/decide-releases.ts';
import { catalogDecider } from '../../../src/domain/catalog/decider.ts';
import { fold } from '../../../src/domain/decider.ts';
import { testEventIds } from '../../support/event-ids.ts';
import {
  catalog,
  given,
  noon,
  on,
  productArchivedEvent,
  publish,
  publishedEvent,
  withdraw,
  withdrawnEvent,
} from './examples.ts';

const released = [...catalog, on(publishedEvent())];
const withdrawn = [...released, on(withdrawnEvent())];
const november = '2025-11-01T00:00:00.000Z';

describe('publishing a release', () => {
  test.each([
    ['2.1.0', '2.1.0'],
    ['v2.1', '2.1.0'],
    ['V3', '3.0.0'],
    ['3.0.0-beta.10', '3.0.0-beta.10'],
    ['3.0.0+build.7', '3.0.0'],
  ])('stores %s in the one spelling %s', (version, stored) =>
    given(...catalog)
      .when(publish({ version }))
      .thenEvents(publishedEvent(stored)),
  );
  test.each(['latest', '1.2.3.4', 'release-2', '', '02.1', '1.0.0 '])('refuses %j, which is not a version', (version) =>
    given(...catalog)
      .when(publish({ version }))
      .thenRejected('INVALID_REQUEST'),
  );
  test.each(['', 'Beta', 'a b', '2nd', 'x'.repeat(31)])('refuses the channel %j', (channel) =>
    given(...catalog)
      .when(publish({ channel }))
      .thenRejected('INVALID_REQUEST'),
  );
  test.each(['a', 'beta-2', 'x'.repeat(30)])('accepts the channel %j', (channel) =>
    given(...catalog)
      .when(publish({ channel }))
      .thenEvents(publishedEvent('2.1.0', { channel })),
  );
  test('refuses a date that is not an instant', () =>
    given(...catalog)
      .when(publish({ releasedAt: 'yesterday' }))
      .thenRejected('INVALID_REQUEST'));
  test('takes the instant of the command when it names none', () =>
    given(...catalog)
      .when(publish({ releasedAt: null }))
      .thenEvents(publishedEvent('2.1.0', { releasedAt: noon })));
  test('refuses an unknown product, and a catalog that is not open', () => {
    given(...catalog)
      .when(publish({ product: 'workflow_app' }))
      .thenRejected('NOT_FOUND');
    given().when(publish()).thenRejected('NOT_FOUND');
  });
  test('changes nothing when the catalog has the same release, in another spelling or without a date', () => {
    for (const again of [publish(), publish({ version: 'v2.1+7' }), publish({ releasedAt: null })])
      given(...released)
        .when(again)
        .thenNothing();
  });
  test('refuses the same version with another date or channel, and says what to do', () => {
    for (const other of [publish({ releasedAt: november }), publish({ channel: 'beta' })])
      given(...released)
        .when(other)
        .thenRejected('RELEASE_EXISTS');
    const refusal = catalogDecider.decide(publish({ channel: 'beta' }), fold(catalogDecider, released), testEventIds);
    expect(refusal).toMatchObject({ detail: expect.stringContaining('Withdraw it first to correct it.') });
  });
  test('accepts the same version for another product', () =>
    given(...released)
      .when(publish({ product: 'cloud_ide' }))
      .thenEvents(publishedEvent('2.1.0', { product: 'cloud_ide' })));
  test('accepts an archived product, because its licenses keep it', () =>
    given(...catalog, on(productArchivedEvent('prd_1')))
      .when(publish())
      .thenEvents(publishedEvent()));
  test('accepts a withdrawn version with another date', () =>
    given(...withdrawn)
      .when(publish({ releasedAt: november }))
      .thenEvents(publishedEvent('2.1.0', { releasedAt: november })));
});

describe('withdrawing a release', () => {
  test('is an event', () =>
    given(...released)
      .when(withdraw('v2.1'))
      .thenEvents(withdrawnEvent()));
  test('changes nothing when it is withdrawn', () =>
    given(...withdrawn)
      .when(withdraw())
      .thenNothing());
  test.each([
    ['another version', withdraw('2.2.0')],
    ['a text that is not a version', withdraw('latest')],
    ['the version of another product', withdraw('2.1.0', 'cloud_ide')],
    ['an unknown product', withdraw('2.1.0', 'workflow_app')],
  ])('refuses %s', (_, command) =>
    given(...released)
      .when(command)
      .thenRejected('NOT_FOUND'),
  );
});

describe('the limit of releases', () => {
  const full = fold(catalogDecider, [
    ...catalog,
    ...Array.from({ length: releasesMax }, (_, patch) => on(publishedEvent(`1.0.${patch}`))),
  ]);
  const decided = (command: Parameters<typeof catalogDecider.decide>[0]) =>
    catalogDecider.decide(command, full, testEventIds);

  test('counts per product', () => {
    expect(decided(publish())).toMatchObject({ rejected: 'RELEASE_LIMIT_EXCEEDED' });
    expect(decided(publish({ product: 'cloud_ide' }))).toHaveLength(1);
  });
  test('lets present releases be corrected', () => {
    const after = catalogDecider.evolve(catalogDecider.fork(full), withdrawnEvent('1.0.7'), {
      recordedAt: noon,
      effectiveAt: noon,
    });
    expect(catalogDecider.decide(publish({ version: '1.0.7' }), after, testEventIds)).toHaveLength(1);
    expect(catalogDecider.decide(publish(), after, testEventIds)).toMatchObject({ rejected: 'RELEASE_LIMIT_EXCEEDED' });
    // The fork changed, and its origin did not.
    expect(decided(publish({ version: '1.0.7' }))).toEqual([]);
  });
});
