import type { At } from '../../decider.ts';
import { ForkableMap } from '../../forkable-map.ts';
import type { LicenseEvent } from '../events.ts';
import { noteRepeatable } from '../forget.ts';
import type { Ended, IssuedLicense } from '../license.ts';
import { borrowedUntil } from '../seats/seats-in-use.ts';
import { announcedBy, type DecisiveEvent, leftOf } from './ending-counts.ts';

/** Moves, in place, the parts that a decisive event ends from the open devices, leases and users to `ended`. */
export const endOpen = (license: IssuedLicense, { type, data }: DecisiveEvent, { effectiveAt }: At): void => {
  const { ends } = data;
  if (ends === undefined) return;
  const product = type === 'ProductRemoved' && ends.which === 'PRODUCT' ? data.product : null;
  const { named = null } = ends;
  const { activations, byFingerprint } = endActivations(license, {
    count: ends.activations,
    product,
    ids: named?.activations ?? null,
  });
  const leases = endLeases(license, { count: ends.leases, product, ids: named?.leases ?? null });
  if (ends.keepsBorrowed === true)
    for (const lease of leases.values()) {
      const freeAt = borrowedUntil(lease, effectiveAt);
      if (freeAt !== null) license.withheld.set(lease.leaseId, { freeAt, holderHash: lease.holderHash });
    }
  license.ended = [...license.ended, { activations, byFingerprint, leases, users: endUsers(license, ends.users) }];
};

/** Removes, in place, an announced part from `ended`. Returns false when the event announces no ended part. */
export const takeAnnounced = (license: IssuedLicense, event: LicenseEvent, { recordedAt }: At): boolean => {
  const { endings } = license.facts;
  const announced = announcedBy(endings, event);
  if (announced === null) return false;
  const ending = endings[announced.index];
  const ended = license.ended[announced.index];
  if (ending === undefined || ended === undefined) return false;
  if (event.type === 'ActivationDeactivated') {
    const { activationId } = event.data;
    const fingerprintHash = ended.activations.get(activationId)?.fingerprintHash;
    ended.activations.delete(activationId);
    noteRepeatable(license.deactivated, activationId, recordedAt);
    if (fingerprintHash !== undefined) {
      ended.byFingerprint.delete(fingerprintHash);
      noteRepeatable(license.deactivated, fingerprintHash, recordedAt);
    }
  }
  if (event.type === 'LeaseReleased') {
    ended.leases.delete(event.data.leaseId);
    noteRepeatable(license.released, event.data.leaseId, recordedAt);
  }
  if (event.type === 'UserUnassigned') ended.users.delete(event.data.userRef);
  if (leftOf(ending) === 1) license.ended = license.ended.filter((other) => other !== ended);
  const { at, count } = license.announced;
  license.announced = at === recordedAt ? { at, count: count + 1 } : { at: recordedAt, count: 1 };
  return true;
};

/** Returns a fork of the parts that are not announced yet. */
export const forkEnded = (ended: readonly Ended[]): readonly Ended[] =>
  ended.map(({ activations, byFingerprint, leases, users }) => ({
    activations: activations.fork(),
    byFingerprint: byFingerprint.fork(),
    leases: leases.fork(),
    users: users.fork(),
  }));

// When all parts of a kind end, `ended` takes over the map: that takes the same time for any number of parts.
const endActivations = (license: IssuedLicense, selection: Selection): Pick<Ended, 'activations' | 'byFingerprint'> => {
  const { activations, byFingerprint } = license;
  if (selection.product === null && selection.count >= activations.size) {
    license.activations = new ForkableMap();
    license.byFingerprint = new ForkableMap();
    return { activations, byFingerprint };
  }
  const ended = selected(activations, selection);
  for (const [activationId, { fingerprintHash }] of ended) {
    activations.delete(activationId);
    byFingerprint.delete(fingerprintHash);
  }
  return {
    activations: new ForkableMap(ended),
    byFingerprint: new ForkableMap(ended.map(([activationId, { fingerprintHash }]) => [fingerprintHash, activationId])),
  };
};

const endLeases = (license: IssuedLicense, selection: Selection): Ended['leases'] => {
  const { leases, leaseByHolder, borrowed } = license;
  if (selection.product === null && selection.count >= leases.size) {
    license.leases = new ForkableMap();
    license.leaseByHolder = new ForkableMap();
    license.borrowed = new ForkableMap();
    return leases;
  }
  const ended = selected(leases, selection);
  for (const [leaseId, { holderHash }] of ended) {
    leases.delete(leaseId);
    leaseByHolder.delete(holderHash);
    borrowed.delete(leaseId);
  }
  return new ForkableMap(ended);
};

const endUsers = (license: IssuedLicense, count: number): Ended['users'] => {
  const { users } = license;
  if (count >= users.size) {
    license.users = new ForkableMap();
    return users;
  }
  const ended = [...users].slice(0, count);
  for (const [userRef] of ended) users.delete(userRef);
  return new ForkableMap(ended);
};

type OfProduct = { readonly product: string | null };

/** The parts with these ids; null: the first `count` ones, of the product or (null) of any product. */
type Selection = {
  readonly count: number;
  readonly product: string | null;
  readonly ids: readonly string[] | null;
};

const selected = <Part extends OfProduct>(
  open: ForkableMap<string, Part>,
  { count, product, ids }: Selection,
): readonly (readonly [string, Part])[] => {
  const parts: (readonly [string, Part])[] = [];
  if (ids !== null) {
    for (const id of ids) {
      const part = open.get(id);
      if (part !== undefined) parts.push([id, part]);
    }
    return parts;
  }
  if (count > 0)
    for (const entry of open) {
      if (product === null || entry[1].product === product) parts.push(entry);
      if (parts.length === count) break;
    }
  return parts;
};
