import type { At } from '../../decider.ts';
import { ForkableMap } from '../../forkable-map.ts';
import type { EventOf, FirstEvent } from '../events.ts';
import { dayOf } from '../forget.ts';
import type { AwaitedTerm, IssuedLicense, LicenseFacts } from '../license.ts';
import { overridesAfter } from '../overrides/overrides.ts';
import type { IssuedTerm } from './issue-events.ts';

/** Returns a new license. */
export const issuedLicense = (event: FirstEvent, at: At): IssuedLicense => ({
  kind: 'issued',
  facts: issuedFacts(event, at),
  activations: new ForkableMap(),
  byFingerprint: new ForkableMap(),
  deactivated: new ForkableMap(),
  deactivationsInTerm: 0,
  deactivationsAfterEnd: 0,
  lastDeactivatedAt: null,
  reinstatedAt: null,
  calendarAnchor: event.data.term.startsAt ?? at.effectiveAt,
  paidTerms: new ForkableMap(),
  issuedDuration: event.data.term.duration,
  termDuration: event.data.term.duration,
  users: new ForkableMap(),
  leases: new ForkableMap(),
  leaseByHolder: new ForkableMap(),
  borrowed: new ForkableMap(),
  lapsed: new ForkableMap(),
  released: new ForkableMap(),
  withheld: new ForkableMap(),
  recentUses: new ForkableMap(),
  usageEventsAt: new ForkableMap(),
  recentCorrections: new ForkableMap(),
  usageInMinute: { minute: '', entries: 0 },
  ended: [],
  announced: { at: '', count: 0 },
  forgottenOn: dayOf(at.recordedAt),
});

/** Returns the facts of a new license. */
export const issuedFacts = ({ type, data }: FirstEvent, { recordedAt }: At): LicenseFacts => ({
  licenseId: data.licenseId,
  issuerOrgId: data.issuerOrgId,
  holderOrgId: data.holderOrgId,
  offer: null,
  ownerUserRef: data.ownerUserRef,
  policy: data.policy,
  products: data.products,
  term: { number: data.term.startsAt === null ? 0 : 1, startsAt: data.term.startsAt, expiresAt: data.term.expiresAt },
  announcedTerm: 0,
  limits: data.limits,
  entitlements: data.entitlements,
  externalRef: data.externalRef,
  suspension: null,
  suspendedFor: [],
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
  maintenanceSoldForEver: false,
  maintenanceFromPolicy: data.maintenanceFromPolicy ?? false,
  imported:
    type === 'LicenseImported'
      ? { source: data.source, sourceRef: data.sourceRef, historyFrom: data.historyFrom }
      : null,
  replaces: data.replaces ?? null,
  replacedBy: null,
  endings: [],
  overtakenExpiries: [],
  formerHolders: [],
  nextTerms: [],
  metersAfterEnd: {},
  meterPeriods: {},
  meterSums: {},
  countersFrom: null,
  usageEvents: 0,
  entitlementsEndedAt: null,
  announcedEnds: [],
  afterTrial: data.afterTrial ?? null,
  withheldSeats: [],
  overuseStays: false,
  overrides: overridesAfter({ overrides: null }, data.overrides),
});

/** Returns the facts after an event about the origin of the license. */
export const evolveIssueFacts = (
  facts: LicenseFacts,
  event: EventOf<'ReplacementIssued' | 'LicenseReferenceChanged'>,
): LicenseFacts => {
  switch (event.type) {
    case 'ReplacementIssued':
      return { ...facts, replacedBy: event.data.by };
    case 'LicenseReferenceChanged':
      return { ...facts, externalRef: event.data.to };
  }
};

const awaitedTerm = ({ basis, duration }: IssuedTerm): AwaitedTerm | null =>
  (basis === 'FIRST_ACTIVATION' || basis === 'FIRST_VALIDATION') && duration !== null
    ? { trigger: basis, duration }
    : null;
