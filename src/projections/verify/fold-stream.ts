import { decodeLicense } from '../../aggregates/codec-license.ts';
import { licenseDecider } from '../../domain/license/decider.ts';
import type { License, LicenseFacts } from '../../domain/license/license.ts';
import { isRepair } from '../../eventstore/chain/repair-event.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { type Changes, noChanges, type TableChanges } from '../fold/changes.ts';
import { foldBatch, Unprojectable } from '../fold/fold-batch.ts';
import { licenseOf, nothingStored } from '../fold/fold-event.ts';
import type { FoldedCatalog } from '../tables/catalogs.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import type { FoldedOrganization } from '../tables/organizations.ts';
import { MissingRows, type Row, type Table, UnmakeableRow } from '../tables/rows.ts';
import { changedRows, type ReadModel, readModelTables } from '../tables/tables.ts';
import type { RowComparison } from './compare-rows.ts';
import type { Place, Tell } from './findings.ts';
import { createKeptRows, type KeptRows } from './kept-rows.ts';

/** Folds one stream and compares the rows that it makes. */
export type StreamFold = {
  /** Folds the next events of the stream, and compares the rows that no later event can change. */
  readonly add: (events: readonly Recorded[]) => Promise<void>;
  /**
   * Compares the other rows. Returns how many rows the stream makes in each table, or null when an event does not fit.
   */
  readonly finish: () => Promise<ReadonlyMap<Table, number> | null>;
};

/**
 * Folds a stream page by page, as the projector and as the decider do. Keeps its state and the rows that a later event
 * may change. Reports an event that does not fit, and folds nothing after it.
 */
export const createStreamFold = (stream: string, comparison: RowComparison, tell: Tell): StreamFold => {
  const state = createState();
  const rows = createStreamRows(stream, comparison);
  const decided = createDeciderFold();
  let last: Recorded | null = null;
  let isFaulty = false;
  const lastPlace = () => placeOf(stream, last);

  const fold = async (events: readonly Recorded[]): Promise<void> => {
    const { rows: changes, ...folded } = foldBatch(events, state.stored);
    last = events.at(-1) ?? last;
    await rows.add(changes, lastPlace());
    state.add(folded);
    decided.add(events);
    const facts = state.stored.licenses.get(licenseOf(stream) ?? '')?.facts;
    const difference = facts === undefined ? null : decided.differenceFrom(facts);
    if (difference !== null) tell('FOLDS_DIFFER', lastPlace(), difference);
  };

  const unlessFaulty = async (work: () => Promise<void>): Promise<void> => {
    try {
      if (!isFaulty) await work();
    } catch (error) {
      if (!isOfTheStream(error)) throw error;
      isFaulty = true;
      const place = error instanceof Unprojectable ? placeOf(stream, error.recorded) : lastPlace();
      tell('EVENT_MISFIT', place, error.message);
    }
  };

  return {
    add: (events) => unlessFaulty(() => fold(events)),
    finish: async () => {
      const states = () => changedRows({ ...noChanges(), ...state.stored }, nothingStored);
      await unlessFaulty(() => rows.finish(states(), lastPlace()));
      return isFaulty ? null : rows.counts;
    },
  };
};

const placeOf = (stream: string, recorded: Recorded | null): Place => ({
  stream,
  revision: recorded?.revision ?? null,
  position: recorded?.position.commit ?? null,
});

/** The current state of the stream, which is of one of the three kinds. */
const createState = () => {
  const stored = {
    licenses: new Map<string, FoldedLicense>(),
    organizations: new Map<string, FoldedOrganization>(),
    catalogs: new Map<string, FoldedCatalog>(),
  };
  return {
    stored,
    add: ({ licenses, organizations, catalogs }: Omit<Changes, 'rows'>): void => {
      for (const [id, license] of licenses) stored.licenses.set(id, license);
      for (const [id, organization] of organizations) stored.organizations.set(id, organization);
      for (const [id, catalog] of catalogs) stored.catalogs.set(id, catalog);
    },
  };
};

/** The rows that a stream makes: compared at once when they are final, and at the end when they may still change. */
const createStreamRows = (stream: string, { expect, db }: RowComparison) => {
  const models = readModelTables.filter((model) => stream.startsWith(`${model.stream}-`));
  const kept = new Map<Table, KeptRows>();
  const counts = new Map<Table, number>();

  const compare = async (model: ReadModel, rows: Iterable<Row>, lastPlace: Place): Promise<void> => {
    for (const row of rows) {
      counts.set(model.table, (counts.get(model.table) ?? 0) + 1);
      await expect(model, row, ownPlace(row) ?? lastPlace);
    }
  };
  // A row of the history names its event.
  const ownPlace = ({ revision, position }: Row): Place | null =>
    typeof revision === 'string' && typeof position === 'string'
      ? { stream, revision: BigInt(revision), position: BigInt(position) }
      : null;

  return {
    counts,
    add: async (changes: ReadonlyMap<Table, TableChanges>, lastPlace: Place): Promise<void> => {
      for (const model of models) {
        const { table, rows: kind } = model;
        const ofTable = changes.get(table);
        if (ofTable === undefined) continue;
        if (kind === 'final') await compare(model, ofTable.created.values(), lastPlace);
        else {
          const rowsOfTable = kept.get(table) ?? createKeptRows(db, table);
          kept.set(table, rowsOfTable);
          await rowsOfTable.apply(ofTable);
        }
      }
    },
    /** Compares the kept rows, and the rows that are made of the stream's state. */
    finish: async (states: ReadonlyMap<Table, TableChanges>, lastPlace: Place): Promise<void> => {
      for (const model of models) {
        const ofTable = kept.get(model.table);
        await compare(model, ofTable?.rows() ?? states.get(model.table)?.created.values() ?? [], lastPlace);
        // This includes the rows that were compared before.
        if (ofTable !== undefined) counts.set(model.table, ofTable.count());
      }
    },
  };
};

const isOfTheStream = (error: unknown): error is Unprojectable | UnmakeableRow | MissingRows =>
  error instanceof Unprojectable || error instanceof UnmakeableRow || error instanceof MissingRows;

// The decider folds collections too, and must reach the same facts as the projector.
const createDeciderFold = () => {
  let license: License = licenseDecider.initial();
  return {
    add: (events: readonly Recorded[]): void => {
      for (const recorded of events) {
        if (licenseOf(recorded.stream) === null) continue;
        const { event, at } = decodeLicense(recorded);
        if (!isRepair(event)) license = licenseDecider.evolve(license, event, at);
      }
    },
    differenceFrom: (facts: LicenseFacts): string | null => {
      if (license.kind !== 'issued') return null;
      if (JSON.stringify(license.facts) !== JSON.stringify(facts))
        return 'the decider and the projector fold the stream differently';
      const [open, counted] = [license.activations.size, license.facts.usage.activations];
      return open === counted ? null : `${open} activations are open, the events count ${counted}`;
    },
  };
};
