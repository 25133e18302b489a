import { foldVersions } from '../../src/aggregates/fold-versions.ts';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import type { IndexedEvent, PackContent, WrittenPack } from '../../src/packs/write-pack.ts';
import { writePack } from '../../src/packs/write-pack.ts';
import { type Leaf, leafBytes } from '../../src/proof/leaf.ts';
import { formatOrigin } from '../../src/proof/notes/log-origins.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { inclusionProof } from '../../src/proof/tree/tile-proofs.ts';
import type { SigningKey } from '../../src/signing/log-keys.ts';
import { type Cosigner, signedCheckpoint, testKey } from '../proof/keys.ts';
import { treeOf } from '../proof/stored-tree.ts';
import { createLog, testInstant, vendor } from '../support/license-fixtures.ts';

/** What a test may choose of a pack. `size`: how many events the checkpoint covers. */
export type PackChoice = {
  readonly licenses?: readonly string[];
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly from?: string;
  readonly to?: string;
  readonly createdAt?: string;
  readonly size?: number;
  readonly isComplete?: boolean;
  readonly witnesses?: readonly Cosigner[];
  readonly key?: SigningKey;
  /** The signed checkpoint, in place of one over the log. */
  readonly note?: string;
  /** The events of the leaves, in place of those of the log. */
  readonly leavesOf?: readonly Recorded[];
};

export const origin = formatOrigin({ installation: 'ledger.example', organizationId: vendor, generation: 1 });
export const logKey = testKey(origin);

/** Returns a log of a vendor with two licenses that had a life, a third one and a catalog. */
export const exampleHistory = () => {
  const made = createLog();
  made.organization(vendor, 'Vendor');
  const first = made.issue('first');
  made.activate(first, 'laptop');
  const second = made.issue('second', { holderOrgId: vendor });
  made.happen(`catalog-${vendor}`, [{ type: 'CatalogOpened', data: { issuerOrgId: vendor } }]);
  made.activate(second, 'desktop');
  made.suspend(first);
  const third = made.issue('third');
  made.reinstate(first);
  made.renew(first);
  made.deactivate(second, 'desktop');
  made.revoke(third);
  made.activate(first, 'server');
  return { log: made.log, licenses: [first, second, third] };
};

/** Returns the leaf of an event. */
export const leafOf = ({ id, stream, revision, metadata }: Recorded): Leaf => ({
  hash: String(metadata.hash),
  id,
  recordedAt: String(metadata.recordedAt),
  revision: Number(revision),
  stream,
});

/** Returns the signed checkpoint over the first events of a log. */
export const checkpointOf = (
  log: readonly Recorded[],
  { size = log.length, key = logKey, witnesses = [] }: PackChoice,
) => {
  const tree = treeOf(log.slice(0, size).map((event) => leafBytes(leafOf(event))));
  return { tree, note: signedCheckpoint({ origin: key.verifier.name, size, root: tree.root }, key, witnesses) };
};

/** Writes the pack of a log in memory. Returns its bytes. */
export const packOf = async (
  log: readonly Recorded[],
  choice: PackChoice = {},
): Promise<WrittenPack & { readonly bytes: Uint8Array }> => {
  const { tree, note } = checkpointOf(log, choice);
  const { licenses = exampleHistory().licenses, filter, isComplete = true, key = logKey } = choice;
  const covered = log.slice(0, tree.size).map((recorded, index): IndexedEvent => ({ recorded, index }));
  const content: PackContent = {
    organizationId: vendor,
    query: {
      licenses: filter === undefined ? licenses : null,
      filter: filter ?? null,
      from: choice.from ?? testInstant(2),
      to: choice.to ?? testInstant(100),
    },
    actor: { type: 'USER', id: 'usr_auditor' },
    createdAt: choice.createdAt ?? testInstant(20_000),
    software: { version: '0.0.0', fold: foldVersions.license },
    checkpoint: choice.note ?? note,
    keys: `${formatVerifierKey(key.verifier)}\n`,
    licenses: [...licenses].sort(),
    eventsOf: async function* (licenseId) {
      yield covered.filter(({ recorded }) => recorded.stream === `license-${licenseId}`);
    },
    leaves: isComplete
      ? async function* () {
          yield (choice.leavesOf ?? log).slice(0, tree.size).map(leafOf);
        }
      : null,
    proofOf: isComplete ? null : (index) => inclusionProof(index, tree),
    onProgress: () => {},
  };
  const sink = growing();
  const written = await writePack(content, sink.writeAt);
  return { ...written, bytes: sink.bytes(written.size) };
};

/** Returns a sink in memory. */
export const growing = () => {
  const parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  return {
    writeAt: async (at: number, bytes: Uint8Array) => void parts.push({ at, bytes: bytes.slice() }),
    bytes: (size: number) => {
      const whole = new Uint8Array(size);
      for (const { at, bytes } of parts) whole.set(bytes, at);
      return whole;
    },
  };
};
