import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { foldVersions } from '../../src/aggregates/fold-versions.ts';
import { upcasters } from '../../src/aggregates/upcasters.ts';
import { ownDirectory } from '../../src/postgres/sql-files.ts';
import { ownRelease } from '../../src/projections/release.ts';
import { readShape } from '../../src/projections/shape.ts';

/** For each number of a release, the hash of its read models, folds and stored events. */
const known: Readonly<Record<number, string>> = {
  1: 'eb4cf06c8b83d8751d7860c64fc237081a6781bd81328ae13188a3d629f4be70',
};

// Two releases with one number and different read models would replace each other's read models at every start. When
// your change makes this fail: raise `ownNumber` in src/projections/release.ts and add a line above when the number was
// released. Otherwise replace its hash.
test('A release has its own number for its read models, folds and stored events', () => {
  const { number, shape } = ownRelease();
  const versions = [...upcasters].map(([type, steps]) => [type, steps.length]);
  const text = JSON.stringify([shape, foldVersions, versions]);
  expect(known).toHaveProperty([number], createHash('sha256').update(text).digest('hex'));
});

test('Another fold is another shape, so the first start makes the rows again', () => {
  const { shape } = ownRelease();
  expect(readShape(ownDirectory).hash).toBe(shape);
  expect(readShape(ownDirectory, { ...foldVersions, license: 'license-0' }).hash).not.toBe(shape);
});
