import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { evolveFacts } from '../../domain/license/evolve.ts';
import type { IssuedLicense, License, LicenseFacts } from '../../domain/license/license.ts';
import { isUnsettled, settle } from '../../domain/license/settle.ts';
import type { Instant } from '../../domain/time.ts';
import { isRepair } from '../../eventstore/chain/repair-event.ts';
import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { findPast, type Past } from '../../eventstore/snapshots/past.ts';
import type { SnapshotKeeper } from '../../eventstore/snapshots/snapshot-keeper.ts';

/**
 * A license as of an instant. `revision` is that of the last event that counts. `recorded` false: the instant is before
 * the import of the license, and the facts are what the import says was so. `isDerived`: a change had fallen due by
 * then that no event records yet.
 */
export type LicenseThen = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  readonly recorded: boolean;
  readonly isDerived: boolean;
};

/** The needs of folding a license as of an instant. */
export type PastNeeds = {
  readonly store: Pick<EventStore, 'read'>;
  readonly keeper: SnapshotKeeper;
  readonly executor: Pick<Executor, 'read'>;
};

/**
 * Returns the license as of an instant. Folds the events that were recorded or took effect by then, in the order of the
 * stream. Events that were recorded later and took effect earlier count too, and so does what had fallen due and is not
 * recorded yet. Between the start of the history of an imported license and its import, the license is what the import
 * says. Returns null before the license was issued. Reads only the parts of a long stream around the instant. The first
 * such read of a stream without snapshots folds all of it. Throws an AbortError when `signal` aborts before the last
 * part was read.
 */
export const licenseAsOf = async (
  needs: PastNeeds,
  licenseId: string,
  asOf: Instant,
  signal?: AbortSignal,
): Promise<LicenseThen | null> => {
  const then = await factsAsOf(needs, licenseId, asOf, signal);
  if (then === null) return null;
  if (!then.recorded || !isUnsettled(then.facts, asOf)) return { ...then, isDerived: false };
  // A change that has fallen due has consequences for devices and seats, which the facts do not contain.
  return derivedAsOf(needs, licenseId, asOf, signal);
};

/** Returns true for an event that was recorded or took effect by an instant. */
export const countsAsOf = ({ metadata }: Recorded, asOf: Instant): boolean =>
  String(metadata.recordedAt) <= asOf || String(metadata.effectiveAt) <= asOf;

const derivedAsOf = async (
  needs: PastNeeds,
  licenseId: string,
  asOf: Instant,
  signal: AbortSignal | undefined,
): Promise<LicenseThen | null> => {
  const then = await wholeLicenseAsOf(needs, licenseId, asOf, signal);
  if (then === null) return null;
  const { facts } = settle(then.license, asOf).license;
  return { facts, revision: then.revision, recorded: true, isDerived: true };
};

/**
 * Returns the license with its devices, seats and users as of an instant, as recorded: `settle` adds what had fallen
 * due by then. Reads the whole stream in pages, and folds it without snapshots. Returns null before the license was
 * issued or imported. Throws an AbortError as `licenseAsOf` does.
 */
export const wholeLicenseAsOf = async (
  { store }: Pick<PastNeeds, 'store'>,
  licenseId: string,
  asOf: Instant,
  signal?: AbortSignal,
): Promise<{ readonly license: IssuedLicense; readonly revision: bigint } | null> => {
  const stream = licenseAggregate.stream(licenseId);
  let license: License = licenseAggregate.decider.initial();
  let revision = 0n;
  for (let next = 0n; ; next += BigInt(pageMax)) {
    signal?.throwIfAborted();
    const { events } = await store.read(stream, next, pageMax);
    for (const recorded of events) {
      if (!countsAsOf(recorded, asOf)) continue;
      const { event, at } = licenseAggregate.decode(recorded);
      if (isRepair(event)) continue;
      license = licenseAggregate.decider.evolve(license, event, at);
      revision = recorded.revision;
    }
    if (events.length < pageMax) break;
  }
  return license.kind === 'unissued' ? null : { license, revision };
};

const factsAsOf = async (
  needs: PastNeeds,
  licenseId: string,
  asOf: Instant,
  signal: AbortSignal | undefined,
): Promise<Omit<LicenseThen, 'isDerived'> | null> => {
  const { store } = needs;
  const stream = licenseAggregate.stream(licenseId);
  let then: Folded | null = null;
  const take = (events: readonly Recorded[]): void => {
    for (const recorded of events) {
      // This check comes before decoding, which takes longer than the rest.
      if (!countsAsOf(recorded, asOf)) continue;
      const { event, at } = licenseAggregate.decode(recorded);
      if (isRepair(event)) continue;
      const facts = evolveFacts(then?.facts ?? null, event, at);
      if (facts !== null) then = { facts, revision: recorded.revision };
    }
  };

  const { events: begun } = await store.read(stream, 0n, probeMax);
  const [first] = begun;
  const stated = first === undefined ? null : statedBefore(first, asOf);
  then = stated;
  const answer = () => (then === null ? null : { ...then, recorded: stated === null });
  if (first === undefined || begun.length < probeMax) {
    take(begun);
    return answer();
  }
  const { base, ranges } = await findLongPast(needs, licenseId, first, asOf);
  // The checksum and the fold version prove that this fold created these facts from the stream.
  if (base !== null) then = { facts: base.facts as LicenseFacts, revision: base.revision };
  for (const { from, to } of ranges) {
    for (let next = from; to === null || next <= to; next += BigInt(pageMax)) {
      signal?.throwIfAborted();
      const count = to === null ? pageMax : Math.min(pageMax, Number(to - next) + 1);
      const { events } = await store.read(stream, next, count);
      take(events);
      if (events.length < count) break;
    }
  }
  return answer();
};

type Folded = Pick<LicenseThen, 'facts' | 'revision'>;

/** Returns what an import says of an instant before it; null when the instant is not in the history that it states. */
const statedBefore = (first: Recorded, asOf: Instant): Folded | null => {
  const { event, at } = licenseAggregate.decode(first);
  if (event.type !== 'LicenseImported' || asOf < event.data.historyFrom) return null;
  if (at.recordedAt <= asOf || at.effectiveAt <= asOf) return null;
  const facts = evolveFacts(null, event, at);
  return facts === null ? null : { facts, revision: first.revision };
};

const findLongPast = async (
  { store, keeper, executor }: PastNeeds,
  licenseId: string,
  first: Recorded,
  asOf: Instant,
): Promise<Past> => {
  const { stream } = first;
  const { issuerOrgId } = licenseAggregate.decode(first).envelope;
  const key = { issuerOrgId, stream, fold: licenseAggregate.snapshots.fold };
  const past = await findPast({ store, keeper }, key, asOf);
  const tail = past.ranges.at(-1)?.from ?? 0n;
  const { events: beyond } = await store.read(stream, tail + BigInt(pageMax), 1);
  if (beyond.length === 0) return past;
  // Folding the stream creates its missing snapshots. When that fails, the log is read without them.
  await executor.read(licenseAggregate, licenseId, () => null).catch(() => null);
  await keeper.settledFor(stream, saveTimeoutMs);
  return findPast({ store, keeper }, key, asOf);
};

/** A stream with fewer events than this has no snapshot. */
const probeMax = 100;
const pageMax = 1_000;

/** After this time the log is read. The snapshots serve the next request. */
const saveTimeoutMs = 5_000;
