import type { At, Stamped } from '../../decider.ts';
import { fromMs, type Instant, toMs } from '../../time.ts';
import type { LicenseEvent } from '../events.ts';
import { evolveFacts } from '../evolve.ts';
import type { LicenseFacts } from '../license.ts';
import { type TimedField, timedFields } from './timed-fields.ts';

/** The shown fields of a license by name. The values are JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Shows a license at an instant. `use`: the fields that devices, seats, users and meters change, which are part of
 * `whole`. Events of use are many, so they are compared by these alone.
 */
export type FieldView = {
  readonly whole: (facts: LicenseFacts, at: Instant) => Fields;
  readonly use: (facts: LicenseFacts, at: Instant) => Fields;
};

/** A stored event of a license, with its revision. */
export type RevisedEvent = { readonly event: LicenseEvent; readonly at: At; readonly revision: bigint };

/** The event that set a field last, and the value before it. */
type Setting = { readonly revision: bigint; readonly recordedAt: Instant; readonly before: unknown };

/** The event that announced what time alone had changed, and the instant of that change. */
type Announcement = { readonly revision: bigint; readonly since: Instant };

/**
 * What a fold knows of the fields, as seen at one instant. The fold owns it and changes it in place. Its size depends
 * on the number of fields, not of events.
 */
export type FieldFold = {
  readonly at: Instant;
  readonly view: FieldView;
  facts: LicenseFacts | null;
  fields: Fields;
  readonly settings: Map<string, Setting>;
  readonly announcements: Map<string, Announcement>;
  /** The revision of the event that scheduled a change, by the id in `scheduled`. */
  readonly schedules: Map<string, bigint>;
};

/** Returns the fold of no events, for fields as seen at `at`. */
export const beginFields = (view: FieldView, at: Instant): FieldFold => ({
  at,
  view,
  facts: null,
  fields: {},
  settings: new Map(),
  announcements: new Map(),
  schedules: new Map(),
});

/**
 * Takes one more event. It sets a field when the field, as seen at the instant of the fold, is another one with the
 * event than without it, on the history up to it. What time alone changes has no such event. An event that only
 * announces it is noted as its announcement.
 */
export const takeFieldEvent = (fold: FieldFold, { event, at, revision }: RevisedEvent): void => {
  const { facts: before, view } = fold;
  const after = evolveFacts(before, event, at);
  if (after === null || after === before) return;
  fold.facts = after;
  const isUse = before !== null && changesUseAlone(before, after);
  const compared = isUse ? view.use(after, fold.at) : view.whole(after, fold.at);
  const fields = isUse ? { ...fold.fields, ...compared } : compared;
  for (const name of Object.keys(compared)) {
    if (before !== null && isSame(fields[name], fold.fields[name])) continue;
    fold.settings.set(name, { revision, recordedAt: at.recordedAt, before: fold.fields[name] ?? null });
    fold.announcements.delete(name);
  }
  if (before !== null && announcing.has(event.type)) noteAnnouncement(fold, before, after, { at, revision });
  if (before?.scheduled !== after.scheduled) noteSchedules(fold.schedules, after.scheduled, revision);
  fold.fields = fields;
};

const noteSchedules = (
  schedules: FieldFold['schedules'],
  scheduled: LicenseFacts['scheduled'],
  revision: bigint,
): void => {
  const ids = new Set(scheduled.map(({ eventId }) => eventId));
  for (const id of schedules.keys()) if (!ids.has(id)) schedules.delete(id);
  for (const id of ids) if (!schedules.has(id)) schedules.set(id, revision);
};

const noteAnnouncement = (
  { view, announcements, settings }: FieldFold,
  before: LicenseFacts,
  after: LicenseFacts,
  { at: { effectiveAt }, revision }: Pick<RevisedEvent, 'at' | 'revision'>,
): void => {
  const [then, since] = [view.whole(before, justBefore(effectiveAt)), view.whole(after, effectiveAt)];
  for (const name of Object.keys(since))
    if (settings.get(name)?.revision !== revision && !isSame(then[name], since[name]))
      announcements.set(name, { revision, since: effectiveAt });
};

/**
 * What time alone changed: since when, by which field, and the revision of its announcement; null: none is recorded.
 */
export type ByTime = { readonly since: Instant; readonly from: TimedField; readonly announcedBy: bigint | null };

/** Where the value of a field comes from. `setBy`: the revision of the event that set it last. */
export type FieldOrigin = {
  readonly field: string;
  readonly value: unknown;
  readonly setBy: bigint;
  readonly before: unknown;
  readonly byTime: ByTime | null;
};

/**
 * Returns the origins of all fields. `due`: the events of what has fallen due and is not recorded yet, in their order.
 * The event that scheduled such a change, or began the trial, has set what it changes. Returns nothing for a fold
 * without events.
 */
export const fieldOrigins = (fold: FieldFold, due: readonly Stamped<LicenseEvent>[]): readonly FieldOrigin[] => {
  const { facts, settings } = fold;
  if (facts === null) return [];
  const { fields, origins } = takeDue(fold, facts, due);
  const changes = changesByTime(fold, facts);
  return Object.keys(fields).map((field) => {
    const value = fields[field];
    const unrecorded = origins.get(field);
    if (unrecorded !== undefined) return { field, value, before: fold.fields[field] ?? null, ...unrecorded };
    const { revision: setBy, recordedAt, before } = settings.get(field) ?? { ...first, recordedAt: facts.createdAt };
    return {
      field,
      value,
      setBy,
      before,
      byTime: announced(fold, facts, field) ?? lastChange(changes, field, recordedAt),
    };
  });
};

const first = { revision: 0n, before: null };

type DueOrigin = Pick<FieldOrigin, 'setBy' | 'byTime'>;

const takeDue = (fold: FieldFold, recorded: LicenseFacts, due: readonly Stamped<LicenseEvent>[]) => {
  const { view, at } = fold;
  const origins = new Map<string, DueOrigin>();
  let [facts, fields] = [recorded, fold.fields];
  let origin: DueOrigin = { setBy: 0n, byTime: null };
  for (const { event, at: times } of due) {
    origin = dueOrigin(fold, { event, at: times }) ?? origin;
    facts = evolveFacts(facts, event, times) ?? facts;
    const after = view.whole(facts, at);
    for (const name of Object.keys(after)) if (!isSame(after[name], fields[name])) origins.set(name, origin);
    fields = after;
  }
  // What changes back is as it was recorded.
  for (const name of origins.keys()) if (isSame(fields[name], fold.fields[name])) origins.delete(name);
  return { fields, origins };
};

/** Returns the origin of what a due change of the tier brings; null for what only follows from it. */
const dueOrigin = ({ schedules, settings }: FieldFold, { event, at }: Stamped<LicenseEvent>): DueOrigin | null => {
  if (event.type !== 'LicenseTierChanged') return null;
  const { scheduledBy } = event.data;
  const setBy = scheduledBy === null ? settings.get('policy')?.revision : schedules.get(scheduledBy);
  const from = scheduledBy === null ? 'term.expiresAt' : 'scheduled';
  return { setBy: setBy ?? 0n, byTime: { since: at.effectiveAt, from, announcedBy: null } };
};

const announced = ({ announcements }: FieldFold, facts: LicenseFacts, field: string): ByTime | null => {
  const announcement = announcements.get(field);
  if (announcement === undefined) return null;
  const { revision, since } = announcement;
  const from = timedFields(facts).find(({ instant }) => instant === since)?.field ?? 'suspension.until';
  return { since, from, announcedBy: revision };
};

type TimeChange = { readonly since: Instant; readonly from: TimedField; readonly names: ReadonlySet<string> };

/** Returns the changes of fields that the facts make by time alone until the instant of the fold, the latest first. */
const changesByTime = ({ view, at }: FieldFold, facts: LicenseFacts): readonly TimeChange[] =>
  timedFields(facts)
    .filter(({ instant }) => instant <= at)
    .toSorted((a, b) => toMs(b.instant) - toMs(a.instant))
    .map(({ instant: since, field: from }) => {
      const [then, now] = [view.whole(facts, justBefore(since)), view.whole(facts, since)];
      return { since, from, names: new Set(Object.keys(now).filter((name) => !isSame(then[name], now[name]))) };
    });

const lastChange = (changes: readonly TimeChange[], field: string, after: Instant): ByTime | null => {
  const change = changes.find(({ since, names }) => since > after && names.has(field));
  return change === undefined ? null : { since: change.since, from: change.from, announcedBy: null };
};

// These events say what the clock has changed before they were recorded.
const announcing: ReadonlySet<LicenseEvent['type']> = new Set([
  'LicenseExpired',
  'LicenseGraceEnded',
  'LicenseReinstated',
  'EntitlementEnded',
  'LicenseKeyRetired',
]);

const useKeys: ReadonlySet<string> = new Set<keyof LicenseFacts>([
  'usage',
  'withheldSeats',
  'metersAfterEnd',
  'meterPeriods',
  'meterSums',
  'usageEvents',
  'countersFrom',
  'nextTerms',
  'endings',
]);

const changesUseAlone = (before: LicenseFacts, after: LicenseFacts): boolean => {
  for (const key of Object.keys(after) as (keyof LicenseFacts)[])
    if (before[key] !== after[key] && !useKeys.has(key)) return false;
  return true;
};

const justBefore = (instant: Instant): Instant => fromMs(toMs(instant) - 1);

// The members of both come in the same order, because the same function made both.
const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
