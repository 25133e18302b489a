import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { type Stamped, stamp } from '../../domain/decider.ts';
import type { LicenseEvent } from '../../domain/license/events.ts';
import {
  beginFields,
  type FieldFold,
  type FieldOrigin,
  type FieldView,
  fieldOrigins,
  takeFieldEvent,
} from '../../domain/license/fields/field-origins.ts';
import type { License } from '../../domain/license/license.ts';
import { refuseActing } from '../../domain/license/license-authority.ts';
import { settle } from '../../domain/license/settle.ts';
import type { Instant } from '../../domain/time.ts';
import { isRepair } from '../../eventstore/chain/repair-event.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { eventsAtRevisions, type HistoryEntry } from '../../projections/tables/license-events.ts';
import { type Caller, licenseActingOf } from '../caller.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { countsAsOf, wholeLicenseAsOf } from './as-of.ts';
import { notProjected } from './parked-license.ts';
import { type LicenseReadNeeds, readLicense } from './read-license.ts';

/** A field with the events that explain it. An event is null when the caller cannot see it in the history. */
export type ExplainedField = Omit<FieldOrigin, 'setBy' | 'byTime'> & {
  readonly setBy: HistoryEntry | null;
  readonly byTime:
    | (Omit<NonNullable<FieldOrigin['byTime']>, 'announcedBy'> & { readonly announcedBy: HistoryEntry | null })
    | null;
};

/** The fields of a license at `at`. */
export type ExplainedFields = {
  readonly at: Instant;
  readonly revision: bigint;
  readonly fields: readonly ExplainedField[];
};

/** What a caller wants to have explained: a license at an instant (undefined: now), by its view. */
export type FieldsRequest = {
  readonly licenseId: string;
  readonly asOf: Instant | undefined;
  readonly view: FieldView;
  readonly signal: AbortSignal;
};

/**
 * Explains the fields of a license to a caller who may read its history: which event set each field last, and what it
 * replaced. Folds the stream in pages, so the time grows with the stream and the memory does not. Throws an AbortError
 * when `signal` aborts before the last page was read.
 */
export const explainFields = async (
  needs: LicenseReadNeeds,
  caller: Caller,
  request: FieldsRequest,
): Promise<ExplainedFields | Refusal> => {
  const { organizationId } = caller;
  const { licenseId, asOf, signal, view } = request;
  const license = await readLicense(needs, organizationId, licenseId, { asOf, signal });
  if (isRefusal(license)) return license;
  const { facts, revision, at, isDerived } = license;
  const refusal = refuseActing(facts, licenseActingOf(caller), 'readHistory');
  if (refusal !== null) return refusal;

  const fold = beginFields(view, at);
  await foldUntil(needs, fold, { ...request, revision });
  const origins = fieldOrigins(fold, isDerived ? await dueEvents(needs, request, at) : []);
  const revisions = new Set(origins.flatMap(revisionsOf));
  const entries = await asTenant(needs.pool, organizationId, (db) => eventsAtRevisions(db, licenseId, [...revisions]));
  // The issuer sees every event that the read models have.
  if (organizationId === facts.issuerOrgId && entries.size < revisions.size) return notProjected;
  return { at, revision, fields: origins.map((origin) => explained(origin, entries)) };
};

/** Returns the events of what has fallen due by `at` and is not recorded yet. */
const dueEvents = async (
  { executor, store }: Pick<LicenseReadNeeds, 'executor' | 'store'>,
  { licenseId, asOf, signal }: FieldsRequest,
  at: Instant,
): Promise<readonly Stamped<LicenseEvent>[]> => {
  const due = (license: License) =>
    license.kind === 'unissued' ? [] : settle(license, at).events.map((event) => stamp(event, at));
  if (asOf === undefined) return executor.read(licenseAggregate, licenseId, due);
  const then = await wholeLicenseAsOf({ store }, licenseId, asOf, signal);
  return then === null ? [] : due(then.license);
};

const foldUntil = async (
  { store }: Pick<LicenseReadNeeds, 'store'>,
  fold: FieldFold,
  { licenseId, asOf, revision, signal }: FieldsRequest & { readonly revision: bigint },
): Promise<void> => {
  const stream = licenseAggregate.stream(licenseId);
  for (let next = 0n; next <= revision; next += BigInt(pageMax)) {
    signal.throwIfAborted();
    const { events } = await store.read(stream, next, Math.min(pageMax, Number(revision - next) + 1));
    for (const recorded of events) {
      if (asOf !== undefined && !isCounted(recorded, asOf, revision)) continue;
      const { event, at } = licenseAggregate.decode(recorded);
      if (!isRepair(event)) takeFieldEvent(fold, { event, at, revision: recorded.revision });
    }
    if (events.length === 0) return;
  }
};

// Before its import a license is what the import, its first event, says.
const isCounted = (recorded: Recorded, asOf: Instant, last: bigint): boolean =>
  countsAsOf(recorded, asOf) || (last === 0n && recorded.revision === 0n);

const revisionsOf = ({ setBy, byTime }: FieldOrigin): readonly bigint[] => {
  const announcedBy = byTime?.announcedBy ?? null;
  return announcedBy === null ? [setBy] : [setBy, announcedBy];
};

const explained = (origin: FieldOrigin, entries: ReadonlyMap<bigint, HistoryEntry>): ExplainedField => {
  const { field, value, before, byTime } = origin;
  const setBy = entries.get(origin.setBy) ?? null;
  const announcedBy = byTime === null || byTime.announcedBy === null ? null : (entries.get(byTime.announcedBy) ?? null);
  return {
    field,
    value,
    setBy,
    // What an earlier holder had is not for this caller.
    before: setBy === null ? null : before,
    byTime: byTime === null ? null : { ...byTime, announcedBy },
  };
};

const pageMax = 1_000;
