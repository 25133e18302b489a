import { isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { LicenseCommand } from '../../../src/domain/license/commands.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import type { IssuedLicense, License } from '../../../src/domain/license/license.ts';
import { usageAt } from '../../../src/domain/license/usage/term-counters.ts';
import { type Chance, chanceOf } from '../../support/chance.ts';
import { oneUse } from '../../support/one-use.ts';
import { earlierIn, usageRows } from '../../support/usage-rows.ts';
import { command, policyWith } from '../license/commands.ts';
import { issue, renew } from '../license/examples.ts';
import { instant, ms } from './draw.ts';
import { clockOf } from './zone-table.ts';

const [hour, day] = [3_600_000, 86_400_000] as const;

/** The five zones: one hour, half an hour and midnight of daylight saving, and a day that the calendar skips. */
export const zones = ['UTC', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Pacific/Apia'] as const;
type Zone = (typeof zones)[number];

const allResets = ['TERM', 'NEVER', 'P1D', 'P1W', 'P1M', 'P1Y'] as const;
type Resets = (typeof allResets)[number];
const meters = ['builds', 'scans'] as const;
type Meter = (typeof meters)[number];
// With the most days that one can last.
const durations = {
  P1D: { days: 1, months: 0, most: 2 },
  P1W: { days: 7, months: 0, most: 8 },
  P1M: { days: 0, months: 1, most: 32 },
  P1Y: { days: 0, months: 12, most: 367 },
} as const;
const limit = 40;

/**
 * `left`: what is not corrected. `isGone`: a reset took it away. `isLeft`: a renewed term does not count it, because of
 * that. `sums`: those of the period that counts it.
 */
type Use = {
  readonly id: string;
  readonly meter: Meter;
  readonly at: number;
  readonly quantity: number;
  left: number;
  isGone: boolean;
  isLeft: boolean;
  sums: Sums;
};

/** What a period is made of. `start`: null when it never ends. */
export type Sums = {
  readonly meter: Meter;
  readonly resets: Resets;
  start: number | null;
  recorded: number;
  carried: number;
  corrected: number;
  reset: number;
};

/** What happened, for a sum without any counter. Instants are milliseconds. */
type Record = {
  readonly zone: Zone;
  /** The starts of the terms that have started or will start. */
  starts: readonly number[];
  end: number | null;
  readonly uses: Use[];
  resets: { [Name in Meter]: Resets };
  /** How many uses there were when the meter got its present `resets`. */
  readonly since: { [Name in Meter]: number };
  readonly sums: Sums[];
  /** By meter and UTC day. */
  readonly days: Map<string, { recorded: number; corrected: number; reset: number }>;
};

/** Returns the use of a meter at an instant: the sum of every use since the start of its period. */
const sumAt = (life: Record, meter: Meter, at: number): number => {
  return countedAt(life, meter, at).reduce((sum, { left, isGone }) => sum + (isGone ? 0 : left), 0);
};

const countedAt = (life: Record, meter: Meter, at: number): readonly Use[] => {
  const from = periodStart(life, life.resets[meter], at);
  const isCounted = (use: Use) => use.meter === meter && use.at >= from && use.at <= at && !use.isLeft;
  return life.uses.slice(life.since[meter]).filter(isCounted);
};

/** Returns the sums of the period that runs. A change of `resets` begins others. */
const sumsAt = (life: Record, meter: Meter, at: number): Sums => {
  const running = countedAt(life, meter, at).at(-1)?.sums;
  if (running !== undefined) return running;
  const start = periodStart(life, life.resets[meter], at);
  const none = { recorded: 0, carried: 0, corrected: 0, reset: 0 };
  const sums = { meter, resets: life.resets[meter], start: start === -Infinity ? null : start, ...none };
  life.sums.push(sums);
  return sums;
};

const dayAt = ({ days }: Record, meter: Meter, at: number) => {
  const key = `${meter} ${instant(at).slice(0, 10)}`;
  const day = days.get(key) ?? { recorded: 0, corrected: 0, reset: 0 };
  days.set(key, day);
  return day;
};

const noteUse = (life: Record, { id, meter, at, quantity }: Pick<Use, 'id' | 'meter' | 'at' | 'quantity'>): void => {
  const sums = sumsAt(life, meter, at);
  sums.recorded += quantity;
  dayAt(life, meter, at).recorded += quantity;
  life.uses.push({ id, meter, at, quantity, left: quantity, isGone: false, isLeft: false, sums });
};

const noteCorrection = (life: Record, use: Use, quantity: number): void => {
  use.left -= quantity;
  if (use.isGone) return;
  use.sums.corrected += quantity;
  dayAt(life, use.meter, use.at).corrected += quantity;
};

const noteReset = (life: Record, meter: Meter, at: number): void => {
  const total = sumAt(life, meter, at);
  sumsAt(life, meter, at).reset += total;
  dayAt(life, meter, at).reset += total;
  for (const use of countedAt(life, meter, at)) use.isGone = true;
};

/** The renewed term from the end of the last one, which has passed, counts what was used since. */
const noteCarried = (life: Record, end: number): void => {
  for (const meter of meters) {
    if (life.resets[meter] !== 'TERM') continue;
    const ofMeter = life.uses.slice(life.since[meter]).filter((use) => use.meter === meter);
    for (const use of ofMeter) use.isLeft ||= use.isGone && use.at >= end;
    const late = ofMeter.filter((use) => use.at >= end && !use.isGone);
    const before = late.at(-1)?.sums;
    if (before === undefined) continue;
    if (ofMeter.filter(({ sums }) => sums === before).length === late.length) {
      before.start = end;
      continue;
    }
    const carried = late.reduce((sum, { left }) => sum + left, 0);
    const sums: Sums = { ...before, start: end, recorded: 0, corrected: 0, reset: 0, carried };
    before.carried -= carried;
    life.sums.push(sums);
    for (const use of late) use.sums = sums;
  }
};

const periodStart = ({ zone, starts, end }: Record, resets: Resets, at: number): number => {
  if (resets === 'NEVER') return Number.NEGATIVE_INFINITY;
  const start = Math.max(...starts.filter((time) => time <= at));
  if (resets === 'TERM') return start;
  const anchor = end !== null && end <= at ? end : start;
  const { later } = clockOf(zone, 2009, 2026);
  const { days, months, most } = durations[resets];
  const nth = (number: number) => later(anchor, { days: days * number, months: months * number });
  let number = Math.floor((at - anchor) / (most * day));
  while (nth(number + 1) <= at) number += 1;
  return nth(number);
};

/** One life of a license with periods. `finding`: what is wrong with its use at some instant; null: nothing. */
export const liveWithPeriods = (
  seed: number,
): {
  readonly finding: string | null;
  readonly history: readonly Stamped<LicenseEvent>[];
  readonly life: Pick<Record, 'sums' | 'days'>;
} => {
  const chance = chanceOf(seed);
  const zone = chance.one(zones);
  let now = drawStart(chance, zone);
  const terms = ['P1Y', 'P1M', 'P45D', 'P3M', null] as const;
  const duration = chance.one(terms);
  const resets = { builds: chance.one(allResets), scans: chance.one(allResets) };
  let license: License = licenseDecider.initial();
  const history: Stamped<LicenseEvent>[] = [];
  const take = (next: LicenseCommand): readonly LicenseEvent[] | null => {
    const decision = licenseDecider.decide(next, license, (index) => `evt_${history.length + index}`);
    if (isRejection(decision)) return null;
    for (const event of decision) {
      const stamped = stamp(event, next.at);
      history.push(stamped);
      license = licenseDecider.evolve(license, event, stamped.at);
    }
    return decision;
  };
  const policy = policyWith({
    expiryStrategy: 'ALLOW',
    overage: { kind: 'NONE' },
    meterRules: { builds: { resets: resets.builds } },
  });
  take(
    issue(
      {
        policy,
        timeZone: zone,
        term:
          duration === null ? { kind: 'perpetual', startsAt: null } : { kind: 'duration', duration, startsAt: null },
        limits: { activations: 0, seats: 0, users: 0, meters: { builds: limit, scans: limit } },
        overrides: { limits: { meterRules: { scans: { resets: resets.scans } } } },
      },
      instant(now),
    ),
  );
  const issued = () => license as IssuedLicense;
  const endNow = () => (issued().facts.term.expiresAt === null ? null : ms(issued().facts.term.expiresAt ?? ''));
  const life: Record = {
    ...{ zone, starts: [now], end: endNow(), uses: [], resets, since: { builds: 0, scans: 0 } },
    ...{ sums: [], days: new Map() },
  };
  const wrong = (finding: string) => ({ finding: `seed ${seed}, ${zone}: ${finding}`, history, life });
  for (let step = 0; step < 25; step += 1) {
    now = drawNext(chance, life, now);
    const at = instant(now);
    const meter = chance.one(meters);
    const kind = chance.below(100);
    if (kind < 52) {
      const quantity = 1 + chance.below(15);
      const expected = sumAt(life, meter, now) + quantity <= limit;
      const events = take(command('RecordUsage', oneUse({ meter, quantity, usageId: `u${step}`, occurredAt: at }), at));
      if ((events !== null) !== expected)
        return wrong(`${meter} at ${at} was ${events === null ? 'refused' : 'counted'}`);
      if (events !== null) noteUse(life, { id: `u${step}`, meter, at: now, quantity });
    } else if (kind < 66 && life.uses.length > 0) {
      const use = life.uses.at(-1 - chance.below(Math.min(3, life.uses.length))) as Use;
      const quantity = 1 + chance.below(use.left + 1);
      const expected = now - use.at < 35 * day && quantity <= use.left;
      const correction = { usageId: `c${step}`, corrects: use.id, quantity: -quantity, occurredAt: at, commandId: 'c' };
      const rows = usageRows(issued().facts.licenseId, readable(chance, history, now));
      const earlier = earlierIn(rows, use.meter, [use.id, correction.usageId]);
      const events = take(command('RecordUsage', { meter: use.meter, entries: [correction], earlier }, at));
      if ((events !== null) !== expected)
        return wrong(`${quantity} of ${use.left} at ${at} was ${events === null ? 'refused' : 'corrected'}`);
      if (events !== null) noteCorrection(life, use, quantity);
    } else if (kind < 71) {
      const expected = sumAt(life, meter, now) > 0;
      const events = take(command('ResetUsage', { meter }, at)) ?? [];
      if (events.length > 0 !== expected) return wrong(`${meter} at ${at} was ${expected ? 'not ' : ''}reset`);
      if (expected) noteReset(life, meter, now);
    } else if (kind < 80 && life.end !== null) {
      const renewed = take(
        renew({ duration: chance.one(['P1M', 'P45D', 'P1Y']), basis: chance.one(['FROM_EXPIRY', 'FROM_NOW']) }, at),
      );
      const start = renewed?.flatMap((event) => (event.type === 'LicenseRenewed' ? [ms(event.data.startsAt)] : []))[0];
      const time = now;
      if (start !== undefined && start === life.end && start <= now) noteCarried(life, start);
      if (start !== undefined)
        life.starts = [
          ...life.starts
            .filter((known) => known <= time || known < start)
            .filter((known) => start > time || known <= time),
          start,
        ];
    } else if (kind < 88 && life.end !== null && life.end > now) {
      const to = now + (1 + chance.below(100)) * day;
      if (take(command('ChangeExpiry', { to: instant(to), reasonCode: 'GOODWILL' }, at)) !== null)
        life.starts = life.starts.filter((known) => known <= now || known < to);
    } else if (kind < 94) {
      const next = chance.one(allResets);
      const limits = { activations: 0, seats: 0, users: 0, meters: { builds: limit, scans: limit } };
      take(command('ChangeLimits', { limits, overrides: { meterRules: { [meter]: { resets: next } } } }, at));
      if (next !== life.resets[meter]) life.since[meter] = life.uses.length;
      life.resets = { ...life.resets, [meter]: next };
    }
    life.end = endNow();
    const boundary = boundaryAfter(chance, life, now);
    for (const asked of [now, now + chance.below(400) * day, boundary, boundary - 1])
      for (const name of meters) {
        const [use, sum] = [usageAt(issued().facts, instant(asked)).meters[name] ?? 0, sumAt(life, name, asked)];
        if (asked >= now && use !== sum)
          return wrong(`${life.resets[name]} ${name} at ${instant(asked)} is ${use} and not ${sum}`);
      }
  }
  return { finding: null, history, life };
};

/** Returns the events that the read models contain. They may lack some of the last 30 minutes. */
const readable = (chance: Chance, history: readonly Stamped<LicenseEvent>[], now: number) => {
  const recent = history.filter(({ at }) => ms(at.recordedAt) > now - hour / 2).length;
  return history.slice(0, history.length - chance.below(recent + 1));
};

const drawStart = (chance: Chance, zone: Zone): number => {
  const year = zone === 'Pacific/Apia' ? 2011 : 2012 + chance.below(3);
  const midnight = Date.UTC(year, chance.below(12), chance.one([1, 15, 28, 29, 30, 31, 31]));
  return midnight + chance.one([0, 2.5, 3, 5, 7.5, 10, 15.5, 23.99]) * hour + chance.below(2);
};

/** Draws the instant of the next command: soon, later, or at the end of a period or term, or just before it. */
const drawNext = (chance: Chance, life: Record, now: number): number => {
  if (chance.percent(30)) return Math.max(now + 1, boundaryAfter(chance, life, now) - chance.below(2));
  if (chance.percent(15) && life.end !== null) return Math.max(now + 1, life.end - chance.below(2));
  return now + 1 + chance.below(chance.one([hour / 4, hour, day, 20 * day, 60 * day]));
};

const boundaryAfter = (chance: Chance, life: Record, now: number): number => {
  const resets = life.resets[chance.one(meters)];
  if (resets === 'TERM' || resets === 'NEVER') return life.starts.find((start) => start > now) ?? now + day;
  const from = periodStart(life, resets, now);
  const { days, months } = durations[resets];
  return clockOf(life.zone, 2009, 2026).later(from, { days, months });
};
