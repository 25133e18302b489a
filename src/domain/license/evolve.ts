import type { At } from '../decider.ts';
import type { LicenseEvent } from './events.ts';
import { evolveCollections } from './evolve-collections.ts';
import { evolveIssuedFacts, issuedFacts } from './evolve-facts.ts';
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

/** An independent copy: evolving one of the two leaves the other as it is. */
export const fork = (license: License): License =>
  license.kind === 'unissued'
    ? license
    : {
        ...license,
        activations: new Map(license.activations),
        byFingerprint: new Map(license.byFingerprint),
        deactivated: new Set(license.deactivated),
        suspendedFor: new Map(license.suspendedFor),
        users: new Set(license.users),
        leases: new Map(license.leases),
        leaseByHolder: new Map(license.leaseByHolder),
        borrowed: new Set(license.borrowed),
        lapsed: new Map(license.lapsed),
        released: new Set(license.released),
        withheld: new Map(license.withheld),
        usageIds: new Set(license.usageIds),
      };

const issued = (event: Extract<LicenseEvent, { type: 'LicenseIssued' | 'LicenseImported' }>, at: At): License => ({
  kind: 'issued',
  facts: issuedFacts(event, at),
  activations: new Map(),
  byFingerprint: new Map(),
  deactivated: new Set(),
  deactivationsInTerm: 0,
  lastDeactivatedAt: null,
  suspendedFor: new Map(),
  calendarAnchor: event.data.term.startsAt ?? at.effectiveAt,
  issuedDuration: event.data.term.duration,
  users: new Set(),
  leases: new Map(),
  leaseByHolder: new Map(),
  borrowed: new Set(),
  lapsed: new Map(),
  released: new Set(),
  withheld: new Map(),
  usageIds: new Set(),
});
