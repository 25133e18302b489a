import type { At } from '../../decider.ts';
import { ForkableMap } from '../../forkable-map.ts';
import type { LicenseEvent } from '../events.ts';
import { noteRepeatable } from '../forget.ts';
import type { Ended, IssuedLicense } from '../license.ts';
import { announcedBy, type DecisiveEvent, leftOf } from './ending-counts.ts';

/** Moves, in place, what a decisive event ends out of the open devices, leases and users; each kind in its order. */
export const endOpen = (license: IssuedLicense, { type, data }: DecisiveEvent): void => {
  const { ends } = data;
  if (ends === undefined) return;
  const product = type === 'ProductRemoved' && ends.which === 'PRODUCT' ? data.product : null;
  const { activations, byFingerprint } = endActivations(license, ends.activations, product);
  const leases = endLeases(license, ends.leases, product);
  license.ended = [...license.ended, { activations, byFingerprint, leases, users: endUsers(license, ends.users) }];
};

/**
 * Takes, in place, what an event announces off what is still to be announced. Returns false when it announces nothing
 * of it.
 */
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
  if (leftOf(ending) === 1) license.ended = license.ended.filter((each) => each !== ended);
  const { at, count } = license.announced;
  license.announced = at === recordedAt ? { at, count: count + 1 } : { at: recordedAt, count: 1 };
  return true;
};

/** Returns a fork of what is still to be announced. */
export const forkEnded = (ended: readonly Ended[]): readonly Ended[] =>
  ended.map(({ activations, byFingerprint, leases, users }) => ({
    activations: activations.fork(),
    byFingerprint: byFingerprint.fork(),
    leases: leases.fork(),
    users: users.fork(),
  }));

// Where all of a kind are ended, the maps change hands: it takes as long for one as for a hundred thousand.
const endActivations = (
  license: IssuedLicense,
  count: number,
  product: string | null,
): Pick<Ended, 'activations' | 'byFingerprint'> => {
  const { activations, byFingerprint } = license;
  if (product === null && count >= activations.size) {
    license.activations = new ForkableMap();
    license.byFingerprint = new ForkableMap();
    return { activations, byFingerprint };
  }
  const meant = oldest(activations, count, product);
  for (const [activationId, { fingerprintHash }] of meant) {
    activations.delete(activationId);
    byFingerprint.delete(fingerprintHash);
  }
  return {
    activations: new ForkableMap(meant),
    byFingerprint: new ForkableMap(meant.map(([activationId, { fingerprintHash }]) => [fingerprintHash, activationId])),
  };
};

const endLeases = (license: IssuedLicense, count: number, product: string | null): Ended['leases'] => {
  const { leases, leaseByHolder, borrowed } = license;
  if (product === null && count >= leases.size) {
    license.leases = new ForkableMap();
    license.leaseByHolder = new ForkableMap();
    license.borrowed = new ForkableMap();
    return leases;
  }
  const meant = oldest(leases, count, product);
  for (const [leaseId, { holderHash }] of meant) {
    leases.delete(leaseId);
    leaseByHolder.delete(holderHash);
    borrowed.delete(leaseId);
  }
  return new ForkableMap(meant);
};

const endUsers = (license: IssuedLicense, count: number): Ended['users'] => {
  const { users } = license;
  if (count >= users.size) {
    license.users = new ForkableMap();
    return users;
  }
  const meant = [...users].slice(0, count);
  for (const [userRef] of meant) users.delete(userRef);
  return new ForkableMap(meant);
};

type OfProduct = { readonly product: string | null };

/** The first `count` in order, of the product or (null) of any. */
const oldest = <One extends OfProduct>(
  open: ForkableMap<string, One>,
  count: number,
  product: string | null,
): readonly (readonly [string, One])[] => {
  const meant: (readonly [string, One])[] = [];
  if (count > 0)
    for (const entry of open) {
      if (product === null || entry[1].product === product) meant.push(entry);
      if (meant.length === count) break;
    }
  return meant;
};
