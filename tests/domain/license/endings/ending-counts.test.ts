import { describe, expect, test } from 'vitest';
import { decideInTurn, type Stamped, stamp } from '../../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../../src/domain/license/decider.ts';
import { dueCommands, nextDueAt } from '../../../../src/domain/license/due.ts';
import { announcementHolder } from '../../../../src/domain/license/endings/ending-counts.ts';
import type { LicenseEvent } from '../../../../src/domain/license/events.ts';
import type { IssuedLicense } from '../../../../src/domain/license/license.ts';
import { validationView } from '../../../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../../../src/domain/license/validation/validity.ts';
import { testEventIds } from '../../../support/event-ids.ts';
import { sized } from '../../../support/size.ts';
import { command, device, followedBy, free, to } from '../commands.ts';
import {
  activate,
  activatedEvent,
  deactivate,
  deactivateById,
  deactivatedEvent,
  ends,
  given,
  issued,
  licenseAfter,
  noon,
  on,
  revoke,
  revokedEvent,
  tomorrow,
} from '../examples.ts';
import { carryOut, decisionOn, withDevices } from '../many-devices.ts';

const noUsers = { users: 0, seats: 0 };
const release = command('Transfer', {
  toHolderOrgId: 'org_3',
  accepted: true,
  expiry: 'KEEP',
  activations: 'RELEASE',
});
const apply = (license: IssuedLicense, events: readonly LicenseEvent[], recordedAt: string): IssuedLicense => {
  for (const event of events) licenseDecider.evolve(license, event, stamp(event, recordedAt).at);
  return license;
};
const idsOf = (events: readonly LicenseEvent[]) =>
  events.flatMap(({ type, data }) => (type === 'ActivationDeactivated' ? [data.activationId] : []));
const names = (from: number, below: number) =>
  Array.from({ length: below - from }, (_, index) => `act_d${from + index}`);

describe('a command that ends more than one decision can announce', () => {
  const license = () => licenseAfter(...withDevices(500, 3));

  test('ends everything with its first event, and announces the oldest', () => {
    const decided = decisionOn(license(), revoke());
    expect(decided).toHaveLength(200);
    expect(decided[0]).toEqual({
      type: 'LicenseRevoked',
      data: { reasonCode: 'CHARGEBACK', ...ends('ALL', 500, { usageAfter: { activations: 0, seats: 0, users: 3 } }) },
    });
    expect(idsOf(decided)).toEqual(names(0, 199));
    const after = apply(license(), decided, noon);
    expect(after.activations.size).toBe(0);
    expect(after.facts.usage).toMatchObject({ activations: 0, users: 3 });
    expect(after.facts.endings).toEqual([
      { cause: 'LICENSE_REVOKED', effectiveAt: noon, holderOrgId: 'org_2', activations: 301, leases: 0, users: 0 },
    ]);
  });
  test('leaves the rest to the worker, from that instant on, also on a revoked license', () => {
    const after = apply(license(), decisionOn(license(), revoke()), noon);
    expect(nextDueAt(after.facts)).toBe(noon);
    expect(dueCommands(after.facts, noon)).toEqual([{ type: 'AnnounceEnded', data: {} }]);
    const batches = carryOut(after, tomorrow);
    expect(batches.map(({ length }) => length)).toEqual([50, 50, 50, 50, 50, 50, 1]);
    expect(idsOf(batches.flat())).toEqual(names(199, 500));
    expect(batches.flat().every(({ effectiveAt }) => effectiveAt === noon)).toBe(true);
    expect(batches.flat().every(({ data }) => 'countAfter' in data && data.countAfter === 0)).toBe(true);
    expect(after.facts).toMatchObject({ endings: [], usage: { activations: 0, users: 3 } });
    expect(after.ended).toEqual([]);
    expect(nextDueAt(after.facts)).toBeNull();
    expect(decisionOn(after, command('AnnounceEnded', {}, tomorrow))).toEqual([]);
  });
  test.each([
    ['revoked', revoke()],
    ['transferred', release],
    ['without its only product', command('RemoveProduct', { product: 'local_cli' })],
    [
      'with a lower limit',
      command('ChangeLimits', { limits: { activations: 1, ...noUsers, meters: {} }, strategy: 'EVICT_OLDEST' }),
    ],
  ])(`of ${sized(12_000)} devices is announced to the last one when it is %s`, (_, ending) => {
    const many = licenseAfter(...withDevices(sized(12_000)));
    many.facts = { ...many.facts, products: ['local_cli'] };
    const decided = decisionOn(many, ending);
    apply(many, decided, noon);
    const open = many.activations.size;
    expect([open, many.facts.usage.activations]).toEqual(ending.type === 'ChangeLimits' ? [1, 1] : [0, 0]);
    const announced = idsOf([...decided, ...carryOut(many, tomorrow).flat()]);
    expect(announced).toEqual(names(0, sized(12_000) - open));
    expect([many.facts.usage.activations, many.facts.endings]).toEqual([open, []]);
  });
  test('fits into one append, announcements included', () => {
    const decided = decisionOn(license(), revoke());
    const announced = decisionOn(apply(license(), decided, noon), command('AnnounceEnded', {}));
    for (const events of [decided, announced]) {
      // Adds the estimated size of an envelope, and uses ids of full length.
      const bytes = events.length * (1_200 + 26) + JSON.stringify(events).length;
      expect(bytes).toBeLessThan(500_000);
    }
  });
});

describe('an ended part that is not announced yet', () => {
  const license = () =>
    apply(licenseAfter(...withDevices(500)), decisionOn(licenseAfter(...withDevices(500)), release), noon);

  test('counts and validates as ended', () => {
    const after = license();
    const named = { product: null, fingerprint: 'hash-d499' };
    expect(validate(validationView(after, named), named, noon)).toMatchObject({ valid: false, code: 'NOT_ACTIVATED' });
    expect(decisionOn(after, activate('new'))).toMatchObject([{ data: { countAfter: 1, overage: false } }]);
  });
  test('counts as released, by id and by fingerprint, before and after its announcement', () => {
    const after = license();
    expect(decisionOn(after, deactivate('d499'))).toEqual([]);
    expect(decisionOn(after, deactivateById('d499'))).toEqual([]);
    carryOut(after, tomorrow);
    expect(decisionOn(after, deactivate('d499', tomorrow))).toEqual([]);
  });
  test('may come back: a device that is activated again stays active when its end is announced', () => {
    const after = license();
    const [again] = decisionOn(after, command('Activate', device('d499', { activationId: 'act_again' })));
    expect(again).toMatchObject({ type: 'ActivationRecorded', data: { countAfter: 1 } });
    apply(after, again === undefined ? [] : [again], noon);
    carryOut(after, tomorrow);
    expect([...after.activations.keys()]).toEqual(['act_again']);
    expect(after.byFingerprint.get('hash-d499')).toBe('act_again');
    expect(after.facts.usage.activations).toBe(1);
  });
  test('belongs to the holder from before its decisive event', () => {
    const after = license();
    apply(after, decisionOn(after, activate('new')), noon);
    const second = command('Transfer', { ...transferTo('org_4'), activations: 'RELEASE' });
    const decided = decisionOn(after, second);
    // The devices of the first event are announced first, so the second event announces nothing itself.
    expect(decided.map(({ type }) => type)).toEqual(['LicenseTransferred']);
    expect(decided.map((event) => announcementHolder(after, event))).toEqual([null]);
    apply(after, decided, noon);
    const holders: (string | null | undefined)[] = [];
    for (;;) {
      const [next] = decisionOn(after, command('AnnounceEnded', {}, tomorrow));
      if (next === undefined) break;
      holders.push(announcementHolder(after, next)?.holderOrgId);
      apply(after, [next], tomorrow);
    }
    expect(holders).toHaveLength(302);
    expect([new Set(holders.slice(0, 301)), holders[301]]).toEqual([new Set(['org_2']), 'org_3']);
    expect(announcementHolder(after, deactivatedEvent('x', 'TRANSFER', 0))).toBeNull();
  });
  test('does not block other commands', () => {
    const after = license();
    apply(after, decisionOn(after, command('Suspend', { reasonCode: 'FRAUD', until: null })), noon);
    apply(after, decisionOn(after, revoke()), noon);
    expect(after.facts.endings.map(({ cause }) => cause)).toEqual(['TRANSFER']);
    expect(carryOut(after, tomorrow).flat()).toHaveLength(301);
  });
});

const transferTo = (toHolderOrgId: string) => ({ toHolderOrgId, accepted: true, expiry: 'KEEP' }) as const;

describe('several decisive events in one decision', () => {
  const used = (perProduct: number): readonly Stamped<LicenseEvent>[] => [
    issued({ limits: { activations: 3 * perProduct, seats: 0, users: 0, meters: {} }, products: ['p', 'q', 'r'] }),
    ...['p', 'q', 'r'].flatMap((product, order) =>
      Array.from({ length: perProduct }, (_, index) =>
        on(noon, {
          ...activatedEvent(`${product}${index}`, 1),
          data: { ...activatedEvent(`${product}${index}`, order * perProduct + index + 1).data, product },
        }),
      ),
    ),
  ];
  const downgrade = command('ChangeTier', {
    target: to(
      { ...free, limitStrategy: 'EVICT_OLDEST' },
      {
        products: ['r'],
        limits: { activations: 1, ...noUsers, meters: {} },
      },
    ),
  });

  test.each([1, 2, 60, 150])(
    'come all, and as many announcements as fit; %i devices for each of three products',
    (count) => {
      const license = licenseAfter(...used(count));
      const decided = decisionOn(license, downgrade);
      const decisive = decided.filter(({ data }) => !('cause' in data) || data.cause === 'TIER_CHANGED');
      expect(decisive.map(({ type }) => type)).toEqual([
        'LicenseTierChanged',
        'ProductRemoved',
        'ProductRemoved',
        'LicenseLimitsChanged',
      ]);
      expect(decided).toHaveLength(Math.min(200, 4 + 3 * count - 1));
      apply(license, decided, noon);
      expect([...license.activations.keys()]).toEqual([`act_r${count - 1}`]);
      expect(license.facts.usage.activations).toBe(1);
      const rest = carryOut(license, tomorrow).flat();
      expect(idsOf([...decided, ...rest])).toHaveLength(3 * count - 1);
      expect(new Set(idsOf([...decided, ...rest])).size).toBe(3 * count - 1);
      expect(license.facts).toMatchObject({ endings: [], usage: { activations: 1 } });
    },
  );
  test.each([1, 60, 150, 250])(
    'of commands in turn have together as many announcements as one; %i devices each',
    (count) => {
      const license = licenseAfter(...used(count));
      const evictions = [2 * count, count].map(
        (activations): LicenseCommand =>
          command('ChangeLimits', { limits: { activations, ...noUsers, meters: {} }, strategy: 'EVICT_OLDEST' }),
      );
      const add = command('AddProduct', { product: 's' });
      const decided = decideInTurn(licenseDecider, [...evictions, add], license, testEventIds);
      if ('rejected' in decided) throw new Error(decided.detail);
      expect(decided.length).toBeLessThanOrEqual(203);
      expect(decided.filter(({ data }) => !('cause' in data))).toHaveLength(3);
      apply(license, decided, noon);
      expect(license.facts.usage.activations).toBe(count);
      const rest = carryOut(license, tomorrow).flat();
      expect(new Set(idsOf([...decided, ...rest])).size).toBe(2 * count);
      expect(license.facts).toMatchObject({
        endings: [],
        usage: { activations: count },
        products: ['p', 'q', 'r', 's'],
      });
    },
  );
});

describe('a stream of version 1, where announcements come first', () => {
  test('folds as before: an event without ends ends nothing', () => {
    const old = [
      ...withDevices(3, 1),
      on(noon, deactivatedEvent('d0', 'LIMIT_LOWERED', 2)),
      on(noon, { type: 'LicenseLimitsChanged', data: limitsLowered }),
      on(noon, deactivatedEvent('d1', 'TRANSFER', 1)),
      on(noon, { type: 'UserUnassigned', data: { userRef: 'usr_0', cause: 'TRANSFER', countAfter: 0 } }),
      on(noon, {
        type: 'LicenseTransferred',
        data: { fromHolderOrgId: 'org_2', toHolderOrgId: 'org_3', expiry: 'KEEP', activations: 'RELEASE' },
      }),
      on(noon, { type: 'ProductRemoved', data: { product: 'cloud_ide' } }),
      on(noon, deactivatedEvent('d2', 'LICENSE_REVOKED', 0)),
      on(noon, revokedEvent),
    ] as const;
    const counts = old.map((_, index) => licenseAfter(...old.slice(0, index + 1)).facts.usage.activations);
    expect(counts).toEqual([0, 1, 2, 3, 3, 2, 2, 1, 1, 1, 1, 0, 0]);
    const license = licenseAfter(...old);
    expect(license).toMatchObject({ ended: [], facts: { endings: [], revokedAt: noon, holderOrgId: 'org_3' } });
    expect([license.activations.size, license.users.size, license.byFingerprint.size]).toEqual([0, 0, 0]);
    expect(dueCommands(license.facts, tomorrow)).toEqual([]);
    expect([...license.deactivated.keys()]).toEqual(
      ['d0', 'd1', 'd2'].flatMap((name) => [`act_${name}`, `hash-${name}`]),
    );
  });
  test('does not end a device that stayed open', () => {
    const open = followedBy([...withDevices(2), on(noon, deactivatedEvent('d0', 'PRODUCT_REMOVED', 1))]);
    expect([
      ...licenseAfter(...open, on(noon, { type: 'ProductRemoved', data: { product: 'x' } })).activations.keys(),
    ]).toEqual(['act_d1']);
  });
});

const limitsLowered = {
  before: { activations: 3, seats: 10, users: 1, meters: {} },
  after: { activations: 2, seats: 10, users: 1, meters: {} },
  strategy: 'EVICT_OLDEST',
} as const;

test('The events of a command that ends nothing have no ends', () => {
  given(issued()).when(revoke()).thenEvents(revokedEvent);
  given(issued({ holderOrgId: 'org_2' }))
    .when(release)
    .thenEvents({
      type: 'LicenseTransferred',
      data: { fromHolderOrgId: 'org_2', toHolderOrgId: 'org_3', expiry: 'KEEP', activations: 'RELEASE' },
    });
});
