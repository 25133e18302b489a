import { genesisHash, linkToChain } from '../../src/eventstore/chain/chain.ts';
import type { JsonObject, Proposed, Recorded } from '../../src/eventstore/event-store.ts';

/** A random number in [0, 1). */
type Random = () => number;

/** A log with one change, and what was changed. `recomputed`: the hashes of the stream follow from the change. */
export type ChangedLog = { readonly log: readonly Recorded[]; readonly what: string };

/** Returns the log with one random change of an event, of the order, or of a whole stream. */
export const changedLog = (log: readonly Recorded[], random: Random): ChangedLog => {
  const kind = kinds[Math.floor(random() * kinds.length)] as Kind;
  const at = Math.floor(random() * log.length);
  const changed = changes[kind](log, at, random);
  const isRecomputed = random() < 0.5;
  const renumbered = isRecomputed ? relinked(changed) : changed;
  return { log: renumbered, what: `${kind} at ${at}${isRecomputed ? ', recomputed to the end' : ''}` };
};

type Kind = keyof typeof changes;
type Change = (log: readonly Recorded[], at: number, random: Random) => readonly Recorded[];

const replaceAt = (log: readonly Recorded[], at: number, change: (event: Recorded) => Partial<Recorded>) =>
  log.map((event, index) => (index === at ? { ...event, ...change(event) } : event));

/** Returns the object with another value of one member, at any depth. */
const changedValue = (value: JsonObject, random: Random): JsonObject => {
  const names = Object.keys(value).filter((name) => name !== 'hash' && name !== 'prevHash');
  const name = names[Math.floor(random() * names.length)];
  if (name === undefined) return { further: 1 };
  const member = value[name];
  if (typeof member === 'number') return { ...value, [name]: member + 1 };
  if (typeof member === 'boolean') return { ...value, [name]: !member };
  if (typeof member === 'string') return { ...value, [name]: flipped(member, random) };
  if (member === null || member === undefined || Array.isArray(member)) return { ...value, [name]: 'changed' };
  return { ...value, [name]: changedValue(member as JsonObject, random) };
};

const flipped = (text: string, random: Random): string => {
  const at = Math.floor(random() * text.length);
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`;
};

const changes = {
  id: (log, at, random) => replaceAt(log, at, ({ id }) => ({ id: flipped(id, random) })),
  type: (log, at) => replaceAt(log, at, ({ type }) => ({ type: `${type}x` })),
  data: (log, at, random) => replaceAt(log, at, ({ data }) => ({ data: changedValue(data, random) })),
  metadata: (log, at, random) => replaceAt(log, at, ({ metadata }) => ({ metadata: changedValue(metadata, random) })),
  revision: (log, at) => replaceAt(log, at, ({ revision }) => ({ revision: revision + 1n })),
  drop: (log, at) => log.toSpliced(at, 1),
  insert: (log, at) => log.toSpliced(at, 0, log[at] as Recorded),
  swap: (log, at) => {
    const other = (at + 1) % log.length;
    return log.map((event, index) => (index === at ? log[other] : index === other ? log[at] : event) as Recorded);
  },
  truncate: (log, at) => log.slice(0, Math.max(1, at)),
  stream: (log, at) => log.filter(({ stream }) => stream !== log[at]?.stream),
} as const satisfies Readonly<Record<string, Change>>;
const kinds = Object.keys(changes) as readonly Kind[];

/** Returns the events with revisions and hashes as the product gives them. */
const relinked = (log: readonly Recorded[]): readonly Recorded[] => {
  const ends = new Map<string, { nextRevision: bigint; hash: string }>();
  return log.map((recorded) => {
    const { stream, metadata } = recorded;
    const end = ends.get(stream) ?? { nextRevision: 0n, hash: genesisHash };
    const { hash: _, prevHash: __, ...others } = metadata;
    const [linked] = linkToChain([{ ...recorded, metadata: others }], { stream, ...end }) as [Proposed];
    ends.set(stream, { nextRevision: end.nextRevision + 1n, hash: String(linked.metadata.hash) });
    return { ...recorded, ...linked, revision: end.nextRevision };
  });
};
