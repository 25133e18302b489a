import { describe, expect, test } from 'vitest';
import { isEventId, proofIn } from '../../src/console/screens/proof/proof-in-address.ts';
import { leafIn, signaturesIn, sizeIn } from '../../src/console/screens/proof/served-proof.ts';
import { type GivenFile, type ReadConsistency, verifyFiles } from '../../src/console/screens/proof/verify-files.ts';
import { sourceOfBytes } from '../../src/packs/zip/read-zip.ts';
import { leafBytes } from '../../src/proof/leaf.ts';
import { formatTlogProof } from '../../src/proof/notes/tlog-proofs.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { formatWitnessRequest } from '../../src/proof/notes/witness-requests.ts';
import { consistencyProof, inclusionProof } from '../../src/proof/tree/tile-proofs.ts';
import { checkpointOf, exampleHistory, leafOf, logKey, packOf } from '../packs/pack-in-memory.ts';
import { signedCheckpoint, testKey } from '../proof/keys.ts';

const { log } = exampleHistory();
const vkey = formatVerifierKey(logKey.verifier);
const newest = checkpointOf(log, {});
const older = checkpointOf(log, { size: 3 });

const fileOf = (name: string, content: string | Uint8Array): GivenFile => ({
  name,
  ...sourceOfBytes(typeof content === 'string' ? new TextEncoder().encode(content) : content),
});
const note = (text: string) => fileOf('checkpoint.txt', text);
const none: ReadConsistency = async () => null;
const verify = (files: readonly GivenFile[], keys = vkey, readConsistency = none) =>
  verifyFiles(files, keys, readConsistency);
const eventAt = (index: number) => {
  const event = log[index];
  if (event === undefined) throw new Error('The log is shorter.');
  return new TextDecoder().decode(leafBytes(leafOf(event)));
};
const proofOf = async (index: number) =>
  fileOf(
    'proof',
    formatTlogProof({ extra: null, index, proof: await inclusionProof(index, newest.tree), checkpoint: newest.note }),
  );
const served = await consistencyProof(3, newest.tree);

describe('Files that a user gives to the page', () => {
  test('are a proof with its event, in any order', async () => {
    const files = [fileOf('event.json', eventAt(2)), await proofOf(2)];
    expect(await verify(files)).toMatchObject({ kind: 'proved' });
    expect(await verify([await proofOf(2), fileOf('event.json', eventAt(1))])).toMatchObject({ kind: 'not proved' });
    expect(await verify([await proofOf(2)])).toEqual({ kind: 'lacking', lack: 'event' });
  });

  test('need a key of the log, which may be a file', async () => {
    expect(await verify([note(newest.note)], '')).toEqual({ kind: 'lacking', lack: 'key' });
    expect(await verify([note(newest.note), fileOf('log.vkey', `${vkey}\n`)], '')).toMatchObject({ kind: 'proved' });
    expect(await verify([note(newest.note)], 'no key')).toMatchObject({ kind: 'not proved' });
    const stranger = formatVerifierKey(testKey('other').verifier);
    expect(await verify([note(newest.note)], stranger)).toMatchObject({ kind: 'not proved' });
  });

  test('are two checkpoints in any order, with a consistency proof of the server that is checked', async () => {
    const request = formatWitnessRequest({ oldSize: 3, proof: served, checkpoint: newest.note });
    const sizes: unknown[] = [];
    const read: ReadConsistency = async (asked) => {
      sizes.push(asked);
      return request;
    };
    const notes = [note(newest.note), note(older.note)];
    expect(await verify(notes, vkey, read)).toMatchObject({ kind: 'proved' });
    expect(sizes).toEqual([
      { organizationId: expect.any(String), origin: logKey.verifier.name, from: 3, to: log.length },
    ]);
    expect(await verify(notes)).toEqual({ kind: 'lacking', lack: 'consistency' });
    const lie = async () => formatWitnessRequest({ oldSize: 3, proof: served.slice(1), checkpoint: newest.note });
    expect(await verify(notes, vkey, lie)).toMatchObject({ kind: 'not proved' });
    // After a restart the server has another log, which proves nothing of this one.
    const ofOther = request.replace(logKey.verifier.name, `${logKey.verifier.name}/2`);
    expect(await verify(notes, vkey, async () => ofOther)).toEqual({ kind: 'lacking', lack: 'consistency' });
    // The server may prove another checkpoint than the one that the user has.
    const fork = signedCheckpoint({ origin: logKey.verifier.name, size: log.length, root: older.tree.root }, logKey);
    expect(await verify([note(fork), note(older.note)], vkey, read)).toMatchObject({ kind: 'not proved' });
    const bySelf = [note(older.note), fileOf('consistency', request)];
    expect(await verify(bySelf)).toMatchObject({ kind: 'proved' });
  });

  test('are two checkpoints of one size, and a fork is found without the server', async () => {
    expect(await verify([note(newest.note), note(newest.note)])).toMatchObject({ kind: 'proved' });
    const fork = signedCheckpoint({ origin: logKey.verifier.name, size: log.length, root: older.tree.root }, logKey);
    expect(await verify([note(newest.note), note(fork)])).toMatchObject({ kind: 'not proved' });
  });

  test('are a pack, also with an older checkpoint', async () => {
    const { bytes } = await packOf(log);
    const pack = fileOf('pack.zip', bytes);
    expect(await verify([pack, note(older.note)])).toMatchObject({
      kind: 'proved',
      report: { proved: expect.arrayContaining([expect.stringContaining('since your older checkpoint')]) },
    });
    expect(await verify([pack, await proofOf(2)])).toEqual({ kind: 'lacking', lack: 'files' });
    expect(await verify([pack])).toMatchObject({ report: { lacksLeaves: false } });
    const without = fileOf('pack.zip', (await packOf(log, { isComplete: false })).bytes);
    expect(await verify([without])).toMatchObject({ kind: 'proved', report: { lacksLeaves: true } });
  });

  test('are refused when they do not belong together', async () => {
    expect(await verify([])).toEqual({ kind: 'lacking', lack: 'files' });
    const three = [1, 2, 3].map((size) => note(checkpointOf(log, { size }).note));
    expect(await verify(three)).toEqual({ kind: 'lacking', lack: 'files' });
    expect(await verify([fileOf('text.txt', 'Hello\n')])).toMatchObject({ kind: 'not proved' });
  });
});

test('The page shows what a signed note and a leaf say', () => {
  const witness = testKey('witness.example', 'WITNESS');
  const { note: cosigned } = checkpointOf(log, { witnesses: [{ key: witness, time: 7 }] });
  expect(signaturesIn(cosigned)).toEqual(
    [logKey.verifier, witness.verifier].map(({ name, keyId }) => ({ name, keyId })),
  );
  expect(sizeIn(cosigned)).toBe(log.length);
  expect(leafIn(eventAt(0))).toMatchObject({ revision: 0 });
});

test('An address has only the id of an event', () => {
  const event = 'evt_01h455vb4pex5vsknk084sn02q';
  expect([isEventId(event), isEventId('evt_1')]).toEqual([true, false]);
  expect([proofIn({ event }), proofIn({ event: 'evt_1' }), proofIn({})]).toEqual([{ event }, {}, {}]);
});
