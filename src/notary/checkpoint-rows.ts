import type { Pool } from 'pg';
import { issuerLogAggregate } from '../aggregates/aggregates.ts';
import type { IssuerLogEvent } from '../domain/issuer-log/issuer-log.ts';
import { isRepair } from '../eventstore/chain/repair-event.ts';
import type { EventStore, Recorded } from '../eventstore/event-store.ts';
import { readPages } from '../eventstore/read-pages.ts';
import { transaction } from '../postgres/transaction.ts';
import { parseCheckpoint } from '../proof/notes/checkpoints.ts';
import { parseNote } from '../proof/notes/signed-notes.ts';

/**
 * Brings the rows of checkpoints and keys of an issuer to the end of its stream, which is the truth. Repairs what a crash,
 * a restore or a lost database left out. Removes rows that the stream does not have, as after a restore of the event store.
 */
export const writeCheckpointRows = async (
  pool: Pool,
  store: Pick<EventStore, 'read'>,
  organizationId: string,
): Promise<void> => {
  const last = await lastRow(pool, organizationId);
  const stream = issuerLogAggregate.stream(organizationId);
  let isFirst = true;
  for await (const page of readPages(store, stream, last?.revision ?? 0n)) {
    const [first] = page;
    if (isFirst && last !== null && (first === undefined || !isRowOf(first, last)))
      return removeAndWrite(pool, store, organizationId);
    isFirst = false;
    await writePage(pool, organizationId, page);
  }
  if (isFirst && last !== null) await removeAndWrite(pool, store, organizationId);
};

type LastRow = { readonly revision: bigint; readonly text: string };

/** The newest row of either table. `text`: the note of a checkpoint, or a key. */
const lastRow = async (pool: Pool, organizationId: string): Promise<LastRow | null> => {
  const { rows } = await pool.query<{ revision: string; text: string }>({
    name: 'last-checkpoint-row',
    text: `(select revision, note as text from ops.log_checkpoints where issuer_org_id = $1 order by revision desc limit 1)
      union all (select revision, vkey from ops.log_keys where issuer_org_id = $1 order by revision desc limit 1)
      order by revision desc limit 1`,
    values: [organizationId],
  });
  const [row] = rows;
  return row === undefined ? null : { revision: BigInt(row.revision), text: row.text };
};

const isRowOf = ({ revision, data }: Recorded, last: LastRow): boolean =>
  revision === last.revision && (data.note === last.text || data.vkey === last.text);

const removeAndWrite = async (pool: Pool, store: Pick<EventStore, 'read'>, organizationId: string): Promise<void> => {
  await transaction(pool, 'begin', async (db) => {
    for (const table of ['log_checkpoints', 'log_keys', 'log_cosignatures'])
      await db.query(`delete from ops.${table} where issuer_org_id = $1`, [organizationId]);
  });
  await writeCheckpointRows(pool, store, organizationId);
};

const writePage = async (pool: Pool, organizationId: string, page: readonly Recorded[]): Promise<void> => {
  const rows = page.flatMap((recorded) => {
    const { event, at } = issuerLogAggregate.decode(recorded);
    return isRepair(event) ? [] : [{ revision: String(recorded.revision), at: at.recordedAt, event }];
  });
  const checkpoints = rows.flatMap(({ event, ...row }) =>
    event.type === 'CheckpointSigned' ? [{ ...row, ...event.data, ...originOf(event.data.note) }] : [],
  );
  const keys = rows.flatMap(({ event, ...row }) =>
    event.type === 'CheckpointSigned' ? [] : [{ ...row, vkey: event.data.vkey, origin: originOfKey(event) }],
  );
  await transaction(pool, 'begin', async (db) => {
    await db.query({
      name: 'write-checkpoints',
      text: `insert into ops.log_checkpoints (issuer_org_id, revision, origin, size, root, note, signed_at)
        select $1, revision, origin, size, decode(root, 'base64'), note, at
        from jsonb_to_recordset($2::jsonb) c (revision bigint, origin text, size bigint, root text, note text, at timestamptz)
        on conflict do nothing`,
      values: [organizationId, JSON.stringify(checkpoints)],
    });
    await db.query({
      name: 'write-log-keys',
      text: `insert into ops.log_keys (issuer_org_id, revision, origin, vkey, since)
        select $1, revision, origin, vkey, at from jsonb_to_recordset($2::jsonb) k (revision bigint, origin text, vkey text, at timestamptz)
        on conflict do nothing`,
      values: [organizationId, JSON.stringify(keys)],
    });
  });
};

const originOf = (note: string): { origin: string } => ({ origin: parseCheckpoint(parseNote(note).text).origin });

/** A key is named after its log. */
const originOfKey = ({ data }: Exclude<IssuerLogEvent, { type: 'CheckpointSigned' }>): string =>
  data.vkey.slice(0, data.vkey.indexOf('+'));
