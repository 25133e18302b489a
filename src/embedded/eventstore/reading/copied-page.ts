import { type Pool, type PoolClient, Query } from 'pg';
import type { StoredEvent } from '../events.ts';
import { borrowReader, takeBulkTurn } from './borrow-reader.ts';

/**
 * Returns the rows of a statement as events, in order. Its columns are those of a stored event, in the order of
 * `parseRow`. Its parameters are 64-bit numbers. Postgres sends the rows as binary COPY, which costs this process
 * a third of what rows of text cost. A COPY has no prepared plan, so it is slower for a few events. Returns undefined when
 * the call is over before it is its turn.
 */
export const copyEvents = async (
  db: Pool,
  statement: string,
  numbers: readonly bigint[],
  over?: AbortSignal,
): Promise<readonly StoredEvent[] | undefined> => {
  const text = statement.replace(/\$(\d)::bigint/g, (_, n) => String(numbers[Number(n) - 1]));
  return takeBulkTurn(db, () => borrowReader(db, over, (client) => copyFrom(client, text)));
};

const copyFrom = (client: PoolClient, text: string): Promise<readonly StoredEvent[]> =>
  new Promise((resolve, reject) => {
    const events: StoredEvent[] = [];
    let pieces = 0;
    const query = new Query(`copy (${text}) to stdout (format binary)`, (error) => {
      if (error) reject(error);
      else resolve(events);
    });
    // The first piece begins with the head of the format. The last one has no columns.
    const handleCopyData = ({ chunk }: { readonly chunk: Buffer }) => {
      const start = pieces === 0 ? headBytes(chunk) : 0;
      pieces += 1;
      if (chunk.readInt16BE(start) === columnsCount) events.push(parseRow(chunk, start + 2));
    };
    client.query(Object.assign(query, { handleCopyData }));
  });

const columnsCount = 9;
const signatureBytes = 11;

/** A signature, flags in four bytes, and the length of an extension in four. */
const headBytes = (chunk: Buffer): number => signatureBytes + 8 + chunk.readInt32BE(signatureBytes + 4);

/** Each column has its length in four bytes before its value. No column is null. */
const parseRow = (piece: Buffer, start: number): StoredEvent => {
  // pg uses the memory of a piece again.
  const row = Buffer.allocUnsafe(piece.length);
  piece.copy(row);
  const streamAt = start + numberBytes;
  const revisionAt = endOf(row, streamAt);
  const idAt = revisionAt + numberBytes;
  const typeAt = endOf(row, idAt);
  const isJsonAt = endOf(row, typeAt);
  const dataAt = endOf(row, isJsonAt);
  const metadataAt = endOf(row, dataAt);
  const createdAt = endOf(row, metadataAt);
  return {
    position: numberAt(row, start),
    stream: row.toString('utf8', streamAt + 4, revisionAt),
    revision: numberAt(row, revisionAt),
    id: uuidText(row.toString('hex', idAt + 4, typeAt)),
    type: row.toString('utf8', typeAt + 4, isJsonAt),
    isJson: row[isJsonAt + 4] === 1,
    data: row.subarray(dataAt + 4, metadataAt),
    metadata: row.subarray(metadataAt + 4, createdAt),
    createdTicks: numberAt(row, createdAt),
  };
};

/** The bytes of a column with a 64-bit number. */
const numberBytes = 12;

const endOf = (row: Buffer, columnAt: number): number => columnAt + 4 + row.readInt32BE(columnAt);

const numberAt = (row: Buffer, columnAt: number): string => {
  const high = row.readInt32BE(columnAt + 4);
  // Numbers that are no bigints are much cheaper to print.
  if (high >= 0 && high < safeHighMax) return String(high * 2 ** 32 + row.readUInt32BE(columnAt + 8));
  return String(row.readBigInt64BE(columnAt + 4));
};

const safeHighMax = 2 ** 21;

const uuidText = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
