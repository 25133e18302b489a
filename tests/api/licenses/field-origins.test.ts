import { expect, test } from 'vitest';
import { licenseFields } from '../../../src/api/licenses/reading/license-fields.ts';
import { fold, isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import { licenseDecider } from '../../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../../src/domain/license/events.ts';
import { evolveFacts } from '../../../src/domain/license/evolve.ts';
import {
  beginFields,
  type FieldOrigin,
  type Fields,
  fieldOrigins,
  takeFieldEvent,
} from '../../../src/domain/license/fields/field-origins.ts';
import type { LicenseFacts } from '../../../src/domain/license/license.ts';
import { isUnsettled, settle, settledAt } from '../../../src/domain/license/settle.ts';
import { drawCommands } from '../../domain/properties/commands.ts';
import { hour, instant, ms } from '../../domain/properties/draw.ts';
import { type Chance, chanceOf, runSeed } from '../../support/chance.ts';
import { drawLife, live, workers } from '../../support/random-lives.ts';
import { sized } from '../../support/size.ts';

type History = readonly Stamped<LicenseEvent>[];

const lives = sized(1_000);

test(`In ${lives} lives each field changes without the event that is named for it`, { timeout: 600_000 }, () => {
  const seed = runSeed();
  console.log(`fields: LEDGER_SEED=${seed}`);
  const chance = chanceOf(seed);
  const seen = { announced: 0, byTime: 0, due: 0, restated: 0, fields: 0 };
  for (let life = 0; life < lives; life++) {
    const history = drawHistory(chance);
    const last = history.at(-1)?.at.recordedAt;
    if (last === undefined) continue;
    for (const hours of [0, chance.one([1, 24, 240, 1_000])]) {
      const at = instant(ms(last) + hours * hour);
      const known = knownAt(history, at);
      for (const origin of originsOf(history, at)) check(known, origin, seen);
    }
  }
  // The lives must keep reaching each kind of origin.
  expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  // An event that states the same once more is rare.
  expect(seen.restated).toBeLessThan(seen.fields / 10);
});

/** A history at an instant. `prefixes`: the fields after each number of its events. `without`: the fields without one. */
type Known = {
  readonly history: History;
  readonly at: string;
  readonly prefixes: readonly Fields[];
  readonly settled: Fields;
  readonly without: (revision: number) => Fields;
};

// Independent of the fold under test: each state is folded from events, and shown whole.
const knownAt = (history: History, at: string): Known => {
  let facts: LicenseFacts | null = null;
  const prefixes: Fields[] = [{}];
  for (const { event, at: times } of history) {
    facts = evolveFacts(facts, event, times);
    prefixes.push(shown(facts, at));
  }
  const without = new Map<number, Fields>();
  return {
    ...{ history, at, prefixes },
    settled: settledFields(history, at),
    without: (revision) => {
      const left = history.filter((_, index) => index !== revision);
      const fields = without.get(revision) ?? shown(recordedFacts(left), at);
      without.set(revision, fields);
      return fields;
    },
  };
};

const check = ({ history, at, ...known }: Known, origin: FieldOrigin, seen: Record<string, number>): void => {
  const { field, value, before, byTime } = origin;
  const count = (what: string) => {
    seen[what] = (seen[what] ?? 0) + 1;
  };
  const setBy = Number(origin.setBy);
  const wrong = (what: string): never => {
    throw new Error(`${what} at ${at}: ${JSON.stringify({ field, value, before, setBy, history })}`);
  };
  count('fields');
  const recorded = known.prefixes.at(-1)?.[field];
  if (!isSame(known.settled[field], value)) wrong('another value');
  if (isSame(recorded, value)) {
    const [left, kept] = [known.prefixes[setBy]?.[field], known.prefixes[setBy + 1]?.[field]];
    if (isSame(left, kept)) wrong('the same without the event');
    if (!isSame(left ?? null, before)) wrong('another value before');
    if (known.prefixes.slice(setBy + 1).some((fields) => !isSame(fields[field], value))) wrong('a later event set it');
    // Without the event the field stays another one, unless a later event states the same.
    if (setBy > 0 && isSame(known.without(setBy)[field], value)) count('restated');
  } else {
    count('due');
    // The change is not recorded, so it is derived for the history with and without its announcement.
    const [left, kept] = [history.slice(0, setBy), history.slice(0, setBy + 1)].map((part) => settledFields(part, at));
    const [unlisted, listed] = [known.prefixes[setBy]?.[field], known.prefixes[setBy + 1]?.[field]];
    // Without the announcement the field stays another one, unless another change that is due brings the same.
    if (isSame(left?.[field], kept?.[field]) && isSame(unlisted, listed)) count('restated');
    if (!isSame(recorded, before)) wrong('another value before the change');
  }
  if (byTime === null) return;
  count('byTime');
  if (byTime.since > at) wrong('a change by time to come');
  if (byTime.announcedBy === null) return;
  count('announced');
  const announcement = history[Number(byTime.announcedBy)];
  if (announcement?.at.effectiveAt !== byTime.since || byTime.announcedBy <= origin.setBy) wrong('announcement');
};

const originsOf = (history: History, at: string): readonly FieldOrigin[] => {
  const folded = beginFields(licenseFields, at);
  for (const [index, { event, at: times }] of history.entries())
    takeFieldEvent(folded, { event, at: times, revision: BigInt(index) });
  const license = fold(licenseDecider, history);
  const isDue = license.kind === 'issued' && isUnsettled(license.facts, at);
  return fieldOrigins(folded, isDue ? settle(license, at).events.map((event) => stamp(event, at)) : []);
};

const recordedFacts = (history: History): LicenseFacts | null => {
  const license = fold(licenseDecider, history);
  return license.kind === 'unissued' ? null : license.facts;
};
const settledFacts = (history: History, at: string): LicenseFacts | null => {
  const license = settledAt(fold(licenseDecider, history), at);
  return license.kind === 'unissued' ? null : license.facts;
};
const shown = (facts: LicenseFacts | null, at: string): Fields =>
  facts === null ? {} : licenseFields.whole(facts, at);
const settledFields = (history: History, at: string): Fields => {
  const facts = recordedFacts(history);
  return shown(facts !== null && isUnsettled(facts, at) ? settledFacts(history, at) : facts, at);
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const drawHistory = (chance: Chance): History => {
  const seed = 1 + chance.below(2_000_000_000);
  if (chance.percent(50)) {
    const { commands, end } = drawLife(seed);
    return live(commands, chance.one(workers), end - chance.below(400) * hour).history;
  }
  const history: Stamped<LicenseEvent>[] = [];
  let license = licenseDecider.initial();
  let recordedAt = '';
  for (const [index, drawn] of drawCommands(seed, 30).entries()) {
    const command = { ...drawn, at: drawn.at > recordedAt ? drawn.at : recordedAt };
    const decision = licenseDecider.decide(command, license, (event) => `evt_${index}_${event}`);
    if (isRejection(decision)) continue;
    if (decision.length > 0) recordedAt = command.at;
    for (const event of decision) {
      const stamped = stamp(event, recordedAt);
      history.push(stamped);
      license = licenseDecider.evolve(license, event, stamped.at);
    }
  }
  return history;
};
