import { decodeLicense } from '../aggregates/codec-license.ts';
import { licenseDecider } from '../domain/license/decider.ts';
import type { LicenseEvent } from '../domain/license/events.ts';
import type { Activation, IssuedLicense, Lease, License, LicenseFacts } from '../domain/license/license.ts';
import { isUnsettled, settle } from '../domain/license/settle.ts';
import type { Instant } from '../domain/time.ts';
import { canonicalJson } from '../eventstore/chain/canonical.ts';
import { isRepair } from '../eventstore/chain/repair-event.ts';
import type { Decoded } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';

/**
 * A license as of an instant. `recorded` false: the instant is before the import of the license, and the state is what
 * the import says. `isDerived`: a change had fallen due by then that no event records yet. `revision`: of the last event
 * that counts. Personal values are references.
 */
export type PackState = {
  readonly recorded: boolean;
  readonly isDerived: boolean;
  readonly revision: number;
  readonly facts: LicenseFacts;
  readonly activations: readonly Activation[];
  readonly leases: readonly Lease[];
  readonly users: readonly { readonly user: string; readonly since: Instant }[];
};

/** The two instants of a pack, and the states of a license at them. Null: the license did not exist. */
export type AtBothEnds<Value> = { readonly from: Value; readonly to: Value };
export type LicenseStates = AtBothEnds<PackState | null> & { readonly licenseId: string };

/** Folds the events of one license, in their order, to its states at both ends. */
export type StatesFold = { readonly add: (recorded: Recorded) => void; readonly states: () => LicenseStates };

/**
 * Returns the fold of a license as of both instants. It counts the events that the history of the API counts with
 * `asOf`: those that were recorded or took effect by then. `add` throws UndecodableEvent for a malformed event.
 */
export const foldStates = (licenseId: string, { from, to }: AtBothEnds<Instant>): StatesFold => {
  const sides = { from: foldSide(from), to: foldSide(to) };
  return {
    add: (recorded) => {
      const decoded = decodeLicense(recorded);
      for (const side of [sides.from, sides.to]) side.add(decoded, Number(recorded.revision));
    },
    states: () => ({ licenseId, from: sides.from.state(), to: sides.to.state() }),
  };
};

/**
 * Returns the lines of a license in states.ndjson, without line breaks: for each instant its state, and then one line for
 * each activation, lease and user. So no line grows with the number of devices.
 */
export function* formatStates({ licenseId, ...states }: LicenseStates): Generator<string> {
  for (const at of ['from', 'to'] as const) {
    const { activations = [], leases = [], users = [], ...state } = states[at] ?? {};
    yield lineOf({ at, licenseId, state: states[at] === null ? null : state });
    for (const activation of activations) yield lineOf({ at, licenseId, activation });
    for (const lease of leases) yield lineOf({ at, licenseId, lease });
    for (const user of users) yield lineOf({ at, licenseId, user });
  }
}

/** Returns the license whose lines in states.ndjson begin with this one, or null for a line within those of a license. */
export const licenseBegunBy = (line: string): string | null => firstLine.exec(line)?.[1] ?? null;

// Canonical JSON sorts the members.
const firstLine = /^\{"at":"from","licenseId":"([^"]*)","state":/;

// Facts may have members without a value, which JSON leaves out.
const lineOf = (members: object): string => canonicalJson(JSON.parse(JSON.stringify(members)));

/** Returns true for an event that was recorded or took effect by an instant. */
export const countsAt = ({ recordedAt, effectiveAt }: Decoded<LicenseEvent>['at'], asOf: Instant): boolean =>
  recordedAt <= asOf || effectiveAt <= asOf;

type DecodedEvent = ReturnType<typeof decodeLicense>;

const foldSide = (asOf: Instant) => {
  let license: License = licenseDecider.initial();
  let last = 0;
  let isStated = false;
  return {
    add: ({ event, at }: DecodedEvent, revision: number): void => {
      if (isRepair(event)) return;
      const isImportBefore = revision === 0 && isStatedBefore({ event, at }, asOf);
      isStated ||= isImportBefore;
      if (!isImportBefore && !countsAt(at, asOf)) return;
      license = licenseDecider.evolve(license, event, at);
      last = revision;
    },
    state: (): PackState | null => {
      if (license.kind === 'unissued') return null;
      const isDerived = !isStated && isUnsettled(license.facts, asOf);
      const state = isDerived ? settle(license, asOf).license : license;
      return { recorded: !isStated, isDerived, revision: last, ...contentOf(state) };
    },
  };
};

/** Returns true for the import of a license that says what was so at an instant before it. */
const isStatedBefore = (
  { event, at }: { readonly event: LicenseEvent; readonly at: DecodedEvent['at'] },
  asOf: Instant,
): boolean => event.type === 'LicenseImported' && asOf >= event.data.historyFrom && !countsAt(at, asOf);

const contentOf = ({ facts, activations, leases, users }: IssuedLicense) => ({
  facts,
  activations: [...activations].map(([, activation]) => activation),
  leases: [...leases].map(([, lease]) => lease),
  users: [...users].map(([user, since]) => ({ user, since })),
});
