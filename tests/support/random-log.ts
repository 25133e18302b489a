import type { OrganizationEvent } from '../../src/domain/organization/events.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { createLog, customer, randomFrom, rival, testHash, testId, testInstant, vendor } from './license-fixtures.ts';
import { oneUse } from './one-use.ts';
import { catalogLife, organizationLife } from './stream-fixtures.ts';

/** A log of about `events` events of every read model, many licenses of three organizations, the same for the same seed. */
export const randomLog = (events: number, seed = 1): readonly Recorded[] => {
  const ledger = createLog();
  const random = randomFrom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const lives = [vendor, rival, customer].flatMap((id, index) => {
    const name = `Organization ${index}`;
    const [first = [], ...later] = decisionsAbout(rival);
    ledger.organization(id, name);
    return [
      { stream: `organization-${id}` as const, left: [...first, ...organizationLife(name), ...later.flat()] },
      { stream: `catalog-${id}` as const, left: [...catalogLife(id)] },
    ];
  });
  const ids: string[] = [];
  const issueOne = () => {
    const [issuerOrgId, holderOrgId] = [below(2) === 0 ? vendor : rival, below(2) === 0 ? customer : null];
    ids.push(ledger.issue(`${seed}/${ids.length}`, { issuerOrgId, holderOrgId, policy: leasing, seats: 3, users: 2 }));
  };
  while (ledger.log.length < events) {
    const licenseId = ids[below(ids.length)];
    const action = below(13);
    if (licenseId === undefined || action === 0) issueOne();
    else if (action < 5) ledger.activate(licenseId, `device ${below(8)}`);
    else if (action < 7) ledger.deactivate(licenseId, `device ${below(8)}`);
    else if (action === 7) below(2) === 0 ? ledger.suspend(licenseId) : ledger.reinstate(licenseId);
    else if (action === 8) ledger.renew(licenseId);
    else if (action === 9) {
      const { stream, left } = lives[below(lives.length)] ?? { stream: `catalog-${vendor}`, left: [] };
      ledger.happen(stream, left.splice(0, 1 + below(3)));
    } else if (action < 12) floating(ledger, licenseId, below);
    else if (below(10) === 0) ledger.revoke(licenseId);
    else if (below(4) === 0) {
      const [toHolderOrgId, how] = [below(2) === 0 ? customer : null, below(3) === 0 ? 'RELEASE' : 'KEEP'] as const;
      const newKey = { keyHash: testHash(`key ${ledger.log.length}`), secretId: 'secret-1', hint: 'ZV3MP' };
      ledger.send(licenseId, {
        type: 'Transfer',
        data: { toHolderOrgId, accepted: true, expiry: 'KEEP', activations: how, newKey },
      });
    } else offering(ledger, licenseId, below);
  }
  const metered = ledger.issue(`${seed}/metered`, { meters: { builds: 100 } });
  for (const usageId of ['u1', 'u2']) ledger.send(metered, usageAt(testInstant(0), usageId));
  correcting(ledger, seed, metered);
  return ledger.log;
};

/** Corrects, resets and transfers metered usage, and renews a license that was used after its end. */
const correcting = (ledger: ReturnType<typeof createLog>, seed: number, metered: string): void => {
  const fix = (licenseId: string, usageId: string, corrects: string) => {
    const entry = { usageId, corrects, quantity: -1, occurredAt: testInstant(0), commandId: `command-${usageId}` };
    ledger.send(licenseId, { type: 'RecordUsage', data: { meter: 'builds', entries: [entry] } });
  };
  fix(metered, 'c1', 'u1');
  const data = { toHolderOrgId: customer, accepted: true, expiry: 'KEEP', activations: 'KEEP' } as const;
  ledger.send(metered, { type: 'Transfer', data });
  ledger.send(metered, { type: 'ResetUsage', data: { meter: 'builds' } });
  ledger.send(metered, usageAt(testInstant(0), 'u3'));
  fix(metered, 'c2', 'u2');
  const soon = Date.parse(String(ledger.log.at(-1)?.metadata.recordedAt)) + 3_000;
  const ending = ledger.issue(`${seed}/ending`, {
    ...{ meters: { builds: 100 }, expiresAt: new Date(soon).toISOString(), policy: { expiryStrategy: 'ALLOW' } },
  });
  for (const usageId of ['u1', 'u2', 'u3', 'u4']) ledger.send(ending, usageAt(testInstant(0), usageId));
  ledger.send(ending, { type: 'Renew', data: { duration: 'P1Y', basis: 'FROM_EXPIRY', reasonCode: null } });
  fix(ending, 'c1', 'u4');
};

const usageAt = (occurredAt: string, usageId: string) => ({
  type: 'RecordUsage' as const,
  data: oneUse({ meter: 'builds', quantity: 1, usageId, occurredAt }),
});

const decisionsAbout = (issuerOrgId: string): readonly (readonly OrganizationEvent[])[] =>
  (['IssuerTrusted', 'IssuerBlocked', 'IssuerForgotten', 'IssuerTrusted'] as const).map((type) => [
    { type, data: { issuerOrgId } },
  ]);

const offering = (ledger: ReturnType<typeof createLog>, licenseId: string, below: (bound: number) => number): void => {
  const offer = { toHolderOrgId: customer, expiry: 'KEEP', activations: below(3) === 0 ? 'RELEASE' : 'KEEP' } as const;
  const answer = { holderOrgId: customer };
  ledger.send(licenseId, { type: 'OfferLicense', data: offer });
  if (below(3) > 0) ledger.send(licenseId, { type: below(2) === 0 ? 'AcceptOffer' : 'DeclineOffer', data: answer });
};

// Leases that lapse within a few commands, come back, and are borrowed.
const leasing = { lease: { scope: 'MACHINE', ttlSeconds: 3, resurrectSeconds: 1_000, borrowMaxSeconds: 60 } } as const;

const floating = (ledger: ReturnType<typeof createLog>, licenseId: string, below: (bound: number) => number): void => {
  const [machine, userRef] = [below(4), testId('usr', `user ${below(3)}`)];
  const leaseId = `lease ${machine}`;
  const borrowSeconds = below(3) === 0 ? 60 : null;
  const moves: readonly (() => void)[] = [
    () => ledger.send(licenseId, { type: 'AssignUser', data: { userRef } }),
    () => ledger.send(licenseId, { type: 'UnassignUser', data: { userRef, cause: 'ADMIN' } }),
    () => {
      const holderHash = testHash(`device ${machine}`);
      const lease = { leaseId, holderHash, product: 'local_cli', userRef: null, borrowSeconds, dead: [] };
      ledger.send(licenseId, { type: 'AcquireLease', data: lease });
    },
    () => ledger.send(licenseId, { type: 'RenewLease', data: { leaseId, borrowSeconds } }),
    () => ledger.send(licenseId, { type: 'ReleaseLease', data: { leaseId, by: below(2) === 0 ? 'USER' : 'ADMIN' } }),
    () => ledger.send(licenseId, { type: 'LapseLease', data: { leaseId, lastSeenAt: testInstant(0) } }),
  ];
  moves[below(moves.length)]?.();
};
