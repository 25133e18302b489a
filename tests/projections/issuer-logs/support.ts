import type { Pool } from 'pg';
import type { Recorded } from '../../../src/eventstore/event-store.ts';

/** An entry as text: its issuer, index, stream, revision, event, hash and instant. */
type EntryText = string;

/** Returns the entries of `rm.log_entries`, by issuer and index. */
export const storedEntries = async (superuser: Pool): Promise<readonly EntryText[]> => {
  const { rows } = await superuser.query<{ entry: string }>(
    `select concat_ws(' ', issuer_org_id, log_index, stream, revision, event_id, encode(hash, 'hex'),
        to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as entry
      from rm.log_entries order by issuer_org_id collate "C", log_index`,
  );
  return rows.map(({ entry }) => entry);
};

/** Counts the events of a log again, without the code of the product. All have a valid envelope. */
export const countedEntries = (log: readonly Recorded[]): readonly EntryText[] => {
  const byIssuer = new Map<string, EntryText[]>();
  for (const { stream, revision, id, metadata } of log) {
    if (!/^(license|catalog|organization)-/.test(stream)) continue;
    const issuer = String(metadata.issuerOrgId);
    const entries = byIssuer.get(issuer) ?? [];
    byIssuer.set(issuer, entries);
    entries.push([issuer, entries.length, stream, revision, id, metadata.hash, metadata.recordedAt].join(' '));
  }
  return [...byIssuer.keys()].toSorted().flatMap((issuer) => byIssuer.get(issuer) ?? []);
};
