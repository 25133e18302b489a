import type { At } from '../decider.ts';
import { earlier, type Instant } from '../time.ts';
import type { LicenseEvent, SuspensionReason } from './events.ts';
import type { IssuedLicense, License, LicenseFacts, Suspension } from './license.ts';

/** A stream without events. */
export const initial = (): License => ({ kind: 'unissued' });

/**
 * The license after one more event. Total: it never judges and never throws, the event happened. Takes ownership of
 * `license` and changes its collections in place; `facts` is a new object.
 */
export const evolve = (license: License, event: LicenseEvent, at: At): License => {
  if (event.type === 'LicenseIssued') return issued(event.data, at);
  if (license.kind === 'unissued') return license;
  license.facts = evolveIssued(license.facts, event, at);
  evolveCollections(license, event, at);
  return license;
};

/**
 * The facts after one more event, null before the license is issued: one fold for the decider and for the projector, so
 * that a row of the read model cannot differ from the stream. Immutable: every change is a new object.
 */
export const evolveFacts = (facts: LicenseFacts | null, event: LicenseEvent, at: At): LicenseFacts | null => {
  if (event.type === 'LicenseIssued') return issuedFacts(event.data, at);
  return facts === null ? null : evolveIssued(facts, event, at);
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
      };

type Issued = Extract<LicenseEvent, { type: 'LicenseIssued' }>['data'];
type LaterEvent = Exclude<LicenseEvent, { type: 'LicenseIssued' }>;

const issued = (data: Issued, at: At): License => ({
  kind: 'issued',
  facts: issuedFacts(data, at),
  activations: new Map(),
  byFingerprint: new Map(),
  deactivated: new Set(),
  deactivationsInTerm: 0,
  lastDeactivatedAt: null,
  suspendedFor: new Map(),
  calendarAnchor: data.term.startsAt,
});

const issuedFacts = (data: Issued, { recordedAt }: At): LicenseFacts => ({
  licenseId: data.licenseId,
  issuerOrgId: data.issuerOrgId,
  holderOrgId: data.holderOrgId,
  ownerUserRef: data.ownerUserRef,
  policy: data.policy,
  products: data.products,
  term: { number: 1, startsAt: data.term.startsAt, expiresAt: data.term.expiresAt },
  announcedTerm: 0,
  limits: data.limits,
  entitlements: data.entitlements,
  externalRef: data.externalRef,
  suspension: null,
  revokedAt: null,
  usage: { activations: 0 },
  keyVersion: 0,
  keyHint: null,
  createdAt: recordedAt,
});

const evolveIssued = (facts: LicenseFacts, event: LaterEvent, { effectiveAt }: At): LicenseFacts => {
  switch (event.type) {
    case 'LicenseKeyIssued':
      return { ...facts, keyVersion: event.data.keyVersion, keyHint: event.data.hint };
    case 'ActivationRecorded':
    case 'ActivationDeactivated':
      return { ...facts, usage: { activations: event.data.countAfter } };
    case 'LicenseSuspended':
      return { ...facts, suspension: suspendedBy(event.data, effectiveAt) };
    case 'SuspensionReasonAdded':
      return { ...facts, suspension: withGround(facts.suspension, event.data, effectiveAt) };
    case 'LicenseReinstated':
      return { ...facts, suspension: null };
    case 'LicenseRenewed':
      return { ...facts, term: renewed(facts.term.startsAt, event.data) };
    case 'LicenseExpired':
      return { ...facts, announcedTerm: event.data.termNumber };
    case 'LicenseRevoked':
      return { ...facts, revokedAt: effectiveAt };
  }
};

const evolveCollections = (license: IssuedLicense, event: LaterEvent, { effectiveAt }: At): void => {
  switch (event.type) {
    case 'ActivationRecorded': {
      const { activationId, fingerprintHash, product, nameRef, platform, appVersion } = event.data;
      const activation = {
        activationId,
        fingerprintHash,
        product,
        nameRef,
        platform,
        appVersion,
        activatedAt: effectiveAt,
      };
      license.activations.set(activationId, activation);
      license.byFingerprint.set(fingerprintHash, activationId);
      return;
    }
    case 'ActivationDeactivated': {
      const { activationId, cause } = event.data;
      const activation = license.activations.get(activationId);
      license.activations.delete(activationId);
      license.deactivated.add(activationId);
      if (activation !== undefined) {
        license.byFingerprint.delete(activation.fingerprintHash);
        license.deactivated.add(activation.fingerprintHash);
      }
      if (cause === 'USER') {
        license.deactivationsInTerm += 1;
        license.lastDeactivatedAt = effectiveAt;
      }
      return;
    }
    case 'LicenseSuspended':
      license.suspendedFor.clear();
      license.suspendedFor.set(event.data.reasonCode, event.data.until);
      return;
    case 'SuspensionReasonAdded':
      license.suspendedFor.set(event.data.reasonCode, event.data.until);
      return;
    case 'LicenseReinstated':
      license.suspendedFor.clear();
      return;
    case 'LicenseRenewed':
      license.deactivationsInTerm = 0;
      if (event.data.startsAt !== event.data.previousExpiresAt) license.calendarAnchor = event.data.startsAt;
      return;
    case 'LicenseKeyIssued':
    case 'LicenseExpired':
    case 'LicenseRevoked':
      return;
  }
};

type Ground = { readonly reasonCode: SuspensionReason; readonly until: Instant | null };

const suspendedBy = ({ reasonCode, until }: Ground, since: Instant): Suspension => ({ reasonCode, since, until });

const withGround = (suspension: Suspension | null, added: Ground, since: Instant): Suspension => {
  if (suspension === null) return suspendedBy(added, since);
  const outlasts = suspension.until !== null && (added.until === null || added.until > suspension.until);
  return outlasts ? suspendedBy(added, suspension.since) : suspension;
};

type Renewal = Extract<LicenseEvent, { type: 'LicenseRenewed' }>['data'];

const renewed = (runStartsAt: Instant, { termNumber, previousExpiresAt, startsAt, expiresAt }: Renewal) => ({
  number: termNumber,
  startsAt: startsAt <= previousExpiresAt ? earlier(runStartsAt, startsAt) : startsAt,
  expiresAt,
});
