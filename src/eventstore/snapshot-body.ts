import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Json } from './event-store.ts';
import type { Accepted } from './folded.ts';
import { type Entries, readEntries, writeEntries } from './snapshot-columns.ts';
import type { Anchor, SnapshotKey } from './snapshots.ts';

/** What a snapshot holds of a stream: its state and the command ids that it remembers. */
export type Whole = { readonly state: unknown; readonly commands: Map<string, Accepted> };

/** Where a snapshot stands. Its seal covers it, so that no snapshot passes for that of another stream, fold or event. */
export type Standing = { readonly key: SnapshotKey; readonly at: Anchor };

/** A snapshot cannot be read: it is damaged, or not the one that it is said to be. */
export class DamagedSnapshot extends Error {
  override readonly name = 'DamagedSnapshot';
}

/**
 * Writes a state in frames of bounded size, and lets others run after each. Fields of the state are JSON, or a Map or Set of
 * JSON. `whole` must not change meanwhile. Throws when a field is of another kind.
 */
export const writeWhole = async (standing: Standing, { state, commands }: Whole): Promise<Buffer> => {
  if (typeof state !== 'object' || state === null) throw new Error(`A state must be an object, not ${String(state)}.`);
  const fields = Object.entries(state).map(([name, value]): Field => {
    if (value instanceof Map) return { name, kind: 'map', size: value.size };
    if (value instanceof Set) return { name, kind: 'set', size: value.size };
    return { name, kind: 'json', json: asJson(name, value) };
  });
  const header = { fields, commands: commands.size } satisfies Header;
  const frames = [await pack(JSON.stringify(header))];
  for (const value of [...Object.values(state), asEntries(commands)]) {
    for (const entries of pieces(value)) frames.push(await pack(writeEntries(entries)));
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
  const state: Record<string, unknown> = {};
  for (const field of header.fields) {
    if (field.kind === 'json') {
      state[field.name] = field.json;
    } else if (field.kind === 'map') {
      const map = new Map<Json, Json>();
      await readAll(field.size, ({ keys, values }) => {
        for (const [row, key] of keys.entries()) map.set(key, values?.[row] ?? null);
      });
      state[field.name] = map;
    } else {
      const set = new Set<Json>();
      await readAll(field.size, ({ keys }) => {
        for (const key of keys) set.add(key);
      });
      state[field.name] = set;
    }
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

type Field =
  | { readonly name: string; readonly kind: 'json'; readonly json: Json }
  | { readonly name: string; readonly kind: 'map' | 'set'; readonly size: number };
type Header = { readonly fields: readonly Field[]; readonly commands: number };

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

function* pieces(value: unknown): Generator<Entries> {
  if (!(value instanceof Map || value instanceof Set)) return;
  let keys: Json[] = [];
  let values: Json[] | null = value instanceof Map ? [] : null;
  for (const [key, entry] of value.entries()) {
    keys.push(key);
    values?.push(entry);
    if (keys.length < frameEntries) continue;
    yield { keys, values };
    keys = [];
    values = values === null ? null : [];
  }
  if (keys.length > 0) yield { keys, values };
}

/** The value of a field that is no collection. A collection inside it would be lost in JSON, so it is refused. */
const asJson = (name: string, value: unknown): Json => {
  const refuse = (inner: unknown): void => {
    if (inner === null || typeof inner === 'string' || typeof inner === 'boolean') return;
    if (typeof inner === 'number' && Number.isFinite(inner)) return;
    const isPlain =
      Array.isArray(inner) || (typeof inner === 'object' && Object.getPrototypeOf(inner) === Object.prototype);
    if (!isPlain) throw new Error(`The field ${name} of a state holds ${String(inner)}, which no snapshot can hold.`);
    for (const each of Object.values(inner)) refuse(each);
  };
  refuse(value);
  return value as Json;
};

// Revisions are below 2^53: a stream has far fewer events.
const asEntries = (commands: ReadonlyMap<string, Accepted>): ReadonlyMap<string, Json> =>
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
