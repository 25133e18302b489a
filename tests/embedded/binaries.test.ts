import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { linkLibraries, postgresBinaries } from '../../src/embedded/binaries.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const copyWithoutLinks = async () => {
  const { native } = await postgresBinaries();
  const copy = path.join(await temporaryDirectory(), 'native');
  await mkdir(path.join(copy, 'lib'), { recursive: true });
  await cp(path.join(native, 'pg-symlinks.json'), path.join(copy, 'pg-symlinks.json'));
  const listed: { source: string; target: string }[] = JSON.parse(
    readFileSync(path.join(copy, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source } of listed) await cp(path.join(native, '..', source), path.join(copy, '..', source));
  return { copy, targets: listed.map(({ target }) => path.join(copy, '..', target)) };
};

test('Missing and broken links to libraries are created, also by several processes at once', async () => {
  const { copy, targets } = await copyWithoutLinks();
  expect(targets.length).toBeGreaterThan(0);
  await Promise.all(Array.from({ length: 8 }, () => linkLibraries(copy)));
  expect(targets.filter((target) => !existsSync(target))).toEqual([]);

  const [first = ''] = targets;
  await unlink(first);
  await symlink('nowhere', first);
  await linkLibraries(copy);
  expect(existsSync(first)).toBe(true);
});
