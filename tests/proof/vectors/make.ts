import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../../../src/eventstore/chain/canonical.ts';
import { leafBytes } from '../../../src/proof/leaf.ts';
import { formatVerifierKey } from '../../../src/proof/notes/verifier-keys.ts';
import { consistencyProof, inclusionProof } from '../../../src/proof/tree/tile-proofs.ts';
import { exampleEvent, exampleLeaf, exampleLog, type StoredEvent } from '../example-log.ts';
import { testKey } from '../keys.ts';
import { hex, leaves, treeOf } from '../stored-tree.ts';

// Makes the vectors of this folder from `parameters.json`: node --import tsx tests/proof/vectors/make.ts
// tests/proof/vectors.test.ts says when they are stale.

const folder = import.meta.dirname;

type Parameters = {
  readonly log: {
    readonly origin: string;
    readonly events: number;
    readonly olderEvents: number;
    readonly event: number;
    readonly witness: string;
    readonly witnessTime: number;
  };
  readonly trees: readonly { readonly size: number; readonly index: number; readonly older: number }[];
};

const readParameters = (): Parameters => JSON.parse(readFileSync(path.join(folder, 'parameters.json'), 'utf8'));

/** Returns the text of each file by its name. */
export const vectorFiles = async (): Promise<ReadonlyMap<string, string>> => {
  const { log, trees } = readParameters();
  const events = Array.from({ length: log.events }, (_, number) => exampleEvent(number));
  const event = exampleEvent(log.event);
  const [key, witness] = [testKey(log.origin), testKey(log.witness, 'WITNESS')];
  const older = exampleLog(events.slice(0, log.olderEvents), key);
  const newer = exampleLog(events, key, [{ key: witness, time: log.witnessTime }]);
  return new Map([
    ['event.json', `${JSON.stringify(event, null, 2)}\n`],
    ['event.canonical.json', canonicalEvent(event)],
    ['leaf.json', new TextDecoder().decode(leafBytes(exampleLeaf(event)))],
    ['event.tlog-proof', await newer.proofOf(log.event)],
    ['older.checkpoint', older.checkpoint],
    ['newer.consistency', await newer.consistencyFrom(log.olderEvents)],
    ['log.vkey', `${formatVerifierKey(key.verifier)}\n`],
    ['witness.vkey', `${formatVerifierKey(witness.verifier)}\n`],
    ['trees.json', `${JSON.stringify(await Promise.all(trees.map(treeVector)), null, 2)}\n`],
  ]);
};

/** Returns what the hash of an event covers. The hash is SHA-256 of a byte 0 and this text. */
const canonicalEvent = ({ metadata: { hash, ...metadata }, ...event }: StoredEvent): string =>
  canonicalJson({ v: 1, ...event, metadata });

/**
 * Returns a tree of the leaves `leaf 0`, `leaf 1` and so on: root, proofs, and the SHA-256 of each tile. Hashes are in
 * hex.
 */
const treeVector = async ({ size, index, older }: Parameters['trees'][number]) => {
  const tree = treeOf(leaves(size));
  const tiles = [...tree.tiles].map(([name, hashes]) => [name, createHash('sha256').update(hashes).digest('hex')]);
  return {
    size,
    root: hex(tree.root),
    inclusion: { index, proof: (await inclusionProof(index, tree)).map(hex) },
    consistency: { older, proof: (await consistencyProof(older, tree)).map(hex) },
    tiles: Object.fromEntries(tiles.sort()),
  };
};

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, text] of await vectorFiles()) writeFileSync(path.join(folder, name), text);
