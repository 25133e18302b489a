import { expect, test } from 'vitest';
import { moreOf, readMore } from '../../../src/projections/tables/license-more.ts';
import { command, followedBy, free, policyWith, to } from '../../domain/license/commands.ts';
import {
  activate,
  issue,
  issued,
  keyIssuedEvent,
  licenseAfter,
  noon,
  on,
  revoke,
  twoDevices,
} from '../../domain/license/examples.ts';
import { oneUse } from '../../support/one-use.ts';

type History = Parameters<typeof followedBy>[0];

const scheduled = { effectiveAt: '2026-07-01T00:00:00.000Z', eventId: 'evt_1' };
const used = followedBy(
  [issued({ limits: { ...twoDevices, seats: 1, users: 1, meters: { builds: 9 } } }), on(noon, keyIssuedEvent)],
  activate('a'),
  command('AssignUser', { userRef: 'usr_a' }),
  command('AcquireLease', {
    leaseId: 'l1',
    holderHash: 'm1',
    product: null,
    userRef: null,
    borrowSeconds: null,
    dead: [],
  }),
  command('RecordUsage', oneUse({ meter: 'builds', quantity: 5, usageId: 'u1', occurredAt: noon })),
);
const lives: Readonly<Record<string, History>> = {
  plain: [issued()],
  used,
  'with another key': followedBy(
    used,
    command('RotateKey', { keyHash: 'cd34', secretId: 's2', hint: 'ZV3MP', overlapSeconds: 60, cause: 'LOST' }),
  ),
  'with changes to come': followedBy(
    [issued()],
    command('Suspend', { reasonCode: 'PAYMENT', until: null, scheduled }),
    command('SetRenewal', { to: 'auto' }),
    command('ChangeTier', { target: to(free), scheduled }),
  ),
  'that waits for its first activation': followedBy(
    [],
    issue({ term: { kind: 'firstActivation', duration: 'P1M' }, timeZone: 'Asia/Tokyo' }),
  ),
  'after its grace': followedBy(
    [issued({ policy: policyWith({ expiryGraceSeconds: 60 }) })],
    command('EndGrace', { termNumber: 1 }, '2027-02-01T00:00:00.000Z'),
  ),
  replaced: followedBy(
    [],
    issue({ replaces: 'lic_0', maintenanceUntil: noon }),
    revoke(),
    command('RecordReplacement', { by: 'lic_2' }),
  ),
};

test.each(Object.entries(lives))('The row of a license %s gives back what was folded', (name, history) => {
  const { facts } = licenseAfter(...history);
  const written = moreOf(facts);
  const { usage, ...more } = readMore(JSON.stringify(written));
  expect({ ...facts, ...more, usage: { activations: facts.usage.activations, ...usage } }).toEqual(facts);
  expect(Object.keys(written).length > 0).toBe(name !== 'plain');
});
