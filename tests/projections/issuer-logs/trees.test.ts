import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { restartedOrigin } from '../../../src/proof/notes/log-origins.ts';
import { formatNote } from '../../../src/proof/notes/signed-notes.ts';
import { formatVerifierKey } from '../../../src/proof/notes/verifier-keys.ts';
import { signingKey, signText } from '../../../src/signing/log-keys.ts';
import { signedCheckpoint, testKey } from '../../proof/keys.ts';
import { type SignedTree, signTree, testOrigin } from '../../support/issuer-trees.ts';
import { rival, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, emptyReadModels, project } from '../../support/read-models.ts';
import { checkpointEvents, copiesOf, moveToEnd, signed, started, verdictWith, withCheckpoints } from './signed-logs.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
const events = randomLog(700, 31);
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, events);
});
beforeEach(() =>
  models.superuser.query(
    'truncate ops.log_trees, ops.log_tiles, ops.log_checkpoints, ops.log_keys, ops.log_cosignatures',
  ),
);
afterAll(() => models.drop());

const faultsOf = async (log: readonly Recorded[], copies = copiesOf(vendor)) => {
  const { findings } = await verdictWith(models, log, copies);
  return findings.map(({ code, stream, revision, what }) => [code, stream, revision, what]);
};
const fault = (what: string, revision: bigint | null = null) => [
  ['TREE_DIFFERS', `checkpoint-${vendor}`, revision, what],
];

const wrongSignature = /^The signature of .* with the key \w+ is wrong\.$/;

test('Trees, checkpoints and outside copies of two issuers that the log makes are intact', async () => {
  const { log, trees } = await withCheckpoints(models, events, vendor, [0, 1, 256, 256, 300, undefined]);
  const { leaves } = await signTree(models.superuser, rival);
  expect(leaves.length).toBeGreaterThan(200);
  // Only its tiles: the log has no checkpoint of this issuer.
  for (const table of ['log_checkpoints', 'log_keys'])
    await models.superuser.query(`delete from ops.${table} where issuer_org_id = $1`, [rival]);
  const verdict = await verdictWith(models, log, copiesOf(vendor, ...trees));
  expect(verdict).toMatchObject({ intact: true, findings: [] });
  expect(verdict.trees).toBeGreaterThanOrEqual(2);
});

test('A log that grew since its last checkpoint is intact, and so are tiles that lag', async () => {
  const { log } = await withCheckpoints(models, events, vendor, [10, 200]);
  expect(await faultsOf(log)).toEqual([]);
});

test.each([
  [
    'a tile with another hash',
    `update ops.log_tiles set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) where level = 0 and tile_index = 0`,
    'tile/0/000 is missing or not what the log makes it',
  ],
  [
    'a missing tile',
    'delete from ops.log_tiles where level = 1',
    /^tile\/1\/000\.p\/\d is missing or not what the log makes it$/,
  ],
  [
    'a tile too many',
    `insert into ops.log_tiles select issuer_org_id, 2, 0, hashes from ops.log_tiles where level = 1`,
    /^there are 4 tiles, and the log makes 3$/,
  ],
  [
    'a tree that is too large',
    'update ops.log_trees set size = 100000',
    /^the tiles have 100000 leaves, and the log has \d+$/,
  ],
  ['tiles without a tree', 'delete from ops.log_trees', /^there are 3 tiles, and the log makes 0$/],
])('Verify names %s', async (_, statement, what) => {
  const { log } = await withCheckpoints(models, events, vendor, [undefined]);
  await models.superuser.query(statement);
  expect(await faultsOf(log)).toEqual([['TREE_DIFFERS', `checkpoint-${vendor}`, null, expect.stringMatching(what)]]);
});

test('Verify names the first checkpoint over another tree, and one over more than the log has', async () => {
  const { trees } = await withCheckpoints(models, events, vendor, [10, 20, undefined]);
  const [one, two, whole] = trees as [SignedTree, SignedTree, SignedTree];
  const logOf = (...heads: readonly SignedTree[]) => [
    ...events,
    ...checkpointEvents(events, vendor, [started(one), ...heads.map(signed)]),
  ];
  const sign = (size: number, root: Uint8Array): SignedTree => ({
    ...{ ...one, size, root },
    note: signedCheckpoint({ origin: one.origin, size, root }, testKey(one.origin)),
  });
  expect(await faultsOf(logOf(one, sign(20, one.root), whole))).toEqual(
    fault('the checkpoint is over another tree than the first 20 events of the log', 2n),
  );
  expect(await faultsOf(logOf(one, two, sign(100_000, one.root)))).toEqual(
    fault(`the checkpoint covers 100000 events, and the log has ${whole.size}`, 3n),
  );
  expect(await faultsOf(logOf(two, one, whole))).toEqual(fault('A tree of 20 leaves was signed before it.', 2n));
});

test('Verify names a checkpoint that nobody signed, and one that its event does not describe', async () => {
  const { trees } = await withCheckpoints(models, events, vendor, [10, 20]);
  const [one, two] = trees as [SignedTree, SignedTree];
  const { origin, root } = two;
  const logOf = (first: SignedTree, second: SignedTree): readonly Recorded[] => [
    ...events,
    ...checkpointEvents(events, vendor, [started(one), signed(first), signed(second)]),
  ];
  const stranger = signedCheckpoint({ origin, size: 20, root }, testKey(origin.replace('ledger', 'other')));
  expect(await faultsOf(logOf(one, { ...two, note: stranger }))).toEqual(
    fault(expect.stringMatching(/^The key \w+ of .* did not sign the note\.$/) as unknown as string, 2n),
  );
  expect(await faultsOf(logOf(one, { ...two, note: one.note }))).toEqual(
    fault('The event and its note name different trees.', 2n),
  );
  expect(await faultsOf(logOf({ ...one, note: two.note.replace(/^20$/m, '10') }, two))).toEqual(
    fault(expect.stringMatching(wrongSignature) as unknown as string, 1n),
  );
});

test('A key that the old one has signed goes on, and another one does not', async () => {
  const { trees } = await withCheckpoints(models, events, vendor, [10, 20]);
  const [one, two] = trees as [SignedTree, SignedTree];
  const { origin } = one;
  const [old, next] = [testKey(origin), signingKey(origin, 'LOG', new Uint8Array(32).fill(7))];
  const vkey = formatVerifierKey(next.verifier);
  const byNext = { ...two, note: signedCheckpoint({ origin, size: two.size, root: two.root }, next) };
  const text = `license-ledger log key\n${origin}\n${vkey}\n`;
  const rotation = {
    type: 'LogKeyRotated',
    data: { vkey, note: formatNote({ text, signatures: [signText(text, old)] }) },
  };
  const forged = { ...rotation, data: { ...rotation.data, note: rotation.data.note.replace(origin, `${origin}/2`) } };
  const logOf = (rotated: typeof rotation, head = byNext) => [
    ...events,
    ...checkpointEvents(events, vendor, [started(one), signed(one), rotated, signed(head)]),
  ];
  await moveToEnd(models, logOf(rotation));
  expect(await faultsOf(logOf(rotation))).toEqual([]);
  expect(await faultsOf(logOf(forged))).toEqual(fault(expect.stringMatching(wrongSignature) as unknown as string, 2n));
  const notSigned = `The key ${next.verifier.keyId} of ${origin} did not sign the note.`;
  expect(await faultsOf(logOf(rotation, two))).toEqual(fault(notSigned, 3n));
});

test('Verify names an outside copy that the log does not lead to', async () => {
  const { log, trees } = await withCheckpoints(models, events, vendor, [10, 20, 30]);
  const [one, two, three] = trees as [SignedTree, SignedTree, SignedTree];
  expect(await faultsOf(log, copiesOf(vendor, three, one))).toEqual([]);
  const key = testKey(one.origin);
  const sign = (size: number, origin = one.origin, signer = key) => ({
    ...one,
    note: signedCheckpoint({ origin, size, root: two.root }, signer),
  });
  expect(await faultsOf(log, copiesOf(vendor, three, sign(15)))).toEqual(
    fault('the outside copy copy 2 is over another tree than the first 15 events of the log'),
  );
  expect(await faultsOf(log, copiesOf(vendor, sign(5_000)))).toEqual(
    fault(
      expect.stringMatching(/^the outside copy copy 1 covers 5000 events, and the log has \d+$/) as unknown as string,
    ),
  );
  const stranger = testKey('another');
  expect(await faultsOf(log, copiesOf(vendor, sign(20, one.origin, stranger)))).toEqual(
    fault('no key of the log has signed the outside copy copy 1'),
  );
  const later = restartedOrigin(one.origin);
  expect(await faultsOf(log, copiesOf(vendor, sign(20, later, testKey(later))))).toEqual(
    fault(`the outside copy copy 1 is of ${later}, which this log has not begun`),
  );
  expect(await faultsOf(events, copiesOf(vendor, two))).toEqual(
    expect.arrayContaining(fault(`the outside copy copy 1 is of ${one.origin}, which this log has not begun`)),
  );
});

test('A log that began again is compared with what it signed since, and not with the old copies', async () => {
  const old = await signTree(models.superuser, vendor, { size: 30 });
  const again = await signTree(models.superuser, vendor, { size: 20, generation: 2 });
  const restart = {
    type: 'LogRestarted',
    data: {
      origin: again.origin,
      vkey: again.vkey,
      reason: 'RESTORED',
      last: { origin: old.origin, size: 30, root: Buffer.from(old.root).toString('base64') },
    },
  };
  const copyOf = (size: number, root: Uint8Array) => ({
    ...old,
    note: signedCheckpoint({ origin: old.origin, size, root }, testKey(old.origin)),
  });
  const log = [...events, ...checkpointEvents(events, vendor, [started(old), signed(old), restart, signed(again)])];
  await moveToEnd(models, log);
  const verdict = await verdictWith(models, log, copiesOf(vendor, old, copyOf(20, again.root), again));
  expect(verdict).toMatchObject({ intact: true, damaged: 0 });
  const began = `notary began the log again at 2031-01-01T00:00:00.000Z as ${again.origin}, with the reason RESTORED, after 30 events of ${old.origin}`;
  const notice = ['LOG_RESTARTED', `checkpoint-${vendor}`, 2n, `${began}; ask who did it, when you do not know of it`];
  expect(await faultsOf(log)).toEqual([notice]);
  // An event that nobody signed cannot turn the copies off.
  const larger = `the outside copy copy 1 of ${old.origin} covers 9999 events, and the log began again after 30`;
  expect(await faultsOf(log, copiesOf(vendor, copyOf(9_999, old.root)))).toEqual([notice, ...fault(larger)]);
  const other = `the outside copy copy 1 of ${old.origin} has another root than the log that began again`;
  expect(await faultsOf(log, copiesOf(vendor, copyOf(30, again.root)))).toEqual([notice, ...fault(other)]);
});

test('A restart under another name than the next one, or below what was signed, is named', async () => {
  const old = await signTree(models.superuser, vendor, { size: 30 });
  const restartTo = (generation: number, size: number) => {
    const origin = testOrigin(vendor, generation);
    const vkey = formatVerifierKey(testKey(origin).verifier);
    const last = { origin: old.origin, size, root: 'x' };
    return { type: 'LogRestarted', data: { origin, vkey, reason: 'RESTORED', last } };
  };
  const logOf = (restart: ReturnType<typeof restartTo>) => [
    ...events,
    ...checkpointEvents(events, vendor, [started(old), signed(old), restart]),
  ];
  await moveToEnd(models, logOf(restartTo(2, 30)));
  const notice = ['LOG_RESTARTED', `checkpoint-${vendor}`, 2n, expect.stringContaining('began the log again')];
  expect(await faultsOf(logOf(restartTo(2, 30)))).toEqual([notice]);
  const skipped = `${testOrigin(vendor, 3)} is not the next name of the log ${old.origin}.`;
  expect(await faultsOf(logOf(restartTo(3, 30)))).toEqual([notice, ...fault(skipped, 2n)]);
  const below = `The log began again after 29 leaves of ${old.origin}, which had signed 30.`;
  expect(await faultsOf(logOf(restartTo(2, 29)))).toEqual([notice, ...fault(below, 2n)]);
});

test('Copies are compared with the whole stream while the read models lag, and before they begin', async () => {
  const { log, trees } = await withCheckpoints(models, events, vendor, [10, 20]);
  const [one, two] = trees as [SignedTree, SignedTree];
  const note = signedCheckpoint({ origin: one.origin, size: 5_000, root: one.root }, testKey(one.origin));
  const larger = { ...one, size: 5_000, note };
  const signing = [started(one), ...[one, two, larger].map(signed)];
  await moveToEnd(models, log);
  const whole = [...events, ...checkpointEvents(events, vendor, signing)];
  expect(await faultsOf(whole, copiesOf(vendor, larger))).toEqual([]);
  const elsewhere = testKey(one.origin.replace('ledger', 'other'));
  const foreign = { ...one, note: signedCheckpoint({ ...one, origin: elsewhere.verifier.name }, elsewhere) };
  const named = fault(`the outside copy copy 1 is of ${elsewhere.verifier.name}, which this log has not begun`);
  expect(await faultsOf(log, copiesOf(vendor, foreign))).toEqual(named);

  const fresh = await createReadModels();
  const { findings } = await verdictWith(fresh, log, copiesOf(vendor, larger, one));
  await fresh.drop();
  expect(findings.filter(({ code }) => code === 'TREE_DIFFERS').map(({ what }) => what)).toEqual([
    'the outside copy copy 1 covers 5000 events, and the log has signed 20',
  ]);
});

test('A database without read models of this issuer does not hide that its log is gone', async () => {
  const { log, trees } = await withCheckpoints(models, events, vendor, [30]);
  const ofVendor = (event: Recorded) => event.metadata.issuerOrgId === vendor || event.stream.endsWith(vendor);
  const rest = log.filter((event) => !ofVendor(event));
  await emptyReadModels(models.superuser);
  await project(models.projector, rest);
  await models.superuser.query('truncate ops.log_trees, ops.log_tiles');
  await moveToEnd(models, log);
  const gone = 'the checkpoint covers 30 events, and the log has 0';
  const checkpoints = log.filter(({ stream }) => stream === `checkpoint-${vendor}`);
  expect(await faultsOf([...rest, ...checkpoints])).toEqual(expect.arrayContaining(fault(gone, 1n)));
  expect(await faultsOf(rest, copiesOf(vendor, ...trees))).toEqual(
    expect.arrayContaining(fault(`the outside copy copy 1 is of ${trees[0]?.origin}, which this log has not begun`)),
  );
});
