import { fold, isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import { ForkableMap } from '../../../src/domain/forkable-map.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import { announcementHolder, leftOf } from '../../../src/domain/license/endings/ending-counts.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { effectiveEntitlements } from '../../../src/domain/license/grants/effective-entitlements.ts';
import type { Entitlement } from '../../../src/domain/license/grants/entitlement.ts';
import { builtInPolicy } from '../../../src/domain/license/issue/built-in-policies.ts';
import type { Ended, Lease, License, LicenseFacts } from '../../../src/domain/license/license.ts';
import { seatsWithHolder } from '../../../src/domain/license/seats/withheld-seats.ts';
import { effectiveStatus, renewalAt } from '../../../src/domain/license/status.ts';
import { usageAt } from '../../../src/domain/license/usage/term-counters.ts';
import { detailsText } from './device-details.ts';
import { watchStream } from './invariants.ts';
import { newModel } from './model.ts';
import { modelOverrides } from './overrides.ts';

const { decide, evolve, fork, initial } = licenseDecider;
const anyPolicy = builtInPolicy('FREE', 'pol_none');

/** Returns a text that is equal only for equal states, with all collections in their order. */
export const canonical = (license: License): string =>
  JSON.stringify(license, (_, value: unknown) =>
    value instanceof ForkableMap || value instanceof Map ? { map: [...value] } : value,
  );

/** Counts the outcomes of each type of command: `Activate done`, `Activate LICENSE_EXPIRED`. */
export type Seen = Map<string, number>;

/**
 * Runs the commands against decider and model, and counts outcomes in `seen`. Returns null, or the first violation
 * and its command. Takes a fork before the command `cut`. A command with an instant before the last event is decided
 * at the instant of that event, as the executor does. Leaves some announcements for later, as after a decision that
 * has too many.
 */
export const findViolation = (commands: readonly LicenseCommand[], cut: number, seen: Seen): string | null => {
  const history: Stamped<LicenseEvent>[] = [];
  const model = newModel(anyPolicy);
  const watch = watchStream();
  let license = initial();
  let recordedAt = '';
  let forked: { readonly copy: License; readonly before: string; readonly length: number } | null = null;

  for (const [index, sent] of commands.entries()) {
    const command = sent.at > recordedAt ? sent : { ...sent, at: recordedAt };
    if (index === cut) forked = { copy: fork(license), before: canonical(license), length: history.length };
    const wrong = (what: string) => `command ${index}, ${command.type}: ${what}`;
    const expected = model.judge(command, `evt_${index}`);
    const decision = decide(command, license, () => `evt_${index}`);
    const verdict = isRejection(decision) ? decision.rejected : decision.length > 0 ? 'done' : 'nothing';
    const outcome = `${command.type} ${verdict}`;
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    if (!isRejection(decision) && decision.some(takesBack)) seen.set(takenBack, (seen.get(takenBack) ?? 0) + 1);
    if (verdict !== expected) return wrong(`${verdict}, but the model says ${expected}`);
    if (isRejection(decision)) continue;

    if (decision.length > 0) recordedAt = command.at;
    for (const event of withoutSome(decision, command, index)) {
      const holder = announcementHolder(license, event);
      if ((holder === null) === isAnnouncement(event)) return wrong(`${event.type} is owned by ${holder?.holderOrgId}`);
      if (holder !== null) model.announced(...announcedIn(event));
      const stamped = stamp(event, recordedAt);
      const broken = watch(stamped);
      if (broken !== null) return wrong(broken);
      history.push(stamped);
      license = evolve(license, event, stamped.at);
    }
    const difference =
      statusDifference(model, license, command.at) ??
      (decision.length > 0 ? differenceOf(model, license, command.at) : null);
    if (difference !== null) return wrong(difference);
  }
  return forked === null ? null : foldViolation(history, license, forked);
};

const foldViolation = (
  history: readonly Stamped<LicenseEvent>[],
  license: License,
  { copy, before, length }: { readonly copy: License; readonly before: string; readonly length: number },
): string | null => {
  const after = canonical(license);
  if (canonical(copy) !== before) return 'a fork changed with its origin';
  if (canonical(fold(licenseDecider, history)) !== after) return 'fold of the history is another state';
  const stored: Stamped<LicenseEvent>[] = JSON.parse(JSON.stringify(history));
  if (canonical(fold(licenseDecider, stored)) !== after) return 'fold of the stored history is another state';
  let moved = fold(licenseDecider, history.slice(0, length));
  if (canonical(moved) !== before) return `fold of the first ${length} events is another state`;
  moved = copy;
  for (const { event, at } of history.slice(length)) moved = evolve(moved, event, at);
  return canonical(moved) === after ? null : 'a fork did not come to the same state';
};

/**
 * Returns how many announcements of a decision are recorded: all, some or none, but at least one that was requested.
 */
const withoutSome = (decision: readonly LicenseEvent[], { type }: LicenseCommand, index: number) => {
  // What had fallen due comes first, with announcements of its own. Only the last ones can be left for later.
  const decided = decision.findLastIndex((event) => !isAnnouncement(event)) + 1;
  const kept = index % 4 === 3 ? decision.length : index % 4;
  return decision.slice(0, decided + Math.max(kept, type === 'AnnounceEnded' ? 1 : 0));
};

/** The key in `seen` that counts the withheld seats that their holders took back. */
export const takenBack = 'AcquireLease taken-back';
const takesBack = ({ data }: LicenseEvent): boolean => 'takesBack' in data;

const isAnnouncement = ({ data }: LicenseEvent): boolean => 'cause' in data && causes.has(data.cause);
const causes: ReadonlySet<string> = new Set([
  'LICENSE_REVOKED',
  'TRANSFER',
  'PRODUCT_REMOVED',
  'LIMIT_LOWERED',
  'USER_UNASSIGNED',
]);

const announcedIn = ({ type, data }: LicenseEvent): Parameters<Model['announced']> => {
  switch (type) {
    case 'ActivationDeactivated':
      return ['activations', data.activationId];
    case 'LeaseReleased':
      return ['seats', data.leaseId];
    case 'UserUnassigned':
      return ['users', data.userRef];
    default:
      throw new Error(`${type} announces nothing.`);
  }
};

type Model = ReturnType<typeof newModel>;

// Status and renewal mode change with the clock, so they are compared even without an event.
const statusDifference = (model: Model, license: License, at: string): string | null => {
  if (license.kind === 'unissued') return null;
  const state = `${effectiveStatus(license.facts, at)}, ${renewalAt(license.facts, at)}`;
  const expected = `${model.statusAt(Date.parse(at))}, ${model.modeAt(Date.parse(at))}`;
  return state === expected ? null : `status: ${state}, not ${expected}`;
};

const differenceOf = ({ m }: Model, license: License, at: string): string | null => {
  if (license.kind === 'unissued') return 'not issued';
  const { facts, activations, byFingerprint, leases, users } = license;
  const { usage, term } = facts;
  const endOf = (instant: string | null) => (instant === null ? Infinity : Date.parse(instant));
  const open = (kind: string) => m.uses.filter((use) => use.kind === kind && use.over === Infinity);
  const [devices, seats, named] = [open('activations'), open('seats'), open('users')];
  const withheld = m.withheld.filter(({ until }) => until > Date.parse(at));
  // Compares the state and the model as texts.
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['scheduled', facts.scheduled.map(({ eventId }) => eventId), m.plans.flatMap(({ id }) => (id === '' ? [] : [id]))],
    ['activations', [...activations.keys()], devices.map(({ id }) => id)],
    [
      'details of devices',
      [...activations.values()].map(({ appVersion, components }) => detailsText(appVersion, components)),
      devices.map(({ version = null, parts = {} }) => detailsText(version, parts)),
    ],
    [
      'announced deactivations',
      [...activations.values()].map(({ unseen }) => (unseen === undefined ? null : Date.parse(unseen.deactivatesAt))),
      devices.map(({ unseen }) => unseen?.due ?? null),
    ],
    [
      'users and metadata of devices',
      [...activations.values()].map(({ userRef, metadataRef }) => `${userRef} ${metadataRef}`),
      devices.map(({ user, metadata }) => `${user} ${metadata}`),
    ],
    ['fingerprints', [...byFingerprint.keys()], devices.map(({ name }) => name)],
    ['leases', [...leases.values()].map(leaseText), seats.map(({ id, end }) => `${id} ${end}`)],
    ['users', [...users.keys()], named.map(({ id }) => id)],
    ['unannounced', facts.endings.reduce((sum, ending) => sum + leftOf(ending), 0), m.unannounced],
    [
      'ended',
      license.ended.map(sizesOf),
      facts.endings.map(({ activations, leases, users }) => [activations, leases, users]),
    ],
    [
      'seats counted',
      [usageAt(facts, at).seats, seatsWithHolder(facts)],
      [seats.length + withheld.length, seats.length],
    ],
    ['devices and users counted', [usage.activations, usage.users], [devices.length, named.length]],
    ['overrides', modelOverrides(facts.overrides ?? {}), m.beside],
    ['products', [...facts.products].sort(), [...m.products].sort()],
    ['policy and holder', [facts.policy.policyId, facts.holderOrgId], [m.policy.policyId, m.holder]],
    ['offer', offerText(facts.offer), m.offer === null ? 'none' : `${m.offer.to} ${m.offer.declined}`],
    ['reference', facts.externalRef, m.reference],
    ['limits', JSON.stringify(facts.limits), JSON.stringify(m.limits)],
    ['meters', Object.entries(usageAt(facts, at).meters).sort(), Object.entries(m.meters).sort()],
    ['entitlements', facts.entitlements.map(entitlementText).sort(), m.entitlements.map(entitlementText).sort()],
    [
      'effective entitlements',
      effectiveEntitlements(facts, at).map(effectiveText).sort(),
      effectiveOf(m.entitlements, at).map(effectiveText).sort(),
    ],
    ['term', [term.number, endOf(term.expiresAt)], [m.term, m.end]],
    [
      'maintenance',
      [endOf(facts.maintenanceUntil), facts.maintenanceSoldForEver, facts.maintenanceFromPolicy],
      [m.maintained, m.sold && m.maintained === Infinity, !m.sold && m.maintained < Infinity],
    ],
    ['announced', [facts.announcedTerm, facts.graceEndedTerm], [m.announced, m.graceEnded]],
    ['reminders', [...facts.reminded].sort(), Object.keys(m.reminded).sort()],
    ['keys', [facts.keyVersion, ...facts.keyOverlaps.map(keyText)], [m.keyVersion, ...Object.entries(m.overlaps)]],
    ['revocation', [facts.revokedAt !== null, facts.replacedBy ?? ''], [m.revoked, m.replacedBy]],
  ];
  for (const [what, state, expected] of pairs)
    if (String(state) !== String(expected)) return `${what}: ${String(state)}, not ${String(expected)}`;
  return null;
};

const sizesOf = ({ activations, leases, users }: Ended) => [activations.size, leases.size, users.size];
const offerText = (offer: LicenseFacts['offer']): string =>
  offer === null ? 'none' : `${offer.toHolderOrgId} ${offer.ended === 'DECLINED'}`;
const leaseText = ({ leaseId, expiresAt }: Lease): string => `${leaseId} ${Date.parse(expiresAt)}`;
const entitlementText = ({ code, value, limit, until, source, withheld }: Entitlement): string =>
  [code, value, limit, until, source, withheld].join(' ');
const effectiveText = ({ code, limit, until, source }: Entitlement): string => [code, limit, until, source].join(' ');
/** One entitlement for each code: that of the first source in this order which has not ended, unless it withholds. */
const effectiveOf = (all: readonly Entitlement[], at: string): readonly Entitlement[] =>
  ['export', 'sso'].flatMap((code) => {
    const running = all.filter(
      (one) => one.code === code && (one.until === null || Date.parse(one.until) > Date.parse(at)),
    );
    for (const source of ['grant', 'trial', 'tier', 'product'])
      for (const one of running) if (one.source === source) return one.withheld === true ? [] : [one];
    return [];
  });
const keyText = ({ keyVersion, until }: KeyOverlap): string => `${keyVersion},${Date.parse(until)}`;
type KeyOverlap = LicenseFacts['keyOverlaps'][number];
