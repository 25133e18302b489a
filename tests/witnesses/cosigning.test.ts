import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/proof/notes/checkpoints.ts';
import { formatWitnessRequest } from '../../src/proof/notes/witness-requests.ts';
import { leafHash } from '../../src/proof/tree/merkle-hashes.ts';
import { newTileBuilder, type TileWithHashes } from '../../src/proof/tree/tile-builder.ts';
import { readLastCheckpoint } from '../../src/records/issuer-trees.ts';
import { readUncosigned } from '../../src/records/stored-cosignatures.ts';
import { nodeSha256 } from '../../src/signing/log-keys.ts';
import { createCosigning } from '../../src/witnesses/cosign-checkpoints.ts';
import { keepCosigning } from '../../src/witnesses/keep-cosigning.ts';
import { signedCheckpoint, testKey } from '../proof/keys.ts';
import { leaves } from '../proof/stored-tree.ts';
import { condition } from '../support/product.ts';
import { createReadModels } from '../support/read-models.ts';
import { startWitness, type TestWitness } from '../support/witness.ts';

const vendor = 'org_vendor';
const rival = 'org_rival';
const originOf = (issuer: string) => `ledger.example/${issuer}`;

let models: Awaited<ReturnType<typeof createReadModels>>;
let witness: TestWitness;
let other: TestWitness;
beforeAll(async () => {
  models = await createReadModels();
});
beforeEach(async () => {
  const keys = [vendor, rival].map((issuer) => testKey(originOf(issuer)).verifier);
  [witness, other] = await Promise.all([startWitness('one.example', keys), startWitness('two.example', keys)]);
  await models.superuser.query('truncate ops.log_trees, ops.log_tiles, ops.log_checkpoints, ops.log_cosignatures');
});
afterEach(() => Promise.all([witness.close(), other.close()]));
afterAll(() => models.drop());

/** Writes the tiles and a checkpoint as a notary does. `salt`: makes another tree. */
const sign = async (issuer: string, size: number, salt = ''): Promise<string> => {
  const full: TileWithHashes[] = [];
  const builder = newTileBuilder({ hash: nodeSha256, onFullTile: (tile) => full.push(tile) });
  for (const leaf of leaves(size)) builder.append(leafHash(Buffer.concat([leaf, Buffer.from(salt)]), nodeSha256));
  const db = models.superuser;
  const root = builder.root();
  const note = signedCheckpoint({ origin: originOf(issuer), size, root }, testKey(originOf(issuer)));
  await db.query(
    'insert into ops.log_trees values ($1, $2) on conflict (issuer_org_id) do update set size = excluded.size',
    [issuer, size],
  );
  for (const { tile, hashes } of [...full, ...builder.partials()])
    await db.query(
      `insert into ops.log_tiles values ($1, $2, $3, $4)
        on conflict (issuer_org_id, level, tile_index) do update set hashes = excluded.hashes`,
      [issuer, tile.level, tile.index, Buffer.from(hashes)],
    );
  await db.query(
    `insert into ops.log_checkpoints select $1, coalesce(max(revision) + 1, 0), $2, $3, $4, $5, now()
      from ops.log_checkpoints where issuer_org_id = $1`,
    [issuer, originOf(issuer), size, Buffer.from(root), note],
  );
  return note;
};

const roundOf = (of: TestWitness, nowMs = () => 0) =>
  createCosigning({
    pool: models.worker,
    witness: of,
    signal: new AbortController().signal,
    nowMs,
  });
const signersOf = async (issuer: string) => {
  const stored = await readLastCheckpoint(models.worker, issuer);
  const keys = [testKey(originOf(issuer)).verifier, witness.key, other.key];
  return openCheckpoint(`${stored?.note}${stored?.cosignatures.join('')}`, keys).signers.map(({ key }) => key.name);
};

test('Each witness cosigns the newest checkpoint of each log once, as the log grows', async () => {
  await Promise.all([sign(vendor, 3), sign(rival, 300)]);
  const [ask, askOther] = [roundOf(witness), roundOf(other)];
  expect(await ask()).toEqual({ cosigned: 2, problem: null });
  expect(await ask()).toEqual({ cosigned: 0, problem: null });
  expect(await askOther()).toEqual({ cosigned: 2, problem: null });
  await sign(vendor, 513);
  expect(await ask()).toEqual({ cosigned: 1, problem: null });
  expect(witness.answers).toEqual([200, 200, 200]);
  expect(await signersOf(vendor)).toEqual([originOf(vendor), 'one.example']);
  expect(await signersOf(rival)).toEqual([originOf(rival), 'one.example', 'two.example']);
});

test('Two processes that ask at once store a cosignature once', async () => {
  await Promise.all([sign(vendor, 3), sign(rival, 5)]);
  await Promise.all([roundOf(witness)(), roundOf(witness)()]);
  await roundOf(witness)();
  expect(await signersOf(vendor)).toEqual([originOf(vendor), 'one.example']);
  expect(await signersOf(rival)).toEqual([originOf(rival), 'one.example']);
});

test('A witness that knows another size is asked again from there, and one that knows a larger tree is an alarm', async () => {
  await sign(vendor, 7);
  await roundOf(witness)();
  await models.superuser.query('truncate ops.log_cosignatures');
  await sign(vendor, 9);
  expect(await roundOf(witness)()).toEqual({ cosigned: 1, problem: null });
  expect(witness.answers).toEqual([200, 409, 200]);
  await models.superuser.query('truncate ops.log_cosignatures');
  await sign(vendor, 8);
  const { problem } = await roundOf(witness)();
  expect(problem).toContain('It has cosigned a checkpoint of 9 leaves, and the newest one here has 8.');
});

test('A newer checkpoint of another notary and a missing tile are no alarm, and the next round goes on', async () => {
  await sign(vendor, 300);
  witness.override = async () => {
    await sign(vendor, 600);
    return [409, '600\n'];
  };
  const ask = roundOf(witness);
  expect(await ask()).toEqual({ cosigned: 0, problem: null });
  witness.override = null;
  expect(await ask()).toEqual({ cosigned: 1, problem: null });
  await sign(vendor, 900);
  await models.superuser.query('delete from ops.log_tiles');
  expect(await ask()).toEqual({ cosigned: 0, problem: null });
  await sign(vendor, 900);
  expect(await ask()).toEqual({ cosigned: 1, problem: null });
});

test('The newest cosignature says which size a witness knows', async () => {
  for (const size of [9, 8]) {
    await sign(vendor, size);
    await models.superuser.query(
      `insert into ops.log_cosignatures select issuer_org_id, max(revision), $1, $2, 'line', now()
        from ops.log_checkpoints group by issuer_org_id`,
      [witness.key.name, witness.key.keyId],
    );
  }
  await sign(vendor, 10);
  const { checkpoints } = await readUncosigned(models.worker, witness.key, '');
  expect(checkpoints).toMatchObject([{ issuerOrgId: vendor, size: 10, cosigned: 8 }]);
});

test('A witness that has seen another tree refuses, and its other logs go on', async () => {
  await sign(vendor, 7, 'another past');
  await roundOf(witness)();
  await Promise.all([sign(vendor, 9), sign(rival, 2)]);
  let passedMs = 0;
  const ask = roundOf(witness, () => passedMs);
  const { cosigned, problem } = await ask();
  expect(cosigned).toBe(1);
  expect(problem).toBe(
    `the log of ${vendor}: It refuses the consistency proof (422), so it has seen another log under this name. Run ledger verify.`,
  );
  const answered = witness.answers.length;
  expect((await ask()).problem).toBe(problem);
  expect(witness.answers).toHaveLength(answered);
  passedMs = 600_001;
  await ask();
  expect(witness.answers).toHaveLength(answered + 1);
});

test('A witness with a fault about one log gets the others, and a round ends after three faults in a row', async () => {
  await Promise.all([sign(vendor, 3), sign(rival, 5)]);
  witness.override = (body) => (body.includes(originOf(rival)) ? [500, ''] : null);
  const ask = roundOf(witness);
  expect(await ask()).toEqual({ cosigned: 1, problem: `the log of ${rival}: It answered 500.` });
  expect(await signersOf(vendor)).toEqual([originOf(vendor), 'one.example']);
  for (const letter of ['a', 'b', 'c', 'd']) await sign(`org_${letter}`, 3);
  witness.override = () => [503, ''];
  expect(await ask()).toEqual({ cosigned: 0, problem: 'It answered 503.' });
  expect(witness.answers.slice(-4)).toEqual([200, 503, 503, 503]);
});

test.each<readonly [string, TestWitness['override'], string]>([
  ['does not know the log', () => [404, ''], 'It does not know the log (404).'],
  [
    'answers no signature',
    () => [200, 'thank you\n'],
    'It answered 200 in a form that is not the one of C2SP tlog-witness.',
  ],
  ['answers too much', () => [200, 'x'.repeat(16_001)], 'its answer has more than 16000 bytes'],
  ['is overloaded', () => [503, ''], 'It answered 503.'],
  ['redirects', () => [302, ''], 'It did not answer: unexpected redirect.'],
])('Nothing is stored of a witness that %s', async (_, override, sentence) => {
  await sign(vendor, 3);
  witness.override = override;
  expect((await roundOf(witness)()).problem).toContain(sentence);
  expect(await signersOf(vendor)).toEqual([originOf(vendor)]);
});

test('A wrong cosignature and one of another witness are refused', async () => {
  const note = await sign(vendor, 3);
  const answer = async (from: TestWitness, body: string) =>
    (await fetch(`${from.url}/add-checkpoint`, { method: 'POST', body })).text();
  const ofOther = await answer(other, formatWitnessRequest({ oldSize: 0, proof: [], checkpoint: note }));
  witness.override = () => [200, ofOther];
  expect((await roundOf(witness)()).problem).toContain('No known key signed the note.');
  const rivals = await sign(rival, 3);
  witness.override = null;
  const right = await answer(witness, formatWitnessRequest({ oldSize: 0, proof: [], checkpoint: rivals }));
  await models.superuser.query('delete from ops.log_trees where issuer_org_id = $1', [rival]);
  witness.override = () => [200, right];
  expect((await roundOf(witness)()).problem).toContain('The signature of one.example with the key');
  expect(await signersOf(vendor)).toEqual([originOf(vendor)]);
});

test('A silent witness delays no other one, and a stop does not wait for it', async () => {
  await sign(vendor, 3);
  witness.override = () => 'hang';
  const lines: string[] = [];
  const log = { info: () => {}, warn: (fields: object) => lines.push(JSON.stringify(fields)), error: () => {} };
  const cosigning = keepCosigning({ pool: models.worker, witnesses: [witness, other], log, pauseMs: 20 });
  await condition('the other witness has cosigned', async () => (await signersOf(vendor)).includes('two.example'));
  await cosigning.stop();
  expect(lines).toEqual([]);
  await witness.close();
  const again = keepCosigning({ pool: models.worker, witnesses: [witness], log, pauseMs: 20 });
  await condition('the problem is known', async () => again.problems().length === 1);
  expect(again.problems()[0]).toMatch(/^The witness one\.example: It did not answer: /);
  await again.stop();
  expect(lines).toHaveLength(1);
});
