import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { foldVersions } from '../../src/aggregates/fold-versions.ts';
import { upcasters } from '../../src/aggregates/upcasters.ts';
import { ownRelease } from '../../src/projections/release.ts';

/** For each number of a release, the hash of its read models, folds and stored events. */
const known: Readonly<Record<number, string>> = {
  1: 'b7a1880147f4318f20812ef205b0a8939e123016226d6016939dcc410d9ca3a2',
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
