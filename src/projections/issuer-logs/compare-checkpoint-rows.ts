import type { PoolClient } from 'pg';
import type { Recorded } from '../../eventstore/event-store.ts';
import { InvalidProof } from '../../proof/invalid.ts';
import { parseCheckpoint } from '../../proof/notes/checkpoints.ts';
import { parseNote } from '../../proof/notes/signed-notes.ts';

/** A row of a checkpoint or a key that the stream does not make, or a missing one. `revision`: of the event. */
export type RowFault = { readonly revision: bigint; readonly what: string };

/** Compares the rows of an issuer's checkpoints and keys with the events of its stream. */
export type CheckpointRows = {
  /** Takes the next event of the stream. */
  readonly add: (event: Recorded) => Promise<void>;
  /** Returns the first fault, or null. */
  readonly finish: () => Promise<RowFault | null>;
};

/**
 * Reads `ops.log_checkpoints` and `ops.log_keys` in pages, in the snapshot. Each event up to the commit position `upTo`
 * was there before the snapshot, so it must have its row. The notary writes rows in order and after the event, so the last ones may
 * lack. Those of commands may until the next checkpoint, and all while the notary has work left for this log.
 */
export const compareCheckpointRows = (db: PoolClient, issuerOrgId: string, upTo: bigint): CheckpointRows => {
  const rows = rowsOf(db, issuerOrgId);
  let next: Promise<IteratorResult<Row>> | null = null;
  let fault: RowFault | null = null;
  let firstMissing: bigint | null = null;
  let lacksCheckpoint = false;
  const tell = (revision: bigint, what: string): void => {
    fault ??= { revision, what };
  };
  const row = async (): Promise<Row | null> => {
    next ??= rows.next();
    const { done, value } = await next;
    return done === true ? null : value;
  };
  const drop = (): void => {
    next = null;
  };
  const missing = (revision: bigint): void => tell(revision, 'its row is missing in the database');
  return {
    add: async ({ type, data, revision, position }) => {
      if (fault !== null) return;
      const present = await row();
      if (present !== null && present.revision < revision) {
        tell(present.revision, 'the database has a row that the stream does not make');
      } else if (present?.revision === revision) {
        if (firstMissing !== null) missing(firstMissing);
        else if (!isRowOf(present, type, data))
          tell(revision, 'its row in the database is another one than the event makes');
        drop();
      } else if (rowTypes.has(type) && position.commit <= upTo) {
        firstMissing ??= revision;
        lacksCheckpoint ||= type === 'CheckpointSigned';
      }
    },
    finish: async () => {
      const left = fault === null ? await row() : null;
      if (left !== null) tell(left.revision, 'the database has a row that the stream does not make');
      if (firstMissing !== null && lacksCheckpoint && (await isSettled(db, issuerOrgId))) missing(firstMissing);
      return fault;
    },
  };
};

type Row = {
  readonly revision: bigint;
  readonly origin: string;
  /** Null for a key. */
  readonly size: number | null;
  readonly root: string | null;
  /** The note of a checkpoint, or a key. */
  readonly text: string;
};

const isRowOf = ({ origin, size, root, text }: Row, type: string, { note, vkey }: Recorded['data']): boolean => {
  if (type !== 'CheckpointSigned')
    return rowTypes.has(type) && size === null && text === vkey && origin === nameOf(text);
  if (text !== note) return false;
  try {
    const signed = parseCheckpoint(parseNote(text).text);
    return origin === signed.origin && size === signed.size && root === Buffer.from(signed.root).toString('base64');
  } catch (error) {
    if (error instanceof InvalidProof) return false;
    throw error;
  }
};

/** A key is named after its log. */
const nameOf = (vkey: string): string => vkey.slice(0, vkey.indexOf('+'));

/** The notary removes its work for a log after it has written the rows. */
const isSettled = async (db: PoolClient, issuerOrgId: string): Promise<boolean> => {
  const { rowCount } = await db.query(
    `select from ops.log_trees t where issuer_org_id = $1 and due_at is null and grown <= caught_up
      and not exists (select from ops.log_demands d where d.issuer_org_id = $1)`,
    [issuerOrgId],
  );
  return rowCount === 1;
};

async function* rowsOf(db: PoolClient, issuerOrgId: string): AsyncGenerator<Row, undefined> {
  for (let after = -1n; ; ) {
    const { rows } = await db.query<{ [Column in keyof Row]: string | null }>({
      name: 'checkpoint-rows',
      text: `(select revision, origin, size, encode(root, 'base64') as root, note as text from ops.log_checkpoints
          where issuer_org_id = $1 and revision > $2 order by revision limit $3)
        union all (select revision, origin, null, null, vkey from ops.log_keys
          where issuer_org_id = $1 and revision > $2 order by revision limit $3)
        order by revision limit $3`,
      values: [issuerOrgId, after, pageMax],
    });
    for (const { revision, origin, size, root, text } of rows) {
      after = BigInt(revision ?? -1);
      yield {
        revision: after,
        origin: origin ?? '',
        size: size === null ? null : Number(size),
        root,
        text: text ?? '',
      };
    }
    if (rows.length < pageMax) return;
  }
}

const rowTypes: ReadonlySet<string> = new Set(['LogStarted', 'CheckpointSigned', 'LogKeyRotated', 'LogRestarted']);
const pageMax = 500;
