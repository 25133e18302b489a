import { describe, expect, test } from 'vitest';
import { decideAll } from '../../../src/domain/license/decide-all.ts';
import { command, followedBy } from './commands.ts';
import { activated, issued, licenseAfter, noon, revoke, suspend } from './examples.ts';

const add = command('AddProduct', { product: 'workflow_app' });
const remove = command('RemoveProduct', { product: 'local_cli' });
const license = () => licenseAfter(issued(), activated('a', 1));

describe('commands decided together', () => {
  test('come to what they come to one after the other', () => {
    const decided = decideAll([add, remove, suspend()], license(), noon);
    const history = followedBy([issued(), activated('a', 1)], add, remove, suspend());
    expect(decided).toEqual(history.slice(2).map(({ event }) => event));
  });
  test('are each decided on what the ones before leave', () => {
    expect(decideAll([add, add], license(), noon)).toHaveLength(1);
    expect(decideAll([revoke(), add], license(), noon)).toMatchObject({ rejected: 'LICENSE_REVOKED' });
  });
  test('leave the license that they are decided on as it is', () => {
    const before = license();
    decideAll([add, remove], before, noon);
    expect(before).toEqual(license());
  });
  test('change nothing when there are none', () => expect(decideAll([], license(), noon)).toEqual([]));
});
