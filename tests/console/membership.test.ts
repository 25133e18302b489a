import { describe, expect, test } from 'vitest';
import { mayCreateShopKey } from '../../src/console/screens/first-run/shop-key.ts';
import { allMemberships, type Membership, membershipIn } from '../../src/console/session/membership.ts';
import { roles } from '../../src/domain/organization/events.ts';

const organization = (id: string) => ({ id, role: 'OWNER' }) as Membership;
const read = { data: [organization('org_1')], error: null, isFetching: false };

describe('The organization of an address', () => {
  test('is found also after the first page of a user', async () => {
    const asked: unknown[] = [];
    const all = await allMemberships(async (query) => {
      asked.push(query);
      return query.cursor === undefined
        ? { data: [organization('org_1')], nextCursor: 'next', hasMore: true }
        : { data: [organization('org_2')], nextCursor: null, hasMore: false };
    });
    expect(asked).toEqual([{ limit: 100 }, { limit: 100, cursor: 'next' }]);
    expect(membershipIn('org_2', { ...read, data: all })).toMatchObject({
      kind: 'member',
      organization: { id: 'org_2' },
    });
  });

  test('tells a list that is not read yet, one that failed, and an organization without the user', () => {
    const error = new Error('down');
    expect(membershipIn('org_1', { data: undefined, error: null, isFetching: true }).kind).toBe('pending');
    expect(membershipIn('org_1', { data: undefined, error, isFetching: false })).toEqual({ kind: 'failed', error });
    expect(membershipIn('org_2', read).kind).toBe('stranger');
    expect(membershipIn('org_2', { ...read, isFetching: true }).kind).toBe('pending');
  });

  test('stays when a later read fails', () => {
    expect(membershipIn('org_1', { ...read, error: new Error('down') }).kind).toBe('member');
  });
});

test('A shop key is offered to roles that have its rights', () => {
  expect(roles.filter(mayCreateShopKey)).toEqual(['OWNER', 'ADMIN']);
});
