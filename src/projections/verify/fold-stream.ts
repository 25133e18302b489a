import { decodeLicense } from '../../aggregates/codec-license.ts';
import { licenseDecider } from '../../domain/license/decider.ts';
import type { License, LicenseFacts } from '../../domain/license/license.ts';
import { isRepair } from '../../eventstore/chain/repair-event.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import { noChanges } from '../fold/changes.ts';
import { foldBatch, Unprojectable } from '../fold/fold-batch.ts';
import { licenseOf, nothingStored } from '../fold/fold-event.ts';
import type { FoldedCatalog } from '../tables/catalogs.ts';
import type { FoldedLicense } from '../tables/licenses.ts';
import type { FoldedOrganization } from '../tables/organizations.ts';
import { MissingRows, type Row, type Table, UnmakeableRow } from '../tables/rows.ts';
import { changedRows, readModelTables } from '../tables/tables.ts';
import type { RowComparison } from './compare-rows.ts';
import type { Place, Tell } from './findings.ts';
import { createKeptRows, type KeptRows } from './kept-rows.ts';

/** Folds one stream and compares the rows that it makes. */
export type StreamFold = {
  /** Folds the next events of the stream, and compares the rows that no later event can change. */
  readonly add: (events: readonly Recorded[]) => Promise<void>;
  /** Compares the other rows. Returns how many rows the stream makes in each table; null: an event does not fit. */
  readonly finish: () => Promise<ReadonlyMap<Table, number> | null>;
};

/**
 * Folds a stream page by page, as the projector and as the decider do. Keeps its state and the rows that a later event
 * may change. Tells of an event that does not fit, and folds nothing after it.
 */
export const createStreamFold = (stream: string, { expect, db }: RowComparison, tell: Tell): StreamFold => {
  const stored = {
    licenses: new Map<string, FoldedLicense>(),
    organizations: new Map<string, FoldedOrganization>(),
    catalogs: new Map<string, FoldedCatalog>(),
  };
  const models = readModelTables.filter((model) => stream.startsWith(`${model.stream}-`));
  const kept = new Map<Table, KeptRows>();
  const counts = new Map<Table, number>();
  const decided = createDeciderFold();
  let last: Recorded | null = null;
  let isFaulty = false;

  const placeOf = (row: Row): Place => {
    const at = { stream, revision: last?.revision ?? null, position: last?.position.commit ?? null };
    // A row of the history says itself which event it is.
    const { revision, position } = row;
    return typeof revision === 'string' && typeof position === 'string'
      ? { stream, revision: BigInt(revision), position: BigInt(position) }
      : at;
  };

  const compare = async (table: Table, rows: Iterable<Row>): Promise<void> => {
    const model = models.find((each) => each.table === table);
    if (model === undefined) return;
    for (const row of rows) {
      counts.set(table, (counts.get(table) ?? 0) + 1);
      await expect(model, row, placeOf(row));
    }
  };

  const fold = async (events: readonly Recorded[]): Promise<void> => {
    const { rows, ...folded } = foldBatch(events, stored);
    last = events.at(-1) ?? last;
    for (const { table, rows: kind } of models) {
      const changes = rows.get(table);
      if (changes === undefined) continue;
      if (kind === 'final') await compare(table, changes.made.values());
      else {
        const rowsOfTable = kept.get(table) ?? createKeptRows(db, table);
        kept.set(table, rowsOfTable);
        await rowsOfTable.apply(changes);
      }
    }
    for (const [id, license] of folded.licenses) stored.licenses.set(id, license);
    for (const [id, organization] of folded.organizations) stored.organizations.set(id, organization);
    for (const [id, catalog] of folded.catalogs) stored.catalogs.set(id, catalog);
    decided.add(events);
    const facts = stored.licenses.get(licenseOf(stream) ?? '')?.facts;
    const difference = facts === undefined ? null : decided.differenceFrom(facts);
    if (difference !== null) tell('FOLDS_DIFFER', placeOf({}), difference);
  };

  const orTell = async (work: () => Promise<void>): Promise<void> => {
    try {
      if (!isFaulty) await work();
    } catch (error) {
      if (!isOfTheStream(error)) throw error;
      isFaulty = true;
      const { recorded } = error instanceof Unprojectable ? error : { recorded: last };
      const place = { stream, revision: recorded?.revision ?? null, position: recorded?.position.commit ?? null };
      tell('EVENT_MISFIT', place, error.message);
    }
  };

  return {
    add: (events) => orTell(() => fold(events)),
    finish: async () => {
      await orTell(async () => {
        const own = changedRows({ ...noChanges(), ...stored }, nothingStored);
        for (const { table } of models) {
          const ofTable = kept.get(table);
          await compare(table, ofTable?.rows() ?? own.get(table)?.made.values() ?? []);
          // Those that were compared before are rows of it too.
          if (ofTable !== undefined) counts.set(table, ofTable.count());
        }
      });
      return isFaulty ? null : counts;
    },
  };
};

const isOfTheStream = (error: unknown): error is Unprojectable | UnmakeableRow | MissingRows =>
  error instanceof Unprojectable || error instanceof UnmakeableRow || error instanceof MissingRows;

// The decider's own fold, collections and all, must come to the same facts as the projector's.
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
