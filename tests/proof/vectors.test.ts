import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runCommand } from '../../src/verifier/command.ts';
import { naiveLeafHash, naivePath, naiveProof, naiveRoot } from './naive-tree.ts';
import { hex, leaves } from './stored-tree.ts';
import { vectorFiles } from './vectors/make.ts';

const folder = 'tests/proof/vectors';
const read = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');

test('The vectors are those of their parameters: node --import tsx tests/proof/vectors/make.ts makes them', async () => {
  const files = await vectorFiles();
  expect(readdirSync(folder).sort()).toEqual([...files.keys(), 'make.ts', 'parameters.json'].sort());
  for (const [name, text] of files) expect(read(name), name).toBe(text);
});

test('The trees of the vectors are those of RFC 9162', () => {
  for (const { size, root, inclusion, consistency } of JSON.parse(read('trees.json'))) {
    const hashes = leaves(size).map(naiveLeafHash);
    expect(root).toBe(hex(naiveRoot(hashes)));
    expect(inclusion.proof).toEqual(naivePath(inclusion.index, hashes).map(hex));
    expect(consistency.proof).toEqual(naiveProof(consistency.older, hashes).map(hex));
  }
});

test('The verifier proves the files of the vectors', () => {
  const files = (...names: readonly string[]) => names.map((name) => `${folder}/${name}`);
  const keys = ['--key', `${folder}/log.vkey`, '--witness', `${folder}/witness.vkey`];
  for (const event of ['event.json', 'leaf.json'])
    expect(runCommand(['inclusion', ...files('event.tlog-proof', event), ...keys], readFileSync).exitCode).toBe(0);
  const consistency = runCommand(
    ['consistency', ...files('older.checkpoint', 'newer.consistency'), ...keys],
    readFileSync,
  );
  expect(consistency.exitCode).toBe(0);
});
