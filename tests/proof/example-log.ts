import { createHash } from 'node:crypto';
import { encodeId } from '../../src/domain/ids.ts';
import { genesisHash, linkToChain } from '../../src/eventstore/chain/chain.ts';
import type { JsonObject } from '../../src/eventstore/event-store.ts';
import { type Leaf, leafBytes } from '../../src/proof/leaf.ts';
import { formatTlogProof } from '../../src/proof/notes/tlog-proofs.ts';
import { formatWitnessRequest } from '../../src/proof/notes/witness-requests.ts';
import { consistencyProof, inclusionProof } from '../../src/proof/tree/tile-proofs.ts';
import type { SigningKey } from '../../src/signing/log-keys.ts';
import { type Cosigner, signedCheckpoint } from './keys.ts';
import { treeOf } from './stored-tree.ts';

/** An event in its stored form, as JSON. Its members are in the order in which people read them. */
export type StoredEvent = {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
};

/** Other content than the number of an event gives it. `minute`: when it was recorded. */
type Changes = { readonly data?: JsonObject; readonly minute?: number; readonly stream?: string };

/** Returns the event with this number of an example log. Its hash is that of the product’s chain. */
export const exampleEvent = (number: number, changes: Changes = {}): StoredEvent => {
  const digits = createHash('sha256').update(`event ${number}`).digest('hex');
  const id = digits.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const { data = { number }, minute = number, stream = `license-${encodeId('lic', id)}` } = changes;
  const recordedAt = new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString();
  const metadata = { schemaVersion: 1, issuerOrgId: 'org_example', recordedAt };
  const end = { stream, nextRevision: BigInt(number % 3), hash: genesisHash };
  const [linked] = linkToChain([{ id, type: 'ExampleRecorded', data, metadata }], end);
  return { id, type: 'ExampleRecorded', stream, revision: number % 3, data, metadata: linked?.metadata ?? {} };
};

/** Returns the leaf of an event, made by hand from its members. */
export const exampleLeaf = ({ id, stream, revision, metadata }: StoredEvent): Leaf => ({
  hash: String(metadata.hash),
  id,
  recordedAt: String(metadata.recordedAt),
  revision,
  stream,
});

/** A log of events, which makes what its server would answer. */
export type ExampleLog = {
  readonly checkpoint: string;
  readonly proofOf: (index: number) => Promise<string>;
  readonly consistencyFrom: (older: number) => Promise<string>;
};

/** Returns the log of these events, signed by this key. */
export const exampleLog = (
  events: readonly StoredEvent[],
  key: SigningKey,
  witnesses: readonly Cosigner[] = [],
): ExampleLog => {
  const tree = treeOf(events.map((event) => leafBytes(exampleLeaf(event))));
  const checkpoint = signedCheckpoint({ origin: key.verifier.name, size: tree.size, root: tree.root }, key, witnesses);
  return {
    checkpoint,
    proofOf: async (index) =>
      formatTlogProof({ extra: null, index, proof: await inclusionProof(index, tree), checkpoint }),
    consistencyFrom: async (oldSize) =>
      formatWitnessRequest({ oldSize, proof: await consistencyProof(oldSize, tree), checkpoint }),
  };
};
