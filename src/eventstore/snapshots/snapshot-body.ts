import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { ForkableMap } from '../../domain/forkable-map.ts';
import type { Json } from '../event-store.ts';
import type { Accepted } from '../folding.ts';
import { type Entries, readEntries, writeEntries } from './snapshot-columns.ts';
import type { Anchor, SnapshotKey } from './snapshots.ts';

/** The content of a snapshot: the state of a stream and the command ids that it remembers. */
export type Whole = { readonly state: unknown; readonly commands: Map<string, Accepted> };

/**
 * The place of a snapshot. The checksum covers it, so a snapshot of another stream, fold or event is not accepted.
 */
export type SnapshotPlace = { readonly key: SnapshotKey; readonly at: Anchor };

/** A snapshot cannot be read: it is damaged, or belongs to another place. */
export class DamagedSnapshot extends Error {
  override readonly name = 'DamagedSnapshot';
}

/**
 * Writes a state in frames of bounded size, and yields to other work after each frame. A state is JSON that contains
 * collections of JSON; throws for anything else. The state must not change meanwhile.
 */
export const writeWhole = async (place: SnapshotPlace, { state, commands }: Whole): Promise<Buffer> => {
  const collections: (Outline & { readonly collection: Collection })[] = [];
  const json = outlineOf(state, [], (path, collection) => {
    const kind = kinds.findIndex(({ is }) => is(collection));
    collections.push({ path, kind, size: collection.size, collection });
  });
  const header = { json, collections: collections.map(({ path, kind, size }) => ({ path, kind, size })) };
  const frames = [await pack(JSON.stringify({ ...header, commands: commands.size } satisfies Header))];
  for (const collection of [...collections.map((outline) => outline.collection), asEntries(commands)]) {
    for (const entries of pieces(collection)) frames.push(await pack(writeEntries(entries)));
  }
  return withChecksum(place, frames);
};

/** Reads what `writeWhole` wrote, and yields to other work after each frame. Throws DamagedSnapshot. */
export const readWhole = async (place: SnapshotPlace, bytes: Uint8Array): Promise<Whole> => {
  // Other threads inflate all frames while this one reads.
  const texts = checkedFrames(place, bytes).map(unpack);
  // A frame may fail after this function has thrown. An unhandled rejection would end the process.
  for (const text of texts) text.catch(() => {});
  const frames = texts[Symbol.iterator]();
  const next = async (): Promise<string> => {
    const frame = frames.next();
    if (frame.done === true) throw new DamagedSnapshot('A snapshot ends before its last entry.');
    await nextTurn();
    return frame.value;
  };
  const readAll = async (size: number, add: (entries: Entries) => void): Promise<void> => {
    for (let count = 0; count < size; ) {
      const entries = readEntries(await next());
      if (entries.keys.length === 0) throw new DamagedSnapshot('A snapshot has a frame without entries.');
      count += entries.keys.length;
      add(entries);
    }
  };

  // The checksum proves that this program wrote it.
  const header = JSON.parse(await next()) as Header;
  let state: unknown = header.json;
  for (const { path, kind, size } of header.collections) {
    const collection = kinds[kind]?.make();
    if (collection === undefined) throw new DamagedSnapshot(`A snapshot has a collection of the unknown kind ${kind}.`);
    await readAll(size, (entries) => add(collection, entries));
    state = put(state, path, collection);
  }
  const commands = new Map<string, Accepted>();
  await readAll(header.commands, ({ keys, values }) => {
    for (const [row, key] of keys.entries()) commands.set(String(key), acceptedOf(values?.[row]));
  });
  return { state, commands };
};

/** Writes facts as one JSON value. */
export const writeFacts = async (place: SnapshotPlace, facts: Json): Promise<Buffer> =>
  withChecksum(place, [await pack(JSON.stringify(facts))]);

/** Reads what `writeFacts` wrote. Throws DamagedSnapshot. */
export const readFacts = async (place: SnapshotPlace, bytes: Uint8Array): Promise<unknown> => {
  const [frame] = checkedFrames(place, bytes);
  if (frame === undefined) throw new DamagedSnapshot('A snapshot is empty.');
  return JSON.parse(await unpack(frame));
};

type Path = readonly (string | number)[];
/** A collection without its entries. `kind`: its index in `kinds`. */
type Outline = { readonly path: Path; readonly kind: number; readonly size: number };
/** `json`: the state, with null in place of each collection. */
type Header = { readonly json: Json; readonly collections: readonly Outline[]; readonly commands: number };

type Collection = Map<Json, Json> | Set<Json> | ForkableMap<Json, Json>;

/** The kinds of collections. Their indexes in this list are part of the format. */
const kinds: readonly { readonly is: (value: unknown) => boolean; readonly make: () => Collection }[] = [
  { is: (value) => value instanceof Map, make: () => new Map() },
  { is: (value) => value instanceof Set, make: () => new Set() },
  { is: (value) => value instanceof ForkableMap, make: () => new ForkableMap() },
];

const isCollection = (value: unknown): value is Collection => kinds.some(({ is }) => is(value));

const add = (collection: Collection, { keys, values }: Entries): void => {
  if (collection instanceof Set) for (const key of keys) collection.add(key);
  else for (const [row, key] of keys.entries()) collection.set(key, values?.[row] ?? null);
};

/** Returns a value as JSON, with null in place of every collection. Throws when JSON would lose a part of the value. */
const outlineOf = (value: unknown, path: Path, onCollection: (path: Path, collection: Collection) => void): Json => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (isCollection(value)) {
    onCollection(path, value);
    return null;
  }
  if (Array.isArray(value)) return value.map((element, index) => outlineOf(element, [...path, index], onCollection));
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw new Error(`A state contains ${String(value)} at ${path.join('.')}, which a snapshot cannot contain.`);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, outlineOf(field, [...path, name], onCollection)]),
  );
};

/** Puts a collection in its place. Changes the outline. */
const put = (outline: unknown, [name, ...rest]: Path, collection: Collection): unknown => {
  if (name === undefined) return collection;
  if (typeof outline !== 'object' || outline === null || !Object.hasOwn(outline, name))
    throw new DamagedSnapshot(`A snapshot has a collection at ${name}, where its state has nothing.`);
  const parent = outline as Record<string | number, unknown>;
  parent[name] = put(parent[name], rest, collection);
  return outline;
};

const frameEntries = 2_000;

const pack = async (text: string): Promise<Buffer> => deflate(Buffer.from(text), { level: 1 });
const unpack = async (frame: Uint8Array): Promise<string> => {
  try {
    return (await inflate(frame)).toString();
  } catch (error) {
    throw new DamagedSnapshot('A frame of a snapshot cannot be inflated.', { cause: error });
  }
};
const deflate = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw);
const inflate = promisify<Uint8Array, Buffer>(inflateRaw);

/** Returns the entries in pieces of `frameEntries`. */
function* pieces(collection: Collection): Generator<Entries> {
  let keys: Json[] = [];
  let values: Json[] = [];
  const piece = () => ({ keys, values: collection instanceof Set ? null : values });
  for (const [key, value] of collection.entries()) {
    keys.push(key);
    values.push(value);
    if (keys.length < frameEntries) continue;
    yield piece();
    keys = [];
    values = [];
  }
  if (keys.length > 0) yield piece();
}

// A stream has far fewer than 2^53 events, so a revision fits into a number.
const asEntries = (commands: ReadonlyMap<string, Accepted>): Map<Json, Json> =>
  new Map(
    [...commands].map(([id, { requestHash, first, last, recordedAt }]) => [
      id,
      { requestHash, first: Number(first), last: Number(last), recordedAt },
    ]),
  );

const acceptedOf = (written: Json | undefined): Accepted => {
  // `asEntries` wrote these fields.
  const { requestHash, first, last, recordedAt } = written as Record<keyof Accepted, string | number>;
  return { requestHash: String(requestHash), first: BigInt(first), last: BigInt(last), recordedAt: String(recordedAt) };
};

/** Returns the checksum, then each frame after its length. */
const withChecksum = (place: SnapshotPlace, frames: readonly Uint8Array[]): Buffer => {
  const parts = frames.flatMap((frame) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    return [length, frame];
  });
  const body = Buffer.concat(parts);
  return Buffer.concat([checksumOf(place, body), body]);
};

/** Returns the frames. Throws DamagedSnapshot when the checksum differs. */
const checkedFrames = (place: SnapshotPlace, bytes: Uint8Array): Buffer[] => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = all.subarray(checksumBytes);
  if (!checksumOf(place, body).equals(all.subarray(0, checksumBytes)))
    throw new DamagedSnapshot(`The snapshot of ${place.key.stream} at ${place.at.revision} has a wrong checksum.`);
  const frames: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const end = start + 4 + body.readUInt32BE(start);
    frames.push(body.subarray(start + 4, end));
    start = end;
  }
  return frames;
};

const checksumBytes = 32;

/** Returns the SHA-256 of the place of the snapshot and of its frames. */
const checksumOf = ({ key, at }: SnapshotPlace, body: Uint8Array): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([key.issuerOrgId, key.stream, key.fold, `${at.revision}`, at.eventId, at.hash]))
    .update(body)
    .digest();
