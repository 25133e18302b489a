import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import { createLog, testHash } from './license-fixtures.ts';

/**
 * The log of one license with a long past: devices come and go, leases are released or lapse, and a lapse takes effect
 * before it is recorded. `turnsAt`: at about that event it is renewed, so from then on its past is another one.
 */
export const longLicense = (events: number, turnsAt = events): { licenseId: string; log: readonly Recorded[] } => {
  const ledger = createLog();
  const lease = { scope: 'MACHINE', ttlSeconds: 3, resurrectSeconds: 0, borrowMaxSeconds: 0 } as const;
  const licenseId = ledger.issue('long', { activations: 1_000, seats: 1_000, policy: { lease } });
  let hasTurned = false;
  for (let step = 0; ledger.log.length < events; step++) {
    if (!hasTurned && ledger.log.length >= turnsAt) {
      hasTurned = true;
      ledger.renew(licenseId);
    }
    ledger.activate(licenseId, `device ${step}`);
    const leaseId = `lease ${step}`;
    const holderHash = testHash(`holder ${step}`);
    const data = { leaseId, holderHash, product: 'local_cli', userRef: null, borrowSeconds: null, dead: [] };
    const acquired = ledger.send(licenseId, { type: 'AcquireLease', data }).at(-1)?.metadata.recordedAt;
    if (step % 3 > 0) ledger.deactivate(licenseId, `device ${step}`);
    if (step % 2 === 0) ledger.send(licenseId, { type: 'ReleaseLease', data: { leaseId, by: 'USER' } });
    else {
      // Until it is overdue.
      for (let wait = 0; wait < 4; wait++) ledger.activate(licenseId, `device ${step}/${wait}`);
      ledger.send(licenseId, { type: 'LapseLease', data: { leaseId, lastSeenAt: String(acquired) } });
      for (let wait = 0; wait < 4; wait++) ledger.deactivate(licenseId, `device ${step}/${wait}`);
    }
  }
  return { licenseId, log: ledger.log.slice(0, events) };
};

/** The store, and how many events were read from it since `count` was set. */
export const countingReads = (store: EventStore) => {
  const reads = { count: 0 };
  const counting: EventStore = {
    ...store,
    read: async (...parameters) => {
      const result = await store.read(...parameters);
      reads.count += result.events.length;
      return result;
    },
  };
  return { reads, store: counting };
};

/** The stream of a license. */
export const streamOf = (licenseId: string): string => licenseAggregate.stream(licenseId);
