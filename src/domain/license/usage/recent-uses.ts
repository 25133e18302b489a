import type { ForkableMap } from '../../forkable-map.ts';
import { type Instant, plusSeconds } from '../../time.ts';
import type { IssuedLicense, LicenseFacts } from '../license.ts';
import type { EarlierUse, EarlierUses, SentUsage } from './usage-commands.ts';
import type { CorrectionEntry } from './usage-events.ts';
import type { RecentUse, UsageEventNote } from './usage-notes.ts';

// An id of usage is unique for its license and meter, for 35 days. The state of the license has the ids of the last 70
// minutes, the read models have the older ones. docs/decisions/0033-usage-in-batches.md proves that none is missed.

/** For how many seconds an id of usage is known. */
export const usageKnownSeconds = 35 * 86_400;

/** Usage that occurred at most so many seconds ago needs no read models. */
export const freshSeconds = 3_600;

/** How many seconds `occurredAt` may be ahead of the server. */
export const aheadSeconds = 300;

/**
 * For how many seconds the state remembers an id. Fresh usage that is sent again was recorded at most `freshSeconds` and
 * `aheadSeconds` ago. The rest is a margin.
 */
export const recentSeconds = freshSeconds + 2 * aheadSeconds;

/** How many seconds the read models may be behind while they still decide about older usage. */
export const behindSeconds = 1_800;

/** Returns the key of an id of usage among those of the license. An id contains no space. */
export const usageKey = (meter: string, usageId: string): string => `${meter} ${usageId}`;

/** An event about usage: its meter, its entries, and the counter that they count for. */
type NotedEvent = Omit<UsageEventNote, 'wasReset' | 'resetCounter'> & {
  readonly entries: readonly NotedUse[];
};

/** `commandId` is absent for usage of earlier releases. */
type NotedUse = Pick<SentUsage, 'usageId' | 'quantity' | 'corrects'> & { readonly commandId?: string };

/** Notes an event about usage, in place, and forgets what no decision can ask about any longer. */
export const noteUses = (license: IssuedLicense, event: NotedEvent): void => {
  const { recentUses, usageInMinute } = license;
  const { meter, entries, recordedAt } = event;
  // The facts are still those before the event.
  const number = license.facts.usageEvents + 1;
  for (const entry of entries) recentUses.setLast(usageKey(meter, entry.usageId), useOf(entry, number, recordedAt));
  noteEvent(license, event);
  const minute = minuteOf(recordedAt);
  if (minute === usageInMinute.minute) {
    license.usageInMinute = { minute, entries: usageInMinute.entries + entries.length };
    return;
  }
  license.usageInMinute = { minute, entries: entries.length };
  // Once in a minute, because forgetting passes what was forgotten before.
  forgetUses(license, recordedAt);
};

const useOf = ({ quantity, commandId, corrects }: NotedUse, number: number, recordedAt: Instant): RecentUse => {
  const use = { quantity, commandId: commandId ?? null, recordedAt, number };
  return corrects === undefined ? use : { ...use, corrects };
};

const noteEvent = (
  { usageEventsAt, facts }: IssuedLicense,
  { meter, recordedAt, counted }: Omit<UsageEventNote, 'wasReset' | 'resetCounter'>,
): void => usageEventsAt.set(facts.usageEvents + 1, { meter, recordedAt, counted, wasReset: false });

/** Notes corrections, in place. */
export const noteCorrections = (
  { facts, recentCorrections }: IssuedLicense,
  { meter, entries }: { readonly meter: string; readonly entries: readonly CorrectionEntry[] },
  recordedAt: Instant,
): void => {
  const number = facts.usageEvents + 1;
  for (const { usageId, corrects, quantity } of entries)
    recentCorrections.setLast(usageKey(meter, usageId), {
      key: usageKey(meter, corrects),
      quantity: -quantity,
      number,
      recordedAt,
    });
};

/** Notes a reset of a meter, in place: it has taken away what the running counter counted. */
export const noteReset = (license: IssuedLicense, meter: string, recordedAt: Instant): void => {
  const { usageEventsAt, facts } = license;
  const counter = facts.meterSums[meter]?.counter ?? 0;
  for (const [number, note] of [...usageEventsAt])
    if (note.meter === meter && number >= counter) usageEventsAt.set(number, { ...note, wasReset: true });
  const note = { meter, recordedAt, counted: null, wasReset: false, resetCounter: counter };
  usageEventsAt.set(facts.usageEvents + 1, note);
};

/** A reset: the counter that it put back to 0, and the number of its event. */
type NotedReset = { readonly counter: number; readonly number: number };

/**
 * Returns the resets of a meter after an event about usage. All of them are noted while `isBehind` returns false for that
 * event.
 */
export const resetsAfter = (
  { facts, usageEventsAt }: IssuedLicense,
  meter: string,
  events: number,
): readonly NotedReset[] => {
  const resets: NotedReset[] = [];
  for (let number = events + 1; number <= facts.usageEvents; number += 1) {
    const note = usageEventsAt.get(number);
    if (note?.resetCounter !== undefined && note.meter === meter) resets.push({ counter: note.resetCounter, number });
  }
  return resets;
};

/** Forgets, in place, usage that no decision from `recordedAt` on can ask about. */
export const forgetUses = (
  {
    recentUses,
    usageEventsAt,
    recentCorrections,
  }: Pick<IssuedLicense, 'recentUses' | 'usageEventsAt' | 'recentCorrections'>,
  recordedAt: Instant,
): void => {
  const since = plusSeconds(recordedAt, -recentSeconds);
  for (const noted of [recentUses, usageEventsAt, recentCorrections] as ForkableMap<unknown, Noted>[])
    for (const [key, { recordedAt: notedAt }] of noted) {
      if (notedAt > since) break;
      noted.delete(key);
    }
};

type Noted = { readonly recordedAt: Instant };

/** Returns the usage that was counted under this id before `at`. Returns null when neither the license nor `earlier` knows one. */
export const knownUse = (
  { recentUses }: IssuedLicense,
  key: string,
  earlier: EarlierUse | undefined,
  at: Instant,
): RecentUse | null => {
  const recent = recentUses.get(key);
  if (recent !== undefined && at < plusSeconds(recent.recordedAt, recentSeconds)) return recent;
  return earlier !== undefined && at < plusSeconds(earlier.recordedAt, usageKnownSeconds) ? earlier : null;
};

/**
 * Returns true when the read models lack an event about usage that was recorded more than 30 minutes before `at`. Then
 * neither they nor the state may know an older id.
 */
export const isBehind = (
  {
    facts,
    usageEventsAt,
  }: Pick<IssuedLicense, 'usageEventsAt'> & { readonly facts: Pick<LicenseFacts, 'usageEvents'> },
  earlier: EarlierUses | undefined,
  at: Instant,
): boolean => {
  if (earlier === undefined || earlier.events >= facts.usageEvents) return false;
  const firstMissing = usageEventsAt.get(earlier.events + 1);
  return firstMissing === undefined || at >= plusSeconds(firstMissing.recordedAt, behindSeconds);
};

/** Returns true for usage that may have been counted before the time that the state remembers. */
export const mayBeOld = ({ occurredAt, attemptedSince = occurredAt }: SentUsage, at: Instant): boolean => {
  const since = plusSeconds(at, -freshSeconds);
  return occurredAt < since || attemptedSince < since;
};

/** Returns the minute of the clock (UTC) of an instant. */
export const minuteOf = (instant: Instant): string => instant.slice(0, 16);

/** Returns the start of the next minute of the clock. */
export const nextMinute = (at: Instant): Instant => plusSeconds(`${minuteOf(at)}:00.000Z`, 60);
