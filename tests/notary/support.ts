import type { Pool } from 'pg';
import { issuerLogAggregate } from '../../src/aggregates/aggregates.ts';
import type { EventStore, Recorded } from '../../src/eventstore/event-store.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { checkpointCopies } from '../../src/notary/checkpoint-copies.ts';
import { type NotaryNeeds, startNotary } from '../../src/notary/notary.ts';
import { leafBytes } from '../../src/proof/leaf.ts';
import { openCheckpoint } from '../../src/proof/notes/checkpoints.ts';
import { parseVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { encodeBase64 } from '../../src/proof/text/base64.ts';
import { naiveLeafHash, naiveRoot } from '../proof/naive-tree.ts';

/** The directories of the private keys and of the copies of checkpoints. */
export type NotaryDirectories = { readonly keys: string; readonly copies: string };

/** Returns what a notary needs, a clock that a test moves, and what the notary said. */
export const notaryNeeds = (pool: Pool, store: EventStore, { keys, copies }: NotaryDirectories) => {
  const clock = { aheadMs: 0 };
  const said: string[] = [];
  const needs: NotaryNeeds = {
    pool,
    store,
    executor: createExecutor({ store }),
    keysDirectory: keys,
    copies: checkpointCopies(copies),
    installation: 'ledger.example',
    now: () => new Date(Date.now() + clock.aheadMs),
    note: (sentence) => said.push(sentence),
    readable: async () => 1,
    log: {
      warn: (fields, message) => said.push(`${message} ${'err' in fields ? String(fields.err) : ''}`),
      error: (_, message) => said.push(message),
    },
  };
  return { needs, clock, said, keys, copies, start: () => startNotary(needs) };
};

/** Returns the hashes of the leaves of an issuer in a log, without the code of the product that makes them. */
export const leavesOf = (log: readonly Recorded[], issuerOrgId: string): readonly Uint8Array[] =>
  log
    .filter(
      ({ stream, metadata }) => /^(license|catalog|organization)-/.test(stream) && metadata.issuerOrgId === issuerOrgId,
    )
    .map(({ id, stream, revision, metadata }) => {
      const { hash, recordedAt } = metadata as { hash: string; recordedAt: string };
      return naiveLeafHash(leafBytes({ hash, id, recordedAt, revision: Number(revision), stream }));
    });

/** Returns the checkpoints in the stream of an issuer, each opened with the key that the stream has at that point. */
export const signedIn = async (store: Pick<EventStore, 'read'>, issuerOrgId: string) => {
  const { events } = await store.read(issuerLogAggregate.stream(issuerOrgId));
  let vkey = '';
  return events.flatMap(({ type, data }) => {
    vkey = typeof data.vkey === 'string' ? data.vkey : vkey;
    if (type !== 'CheckpointSigned') return [];
    const { origin, size, root } = openCheckpoint(String(data.note), [parseVerifierKey(vkey)]);
    return [{ origin, size, root: encodeBase64(root), note: String(data.note) }];
  });
};

/** Returns the root of the first leaves, by the definition of RFC 9162. */
export const rootOf = (leaves: readonly Uint8Array[], size: number): string =>
  encodeBase64(naiveRoot(leaves.slice(0, size)));
