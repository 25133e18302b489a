import { idPattern } from '../domain/ids.ts';
import { UndecodableEvent } from '../eventstore/envelope.ts';
import { InvalidProof, mustBe } from '../proof/invalid.ts';
import type { Checkpoint } from '../proof/notes/checkpoints.ts';
import { isSameBytes } from '../proof/text/bytes.ts';
import { hashBytes } from '../proof/tree/merkle-hashes.ts';
import { verifyInclusion } from '../proof/tree/merkle-proofs.ts';
import type { CheckedLeaves } from './check-leaves.ts';
import { newLinkCheck } from './check-links.ts';
import { type AtBothEnds, foldStates, formatStates, licenseBegunBy } from './fold-states.ts';
import { atPlace, type PackEvent, parsePackEvent, parsePackProof } from './pack-events.ts';
import { packLicensesMax } from './pack-files.ts';
import { type Line, type Lines, linesOf } from './pack-lines.ts';
import type { ZipFile } from './zip/read-zip.ts';

/** How places in the log are checked. Both throw InvalidProof. `end`: after the last event. */
export type PlaceCheck = {
  readonly add: (event: PackEvent, place: string) => Promise<void>;
  readonly end: () => Promise<void>;
};

/** The files with the histories, and what they are checked with. `leaves` null: the pack has no leaves. */
export type Histories = {
  readonly events: ZipFile;
  readonly states: ZipFile;
  readonly instants: AtBothEnds<string>;
  readonly organizationId: string;
  readonly leaves: CheckedLeaves | null;
  readonly places: PlaceCheck;
};

/** What a pack contains. `accepted`: wrong links between events that an operator accepted. */
export type CheckedHistories = {
  readonly licenses: number;
  readonly events: number;
  readonly accepted: number;
};

/**
 * Returns the ids of the licenses in a file of states. Throws InvalidProof unless they are sorted and distinct, at least
 * one and at most `packLicensesMax`.
 */
export const licensesOf = async (states: ZipFile): Promise<readonly string[]> => {
  const lines = linesOf(states);
  const ids: string[] = [];
  for (let line = await lines.next(); line !== null; line = await lines.next()) {
    if (ids.length > 0 && licenseBegunBy(line.text) === null) continue;
    const id = licenseIdOf(line);
    mustBe(ids.length < packLicensesMax, `${line.place}: a pack has at most ${packLicensesMax} licenses.`);
    mustBe(id > (ids.at(-1) ?? ''), `${line.place}: the licenses are not in the order of their ids, each once.`);
    ids.push(id);
  }
  mustBe(ids.length > 0, 'The pack has no license.');
  return ids;
};

/**
 * Checks the events of one license after the other: their hashes, their links, and their places in the log. Folds them
 * and compares the states. Throws InvalidProof, which names the first wrong line.
 */
export const checkHistories = async (histories: Histories): Promise<CheckedHistories> => {
  const states = linesOf(histories.states);
  const events = await peekable(linesOf(histories.events));
  const sum = { licenses: 0, events: 0, accepted: 0 };
  for (let line = await states.next(); line !== null; line = await states.next()) {
    const { count, accepted } = await checkLicense(histories, { line, states, events });
    sum.licenses += 1;
    sum.events += count;
    sum.accepted += accepted;
  }
  const further = events.peek();
  mustBe(
    further === null,
    `${further?.place}: the event is of no license in ${histories.states.name}, or not in its order.`,
  );
  await histories.places.end();
  return sum;
};

/** Returns the check of places in a log by its leaves. */
export const placesByLeaves = ({ hashes }: CheckedLeaves): PlaceCheck => ({
  add: async ({ index, hash }, place) => {
    const stored = hashes.subarray(index * hashBytes, (index + 1) * hashBytes);
    mustBe(isSameBytes(hash, stored), `${place}: the log does not have this event as number ${index}.`);
  },
  end: async () => {},
});

/** Returns the check of places in a log by a file of inclusion proofs, in the order of the events. */
export const placesByProofs = (file: ZipFile, checkpoint: Checkpoint): PlaceCheck => {
  const lines = linesOf(file);
  return {
    add: async ({ index, hash }, place) => {
      const line = await lines.next();
      mustBe(line !== null, `${place}: ${file.name} has no proof of the event.`);
      const proof = parsePackProof(line);
      mustBe(proof.index === index, `${line.place}: the proof is of number ${proof.index}, and the event is ${index}.`);
      atPlace(line.place, () => verifyInclusion({ index, hash }, proof.hashes, checkpoint));
    },
    end: async () => {
      const further = await lines.next();
      mustBe(further === null, `${further?.place}: the proof is of no event in the pack.`);
    },
  };
};

/** Where the check of a license begins: the first line of its states, those that follow, and the events. */
type Place = { readonly line: Line; readonly states: Lines; readonly events: Peekable };

const checkLicense = async (histories: Histories, { line, states, events }: Place) => {
  const { instants, organizationId, leaves, places } = histories;
  const licenseId = licenseIdOf(line);
  const stream = `license-${licenseId}`;
  const links = newLinkCheck();
  const fold = foldStates(licenseId, instants);
  let count = 0;
  for (let next = events.peek(); next?.event.leaf.stream === stream; next = events.peek()) {
    const { event, place } = next;
    const issuer = event.recorded.metadata.issuerOrgId;
    mustBe(issuer === organizationId, `${place}: the event is of another issuer, ${String(issuer)}.`);
    links.add(event.recorded, place);
    await places.add(event, place);
    foldEvent(() => fold.add(event.recorded), place);
    count += 1;
    await events.skip();
  }
  mustBe(count > 0, `${line.place}: the pack has no event of the license ${licenseId} here.`);
  const inLog = leaves?.countOf(stream) ?? count;
  mustBe(inLog === count, `The log has ${inLog} events of the license ${licenseId}, and the pack has ${count}.`);
  const computed = foldEvent(() => [...formatStates(fold.states())], line.place);
  let stored: Line | null = line;
  for (const [number, text] of computed.entries()) {
    if (number > 0) stored = await states.next();
    mustBe(stored !== null, `${histories.states.name} ends within the states of the license ${licenseId}.`);
    compareStates(stored, text);
  }
  return { count, accepted: links.end() };
};

/** Folds. A malformed event, and one that cannot follow the previous ones, is the fault of the pack. */
const foldEvent = <Result>(work: () => Result, place: string): Result => {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidProof) throw error;
    const why =
      error instanceof UndecodableEvent ? error.message.split('\n').join(' ') : 'it does not fit the events before it.';
    throw new InvalidProof(`${place}: the event cannot be folded: ${why}`);
  }
};

const compareStates = ({ text, place }: Line, computed: string): void => {
  if (text === computed) return;
  let at = 0;
  while (text[at] === computed[at]) at += 1;
  const before = text.slice(0, at);
  const side = computed.includes('"at":"to"') ? 'to' : 'from';
  const member = /"([A-Za-z]+)":[^"]*"?[^"]*$/.exec(before)?.[1] ?? side;
  throw new InvalidProof(
    `${place}: the state at "${side}" does not follow from the events. The first difference is at ${member}.`,
  );
};

const licenseIdOf = ({ text, place }: Line): string => {
  const id = licenseBegunBy(text) ?? '';
  mustBe(idPattern('lic').test(id), `${place}: the states of a license do not begin here.`);
  return id;
};

/** The events of a file, one after the other. `peek` returns the next one, and null at the end. */
type Peekable = {
  readonly peek: () => { readonly event: PackEvent; readonly place: string } | null;
  readonly skip: () => Promise<void>;
};

const peekable = async (lines: Lines): Promise<Peekable> => {
  const read = async () => {
    const line = await lines.next();
    return line === null ? null : { event: parsePackEvent(line), place: line.place };
  };
  let next = await read();
  return {
    peek: () => next,
    skip: async () => {
      next = await read();
    },
  };
};
