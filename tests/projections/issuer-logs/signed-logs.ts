import { genesisHash, linkToChain } from '../../../src/eventstore/chain/chain.ts';
import type { JsonObject, Recorded } from '../../../src/eventstore/event-store.ts';
import { verifyLedger } from '../../../src/projections/verify/verify.ts';
import type { OutsideCopies } from '../../../src/projections/verify/verify-trees.ts';
import type { Verdict } from '../../../src/projections/verify/verify-verdict.ts';
import { type SignedTree, signTree } from '../../support/issuer-trees.ts';
import { type createReadModels, storeOf } from '../../support/read-models.ts';

type Models = Awaited<ReturnType<typeof createReadModels>>;

/** An event of `checkpoint-…` without its place. */
type Signing = { readonly type: string; readonly data: JsonObject };

/** Returns the events of a stream `checkpoint-…` after the end of a log. */
export const checkpointEvents = (
  log: readonly Recorded[],
  issuer: string,
  events: readonly Signing[],
): readonly Recorded[] => {
  const end = log.at(-1)?.position.commit ?? 0n;
  const stream = `checkpoint-${issuer}`;
  const proposed = events.map(({ type, data }, index) => ({
    ...{ id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, type, data, metadata: envelopeOf(issuer) },
  }));
  return linkToChain(proposed, { stream, nextRevision: 0n, hash: genesisHash }).map((event, index) => {
    const commit = end + 1n + BigInt(index);
    return { ...event, stream, revision: BigInt(index), position: { commit, prepare: commit } };
  });
};

const envelopeOf = (issuerOrgId: string): JsonObject => ({
  ...{ schemaVersion: 1, issuerOrgId, holderOrgId: null, effectiveAt: recordedAt, recordedAt, reason: null },
  actor: { type: 'SYSTEM', id: 'notary', onBehalfOf: null },
  ...{ commandId, requestHash: 'c'.repeat(64), $correlationId: commandId, $causationId: null },
});
const recordedAt = '2031-01-01T00:00:00.000Z';
const commandId = 'e0fc8ce7-63a6-537a-a63b-9d5129357aa5';

/** The events that begin a log and sign trees. */
export const started = ({ origin, vkey }: SignedTree): Signing => ({ type: 'LogStarted', data: { origin, vkey } });
export const signed = ({ size, root, note }: SignedTree): Signing => ({
  type: 'CheckpointSigned',
  data: { size, root: Buffer.from(root).toString('base64'), note },
});

/** Returns the log with checkpoints of the trees of an issuer of these sizes, and the read models at its end. */
export const withCheckpoints = async (
  models: Models,
  log: readonly Recorded[],
  issuer: string,
  sizes: readonly (number | undefined)[],
): Promise<{ readonly log: readonly Recorded[]; readonly trees: readonly SignedTree[] }> => {
  const trees: SignedTree[] = [];
  for (const size of sizes) trees.push(await signTree(models.superuser, issuer, size === undefined ? {} : { size }));
  const [first] = trees;
  const events = first === undefined ? [] : [started(first), ...trees.map(signed)];
  const whole = [...log, ...checkpointEvents(log, issuer, events)];
  await moveToEnd(models, whole);
  return { log: whole, trees };
};

/**
 * Moves the position of the read models to the end of a log, as streams that they do not read move it. Writes the rows of
 * its checkpoints and keys, as the notary does.
 */
export const moveToEnd = async ({ superuser }: Models, log: readonly Recorded[]): Promise<void> => {
  const commit = log.at(-1)?.position.commit;
  await superuser.query('update ops.checkpoints set commit_position = $1, prepare_position = $1', [commit]);
  await superuser.query('truncate ops.log_checkpoints, ops.log_keys');
  for (const { stream, revision, type, data } of log.filter((event) => event.stream.startsWith('checkpoint-'))) {
    const { note = '', vkey, size, root } = data as Record<string, string>;
    const values = [stream.slice('checkpoint-'.length), revision];
    if (type === 'CheckpointSigned')
      await superuser.query('insert into ops.log_checkpoints values ($1, $2, $3, $4, $5, $6, now())', [
        ...[...values, note.slice(0, note.indexOf('\n'))],
        ...[size, Buffer.from(root ?? '', 'base64'), note],
      ]);
    else
      await superuser.query('insert into ops.log_keys values ($1, $2, $3, $4, now())', [
        ...[...values, vkey?.split('+')[0], vkey],
      ]);
  }
};

/** Returns the verdict on a log in memory with outside copies. */
export const verdictWith = (models: Models, log: readonly Recorded[], copies: OutsideCopies): Promise<Verdict> =>
  verifyLedger({
    store: storeOf(log),
    readLog: async function* ({ streamPrefixes }) {
      for (const recorded of log)
        if (streamPrefixes.some((prefix) => recorded.stream.startsWith(prefix))) yield recorded;
    },
    pool: models.projector,
    copies,
  });

/** Returns the outside copies of one issuer. */
export const copiesOf = (issuer: string, ...trees: readonly SignedTree[]): OutsideCopies =>
  new Map([[issuer, trees.map(({ note }, place) => ({ name: `copy ${place + 1}`, note }))]]);
