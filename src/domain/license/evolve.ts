import type { At } from '../decider.ts';
import { ForkableMap } from '../forkable-map.ts';
import { forkEnded } from './endings/evolve-endings.ts';
import type { LicenseEvent } from './events.ts';
import { evolveCollections } from './evolve-collections.ts';
import { evolveIssuedFacts, issuedFacts } from './evolve-facts.ts';
import { dayOf, forget } from './forget.ts';
import type { License, LicenseFacts } from './license.ts';

/** A stream without events. */
export const initial = (): License => ({ kind: 'unissued' });

/**
 * The license after one more event. Total: it never judges and never throws, the event happened. Takes ownership of
 * `license` and changes its collections in place; `facts` is a new object.
 */
export const evolve = (license: License, event: LicenseEvent, at: At): License => {
  if (event.type === 'LicenseIssued' || event.type === 'LicenseImported') return issued(event, at);
  if (license.kind === 'unissued') return license;
  // The collections are told what changes before the facts forget what was.
  evolveCollections(license, event, at);
  license.facts = evolveIssuedFacts(license.facts, event, at);
  forget(license, at.recordedAt);
  return license;
};

/**
 * The facts after one more event, null before the license is issued: one fold for the decider and for the projector, so
 * that a row of the read model cannot differ from the stream. Immutable: every change is a new object.
 */
export const evolveFacts = (facts: LicenseFacts | null, event: LicenseEvent, at: At): LicenseFacts | null => {
  if (event.type === 'LicenseIssued' || event.type === 'LicenseImported') return issuedFacts(event, at);
  return facts === null ? null : evolveIssuedFacts(facts, event, at);
};

/**
 * Returns an independent license, as quickly for many devices as for one: evolving one of the two leaves the other as
 * it is.
 */
export const fork = (license: License): License =>
  license.kind === 'unissued'
    ? license
    : {
        ...license,
        activations: license.activations.fork(),
        byFingerprint: license.byFingerprint.fork(),
        deactivated: license.deactivated.fork(),
        // At most one entry for each reason.
        suspendedFor: new Map(license.suspendedFor),
        users: license.users.fork(),
        leases: license.leases.fork(),
        leaseByHolder: license.leaseByHolder.fork(),
        borrowed: license.borrowed.fork(),
        lapsed: license.lapsed.fork(),
        released: license.released.fork(),
        withheld: license.withheld.fork(),
        usageIds: license.usageIds.fork(),
        ended: forkEnded(license.ended),
      };

const issued = (event: Extract<LicenseEvent, { type: 'LicenseIssued' | 'LicenseImported' }>, at: At): License => ({
  kind: 'issued',
  facts: issuedFacts(event, at),
  activations: new ForkableMap(),
  byFingerprint: new ForkableMap(),
  deactivated: new ForkableMap(),
  deactivationsInTerm: 0,
  lastDeactivatedAt: null,
  suspendedFor: new Map(),
  calendarAnchor: event.data.term.startsAt ?? at.effectiveAt,
  issuedDuration: event.data.term.duration,
  users: new ForkableMap(),
  leases: new ForkableMap(),
  leaseByHolder: new ForkableMap(),
  borrowed: new ForkableMap(),
  lapsed: new ForkableMap(),
  released: new ForkableMap(),
  withheld: new ForkableMap(),
  usageIds: new ForkableMap(),
  ended: [],
  announced: { at: '', count: 0 },
  forgottenOn: dayOf(at.recordedAt),
});
