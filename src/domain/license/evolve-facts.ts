import type { At } from '../decider.ts';
import { earlier, type Instant } from '../time.ts';
import { concerns } from './consequences.ts';
import { announcedBy, type DecisiveEvent, ended, withAnnounced } from './endings/ending-counts.ts';
import type { LaterEvent, LicenseEvent } from './events.ts';
import type { Entitlement } from './grants/entitlement.ts';
import type { Origin } from './issue/issue-events.ts';
import type { AwaitedTerm, LicenseFacts, Scheduled, Suspension, Term, Usage } from './license.ts';
import type { SuspensionReason } from './suspension/suspension-events.ts';

/** The facts of a license as it begins. */
export const issuedFacts = (
  { type, data }: Extract<LicenseEvent, { type: 'LicenseIssued' | 'LicenseImported' }>,
  { recordedAt }: At,
): LicenseFacts => ({
  licenseId: data.licenseId,
  issuerOrgId: data.issuerOrgId,
  holderOrgId: data.holderOrgId,
  ownerUserRef: data.ownerUserRef,
  policy: data.policy,
  products: data.products,
  term: { number: data.term.startsAt === null ? 0 : 1, startsAt: data.term.startsAt, expiresAt: data.term.expiresAt },
  announcedTerm: 0,
  limits: data.limits,
  entitlements: data.entitlements,
  externalRef: data.externalRef,
  suspension: null,
  revokedAt: null,
  usage: { activations: 0, seats: 0, users: 0, meters: {} },
  keyVersion: 0,
  keyHint: null,
  createdAt: recordedAt,
  timeZone: data.term.timeZone,
  awaited: awaitedTerm(data.term),
  renewal: 'manual',
  scheduled: [],
  graceEndedTerm: 0,
  expirySetAt: null,
  reminded: [],
  keyOverlaps: [],
  maintenanceUntil: data.maintenanceUntil ?? null,
  imported:
    type === 'LicenseImported'
      ? { source: data.source, sourceRef: data.sourceRef, historyFrom: data.historyFrom }
      : null,
  replaces: data.replaces ?? null,
  replacedBy: null,
  endings: [],
  overtakenExpiries: [],
});

/** The facts after an event other than the first. */
export const evolveIssuedFacts = (facts: LicenseFacts, event: LaterEvent, at: At): LicenseFacts => {
  if (!concerns(event, 'facts')) return facts;
  const { recordedAt, effectiveAt } = at;
  const { activations, seats, users, meters } = facts.usage;
  switch (event.type) {
    case 'LicenseKeyIssued':
      return { ...facts, keyVersion: event.data.keyVersion, keyHint: event.data.hint };
    case 'ActivationRecorded':
      return withUsage(facts, { activations: event.data.countAfter, seats, users, meters });
    case 'ActivationDeactivated':
      return announced(facts, event) ?? withUsage(facts, { activations: event.data.countAfter, seats, users, meters });
    case 'LicenseSuspended':
      return event.data.eventId === undefined
        ? {
            ...facts,
            suspension: suspendedBy(event.data, effectiveAt),
            scheduled: without(facts, 'SUSPENSION', effectiveAt),
          }
        : { ...facts, scheduled: [...facts.scheduled, suspensionLater(event.data.eventId, event.data, effectiveAt)] };
    case 'SuspensionReasonAdded':
      return { ...facts, suspension: withGround(facts.suspension, event.data, effectiveAt) };
    case 'LicenseReinstated':
      return { ...facts, suspension: null, scheduled: without(facts, 'SUSPENSION', effectiveAt) };
    case 'LicenseRenewed':
      return withExpiry(facts, renewed(facts.term, event.data), recordedAt, {
        usage: { ...facts.usage, meters: {} },
        overtakenExpiries: [],
      });
    case 'LicenseTermStarted': {
      const { termNumber: number, startsAt, expiresAt } = event.data;
      const begun = { awaited: null, usage: { ...facts.usage, meters: {} }, overtakenExpiries: [] };
      return withExpiry(facts, { number, startsAt, expiresAt }, recordedAt, begun);
    }
    case 'LicenseExpiryChanged':
      return withExpiry(facts, { ...facts.term, expiresAt: event.data.to }, recordedAt, moved(facts, event.data.to));
    case 'LicenseRenewalChanged': {
      const { to, eventId } = event.data;
      return eventId === null
        ? { ...facts, renewal: to, scheduled: without(facts, 'RENEWAL', effectiveAt) }
        : { ...facts, scheduled: [...facts.scheduled, { eventId, effectiveAt, change: { kind: 'RENEWAL', to } }] };
    }
    case 'TierChangeScheduled': {
      const { eventId, from, target } = event.data;
      return {
        ...facts,
        scheduled: [...facts.scheduled, { eventId, effectiveAt, change: { kind: 'TIER', from, target } }],
      };
    }
    case 'ScheduledChangeCancelled':
      return { ...facts, scheduled: withoutId(facts.scheduled, event.data.eventId) };
    case 'LicenseExpired':
      return { ...facts, announcedTerm: event.data.termNumber };
    case 'LicenseGraceEnded':
      return { ...facts, graceEndedTerm: event.data.termNumber };
    case 'LicenseExpiringSoon':
      return { ...facts, reminded: [...facts.reminded, event.data.offset] };
    case 'LicenseRevoked':
      return withEnds(facts, event, effectiveAt, { revokedAt: effectiveAt });
    case 'LicenseTierChanged':
      return {
        ...facts,
        policy: event.data.policy,
        scheduled: withoutId(facts.scheduled, event.data.scheduledBy),
      };
    case 'TrialConverted':
      return { ...facts, policy: event.data.policy };
    case 'LicenseLimitsChanged':
      return withEnds(facts, event, effectiveAt, { limits: event.data.after });
    case 'EntitlementGranted':
      return { ...facts, entitlements: [...withoutEntitlement(facts.entitlements, event.data), event.data] };
    case 'EntitlementRevoked':
      return { ...facts, entitlements: withoutEntitlement(facts.entitlements, event.data) };
    case 'ProductAdded':
      return { ...facts, products: [...facts.products, event.data.product] };
    case 'ProductRemoved':
      return withEnds(facts, event, effectiveAt, {
        products: facts.products.filter((product) => product !== event.data.product),
      });
    case 'UserAssigned':
      return withUsage(facts, { activations, seats, users: event.data.countAfter, meters });
    case 'UserUnassigned':
      return announced(facts, event) ?? withUsage(facts, { activations, seats, users: event.data.countAfter, meters });
    case 'LeaseAcquired':
    case 'LeaseLapsed':
      return withUsage(facts, { activations, seats: event.data.inUseAfter, users, meters });
    case 'LeaseReleased':
      return announced(facts, event) ?? withUsage(facts, { activations, seats: event.data.inUseAfter, users, meters });
    case 'UsageRecorded': {
      const { meter, totalAfter } = event.data;
      return withUsage(facts, { activations, seats, users, meters: { ...meters, [meter]: totalAfter } });
    }
    case 'LicenseKeyRotated': {
      const { fromVersion, toVersion, hint, overlapUntil } = event.data;
      const keyOverlaps = [...facts.keyOverlaps, { keyVersion: fromVersion, until: overlapUntil }];
      return { ...facts, keyVersion: toVersion, keyHint: hint, keyOverlaps };
    }
    case 'LicenseKeyRetired':
      return {
        ...facts,
        keyOverlaps: facts.keyOverlaps.filter(({ keyVersion }) => keyVersion !== event.data.keyVersion),
      };
    case 'LicenseReferenceChanged':
      return { ...facts, externalRef: event.data.to };
    case 'LicenseTransferred':
      return withEnds(facts, event, effectiveAt, { holderOrgId: event.data.toHolderOrgId });
    case 'ReplacementIssued':
      return { ...facts, replacedBy: event.data.by };
  }
};

// The events that come by the thousand, so written out: spreading that many fields takes ten times as long. In the order of
// `issuedFacts`, so that the text of both is the same.
const withUsage = (facts: LicenseFacts, usage: Usage, endings = facts.endings): LicenseFacts => ({
  licenseId: facts.licenseId,
  issuerOrgId: facts.issuerOrgId,
  holderOrgId: facts.holderOrgId,
  ownerUserRef: facts.ownerUserRef,
  policy: facts.policy,
  products: facts.products,
  term: facts.term,
  announcedTerm: facts.announcedTerm,
  limits: facts.limits,
  entitlements: facts.entitlements,
  externalRef: facts.externalRef,
  suspension: facts.suspension,
  revokedAt: facts.revokedAt,
  usage,
  keyVersion: facts.keyVersion,
  keyHint: facts.keyHint,
  createdAt: facts.createdAt,
  timeZone: facts.timeZone,
  awaited: facts.awaited,
  renewal: facts.renewal,
  scheduled: facts.scheduled,
  graceEndedTerm: facts.graceEndedTerm,
  expirySetAt: facts.expirySetAt,
  reminded: facts.reminded,
  keyOverlaps: facts.keyOverlaps,
  maintenanceUntil: facts.maintenanceUntil,
  imported: facts.imported,
  replaces: facts.replaces,
  replacedBy: facts.replacedBy,
  endings,
  overtakenExpiries: facts.overtakenExpiries,
});

// One object is spread and what changes is written out: spreading a second one makes an object that is slow to read.
const withEnds = (
  facts: LicenseFacts,
  event: DecisiveEvent,
  effectiveAt: Instant,
  changed: Partial<Pick<LicenseFacts, 'revokedAt' | 'limits' | 'products' | 'holderOrgId'>>,
): LicenseFacts => {
  const { usage, endings } = ended(facts, event, effectiveAt);
  const { revokedAt = facts.revokedAt, limits = facts.limits, products = facts.products } = changed;
  const holderOrgId = changed.holderOrgId === undefined ? facts.holderOrgId : changed.holderOrgId;
  return { ...facts, holderOrgId, products, limits, revokedAt, usage, endings };
};

// What was ended has ceased to count before.
const announced = (facts: LicenseFacts, event: LaterEvent): LicenseFacts | null => {
  const found = announcedBy(facts.endings, event);
  return found === null ? null : withUsage(facts, facts.usage, withAnnounced(facts.endings, found));
};

// Reminders are of one expiry: with another they begin anew.
const withExpiry = (
  facts: LicenseFacts,
  term: Term,
  expirySetAt: Instant,
  changed: Partial<LicenseFacts> = {},
): LicenseFacts => ({ ...facts, ...changed, term, expirySetAt, reminded: [] });

// An end that was announced is not announced again; another end of the same term is, once it comes.
const moved = (facts: LicenseFacts, to: Instant): Partial<LicenseFacts> => {
  const { number, expiresAt } = facts.term;
  const isAnnounced = expiresAt !== null && facts.announcedTerm >= number;
  if (!isAnnounced && facts.overtakenExpiries.length === 0) return {};
  const announcedEnds = isAnnounced ? [...facts.overtakenExpiries, expiresAt] : facts.overtakenExpiries;
  return {
    announcedTerm: announcedEnds.includes(to) ? number : number - 1,
    graceEndedTerm: Math.min(facts.graceEndedTerm, number - 1),
    overtakenExpiries: announcedEnds.filter((each) => each !== to),
  };
};

type Ground = { readonly reasonCode: SuspensionReason; readonly until: Instant | null };

const awaitedTerm = ({ basis, duration }: Origin['term']): AwaitedTerm | null =>
  (basis === 'FIRST_ACTIVATION' || basis === 'FIRST_VALIDATION') && duration !== null
    ? { trigger: basis, duration }
    : null;

const suspendedBy = ({ reasonCode, until }: Ground, since: Instant): Suspension => ({ reasonCode, since, until });

const suspensionLater = (eventId: string, { reasonCode, until }: Ground, effectiveAt: Instant): Scheduled => ({
  eventId,
  effectiveAt,
  change: { kind: 'SUSPENSION', reasonCode, until },
});

const withGround = (suspension: Suspension | null, added: Ground, since: Instant): Suspension => {
  // A suspension that has ended by itself is not gone on with: another one, that was scheduled, holds.
  if (suspension === null || (suspension.until !== null && suspension.until <= since)) return suspendedBy(added, since);
  const outlasts = suspension.until !== null && (added.until === null || added.until > suspension.until);
  return outlasts ? suspendedBy(added, suspension.since) : suspension;
};

// What was scheduled and has come is over: the event that is folded says what holds now.
const without = ({ scheduled }: LicenseFacts, kind: Scheduled['change']['kind'], now: Instant): readonly Scheduled[] =>
  scheduled.some((each) => each.change.kind === kind && each.effectiveAt <= now)
    ? scheduled.filter((each) => each.change.kind !== kind || each.effectiveAt > now)
    : scheduled;

const withoutId = (scheduled: readonly Scheduled[], eventId: string | null): readonly Scheduled[] =>
  eventId === null ? scheduled : scheduled.filter((each) => each.eventId !== eventId);

const withoutEntitlement = (
  entitlements: readonly Entitlement[],
  { code, source }: Pick<Entitlement, 'code' | 'source'>,
): readonly Entitlement[] => entitlements.filter((each) => each.code !== code || each.source !== source);

type Renewal = Extract<LicenseEvent, { type: 'LicenseRenewed' }>['data'];

const renewed = (before: Term, { termNumber, previousExpiresAt, startsAt, expiresAt }: Renewal): Term => ({
  number: termNumber,
  startsAt: startsAt <= previousExpiresAt ? earlier(before.startsAt ?? startsAt, startsAt) : startsAt,
  expiresAt,
});
