import type { PoolClient } from 'pg';
import type { Recorded } from '../../eventstore/event-store.ts';
import { countByOwner, differingRows, keyOf, type Row } from '../tables/rows.ts';
import { nowhere, type Place } from '../verify/findings.ts';
import { logEntries, logEntryRow } from './log-entries.ts';
import { logEntryOf } from './log-entry.ts';

/** Compares the logs of issuers with the log of the event store. */
export type LogComparison = {
  /** Compares the entry of the next event in the order of the log, now or together with later ones. */
  readonly add: (recorded: Recorded) => Promise<void>;
  /** Compares the entries that are not compared yet, and how many each issuer has. */
  readonly finish: () => Promise<ComparedLogs>;
};

/** `compared`: how many entries were compared. `differences`: the first one of each issuer. */
export type ComparedLogs = { readonly compared: number; readonly differences: readonly LogDifference[] };

/** `place`: the event that the row of the table should name. */
export type LogDifference = { readonly issuer: string; readonly place: Place; readonly what: string };

/**
 * Compares with the table as `db` sees it, at the commit position `upTo`, a thousand entries in one statement. Later
 * differences of an issuer often follow from its first one. Keeps a number for each issuer in memory.
 */
export const createLogComparison = (db: PoolClient, upTo: bigint): LogComparison => {
  const next = new Map<string, bigint>();
  const differences = new Map<string, LogDifference>();
  let waiting: { readonly issuer: string; readonly row: Row; readonly place: Place }[] = [];
  let compared = 0;

  const note = (issuer: string, place: Place, what: string): void => {
    if (!differences.has(issuer)) differences.set(issuer, { issuer, place, what });
  };

  const compare = async (): Promise<void> => {
    const page = waiting;
    waiting = [];
    compared += page.length;
    const differing = new Set(
      await differingRows(
        db,
        logEntries,
        page.map(({ row }) => row),
      ),
    );
    for (const { issuer, row, place } of differing.size === 0 ? [] : page) {
      const key = keyOf(logEntries, row);
      if (differing.has(key))
        note(issuer, place, `the row ${key} of ${logEntries.name} is missing or not what the log makes it`);
    }
  };

  return {
    add: async (recorded) => {
      const entry = recorded.position.commit > upTo ? null : logEntryOf(recorded);
      if (entry === null) return;
      const { issuerOrgId: issuer, stream, revision } = entry;
      const index = next.get(issuer) ?? 0n;
      next.set(issuer, index + 1n);
      const place = { stream, revision, position: recorded.position.commit };
      waiting.push({ issuer, row: logEntryRow({ ...entry, index }), place });
      if (waiting.length >= pageMax) await compare();
    },
    finish: async () => {
      await compare();
      for await (const page of countByOwner(db, logEntries, 'issuer_org_id'))
        for (const [issuer, count] of page) {
          const makes = next.get(issuer) ?? 0n;
          const what = `${logEntries.name} has ${count} rows of ${issuer}, the log makes ${makes}`;
          if (BigInt(count) !== makes) note(issuer, nowhere, what);
        }
      return { compared, differences: [...differences.values()] };
    },
  };
};

const pageMax = 1_000;
