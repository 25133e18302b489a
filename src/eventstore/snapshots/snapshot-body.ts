import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { ForkableMap } from '../../domain/forkable-map.ts';
import type { Json } from '../event-store.ts';
import type { Accepted } from '../folding.ts';
import { type Entries, readEntries, writeEntries } from './snapshot-columns.ts';
import type { Anchor, SnapshotKey } from './snapshots.ts';

/** What a snapshot holds of a stream: its state and the command ids that it remembers. */
export type Whole = { readonly state: unknown; readonly commands: Map<string, Accepted> };

/**
 * Where a snapshot stands. Its seal covers it, so that no snapshot passes for that of another stream, fold or event.
 */
export type Standing = { readonly key: SnapshotKey; readonly at: Anchor };

/** A snapshot cannot be read: it is damaged, or not the one that it is said to be. */
export class DamagedSnapshot extends Error {
  override readonly name = 'DamagedSnapshot';
}

/**
 * Writes a state in frames of bounded size, and lets others run after each. A state is JSON with collections of JSON in
 * it.
 * `whole` must not change meanwhile. Throws when it holds anything else.
 */
export const writeWhole = async (standing: Standing, { state, commands }: Whole): Promise<Buffer> => {
  const collections: (Found & { readonly in: Collection })[] = [];
  const json = outlineOf(state, [], (path, found) => {
    const kind = kinds.findIndex(({ is }) => is(found));
    collections.push({ path, kind, size: found.size, in: found });
  });
  const header = { json, collections: collections.map(({ path, kind, size }) => ({ path, kind, size })) };
  const frames = [await pack(JSON.stringify({ ...header, commands: commands.size } satisfies Header))];
  for (const collection of [...collections.map((each) => each.in), asEntries(commands)]) {
    for (const entries of pieces(collection)) frames.push(await pack(writeEntries(entries)));
  }
  return sealed(standing, frames);
};

/** Reads what `writeWhole` wrote, letting others run after each frame. Throws DamagedSnapshot. */
export const readWhole = async (standing: Standing, bytes: Uint8Array): Promise<Whole> => {
  // All at once: they are inflated by other threads while this one reads.
  const texts = unsealed(standing, bytes).map(unpack);
  // What is not awaited in the end must not end the process.
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

  // The seal says that this program wrote it.
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

/** Writes one JSON value. */
export const writeFacts = async (standing: Standing, facts: Json): Promise<Buffer> =>
  sealed(standing, [await pack(JSON.stringify(facts))]);

/** Reads what `writeFacts` wrote. Throws DamagedSnapshot. */
export const readFacts = async (standing: Standing, bytes: Uint8Array): Promise<unknown> => {
  const [frame] = unsealed(standing, bytes);
  if (frame === undefined) throw new DamagedSnapshot('A snapshot holds nothing.');
  return JSON.parse(await unpack(frame));
};

type Path = readonly (string | number)[];
type Found = { readonly path: Path; readonly kind: number; readonly size: number };
/** `json`: the state with null in the place of each collection. */
type Header = { readonly json: Json; readonly collections: readonly Found[]; readonly commands: number };

type Collection = Map<Json, Json> | Set<Json> | ForkableMap<Json, Json>;

/** Their places in this list are part of the format. */
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

/** A value as JSON, with null in the place of every collection in it. Throws when it holds what JSON would lose. */
const outlineOf = (value: unknown, path: Path, onCollection: (path: Path, found: Collection) => void): Json => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (isCollection(value)) {
    onCollection(path, value);
    return null;
  }
  if (Array.isArray(value)) return value.map((each, place) => outlineOf(each, [...path, place], onCollection));
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw new Error(`A state holds ${String(value)} at ${path.join('.')}, which no snapshot can hold.`);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, outlineOf(each, [...path, name], onCollection)]),
  );
};

/** Puts a collection in its place; the outline is this function's to change. */
const put = (outline: unknown, [name, ...rest]: Path, collection: Collection): unknown => {
  if (name === undefined) return collection;
  if (typeof outline !== 'object' || outline === null || !Object.hasOwn(outline, name))
    throw new DamagedSnapshot(`A snapshot has a collection at ${name}, where its state has nothing.`);
  const held = outline as Record<string | number, unknown>;
  held[name] = put(held[name], rest, collection);
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

function* pieces(collection: Collection): Generator<Entries> {
  let keys: Json[] = [];
  let values: Json[] = [];
  const taken = () => ({ keys, values: collection instanceof Set ? null : values });
  for (const [key, value] of collection.entries()) {
    keys.push(key);
    values.push(value);
    if (keys.length < frameEntries) continue;
    yield taken();
    keys = [];
    values = [];
  }
  if (keys.length > 0) yield taken();
}

// Revisions are below 2^53: a stream has far fewer events.
const asEntries = (commands: ReadonlyMap<string, Accepted>): Map<Json, Json> =>
  new Map(
    [...commands].map(([id, { requestHash, first, last, recordedAt }]) => [
      id,
      { requestHash, first: Number(first), last: Number(last), recordedAt },
    ]),
  );

const acceptedOf = (written: Json | undefined): Accepted => {
  // As `asEntries` wrote it.
  const { requestHash, first, last, recordedAt } = written as Record<keyof Accepted, string | number>;
  return { requestHash: String(requestHash), first: BigInt(first), last: BigInt(last), recordedAt: String(recordedAt) };
};

// SHA-256 over where the snapshot stands and all frames; then each frame after its length.
const sealed = (standing: Standing, frames: readonly Uint8Array[]): Buffer => {
  const parts = frames.flatMap((frame) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    return [length, frame];
  });
  const body = Buffer.concat(parts);
  return Buffer.concat([sealOf(standing, body), body]);
};

const unsealed = (standing: Standing, bytes: Uint8Array): Buffer[] => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = all.subarray(sealBytes);
  if (!sealOf(standing, body).equals(all.subarray(0, sealBytes)))
    throw new DamagedSnapshot(`The snapshot of ${standing.key.stream} at ${standing.at.revision} has another seal.`);
  const frames: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    const end = start + 4 + body.readUInt32BE(start);
    frames.push(body.subarray(start + 4, end));
    start = end;
  }
  return frames;
};

const sealBytes = 32;

const sealOf = ({ key, at }: Standing, body: Uint8Array): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([key.issuerOrgId, key.stream, key.fold, `${at.revision}`, at.eventId, at.hash]))
    .update(body)
    .digest();
