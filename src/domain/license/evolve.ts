import type { At } from '../decider.ts';
import { forkEnded } from './endings/ended-parts.ts';
import type { LicenseEvent } from './events.ts';
import { evolveCollections } from './evolve-collections.ts';
import { evolveIssuedFacts } from './evolve-facts.ts';
import { forget } from './forget.ts';
import { issuedFacts, issuedLicense } from './issue/evolve-issue.ts';
import type { IssuedLicense, License, LicenseFacts } from './license.ts';

/** Returns the state of a stream without events. */
export const initial = (): License => ({ kind: 'unissued' });

/**
 * Returns the license after one more event. It never refuses and never throws, because the event happened. Takes
 * ownership of `license` and changes its collections in place; `facts` is a new object.
 */
export const evolve = (license: License, event: LicenseEvent, at: At): License => {
  if (event.type === 'LicenseIssued' || event.type === 'LicenseImported') return issuedLicense(event, at);
  if (license.kind === 'unissued') return license;
  // The collections first: they read the facts from before the event.
  evolveCollections(license, event, at);
  license.facts = evolveIssuedFacts(license.facts, event, at);
  forget(license, at.recordedAt);
  return license;
};

/**
 * Returns the facts after one more event, null before the license is issued. The decider and the projector share this
 * fold, so a row of the read model cannot differ from the stream. Every change is a new object.
 */
export const evolveFacts = (facts: LicenseFacts | null, event: LicenseEvent, at: At): LicenseFacts | null => {
  if (event.type === 'LicenseIssued' || event.type === 'LicenseImported') return issuedFacts(event, at);
  return facts === null ? null : evolveIssuedFacts(facts, event, at);
};

/**
 * Returns an independent license: evolving one of the two leaves the other as it is. Takes the same time whatever the
 * number of devices.
 */
export const fork = (license: License): License => (license.kind === 'unissued' ? license : forkIssued(license));

/** Returns an independent copy of an issued license. */
export const forkIssued = (license: IssuedLicense): IssuedLicense => ({
  ...license,
  activations: license.activations.fork(),
  byFingerprint: license.byFingerprint.fork(),
  deactivated: license.deactivated.fork(),
  paidTerms: license.paidTerms.fork(),
  users: license.users.fork(),
  leases: license.leases.fork(),
  leaseByHolder: license.leaseByHolder.fork(),
  borrowed: license.borrowed.fork(),
  lapsed: license.lapsed.fork(),
  released: license.released.fork(),
  withheld: license.withheld.fork(),
  recentUses: license.recentUses.fork(),
  usageEventsAt: license.usageEventsAt.fork(),
  recentCorrections: license.recentCorrections.fork(),
  ended: forkEnded(license.ended),
});
