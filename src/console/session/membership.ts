import type { AnswerOf } from '@license-ledger/client';

type Page = AnswerOf<'listOrganizations'>;

/** An organization with the role of the user in it. */
export type Membership = Page['data'][number];

/** The user in the organization of the address: a member, or not, or not known. */
export type MembershipState =
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'stranger' }
  | { readonly kind: 'member'; readonly organization: Membership };

/** Returns all organizations of the user, which `read` reads page by page. */
export const allMemberships = async (
  read: (query: { readonly limit: number; readonly cursor?: string }) => Promise<Page>,
): Promise<readonly Membership[]> => {
  const memberships: Membership[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await read({ limit: 100, ...(cursor === null ? {} : { cursor }) });
    memberships.push(...page.data);
    cursor = page.hasMore ? page.nextCursor : null;
  } while (cursor !== null);
  return memberships;
};

/**
 * Returns whether the user is a member of an organization. `memberships` undefined: no read has succeeded. A list that is
 * read again may not have the organization yet, such as after an invitation.
 */
export const membershipIn = (
  organizationId: string | undefined,
  {
    data: memberships,
    error,
    isFetching,
  }: {
    readonly data: readonly Membership[] | undefined;
    readonly error: Error | null;
    readonly isFetching: boolean;
  },
): MembershipState => {
  const organization = memberships?.find(({ id }) => id === organizationId);
  if (organization !== undefined) return { kind: 'member', organization };
  if (isFetching) return { kind: 'pending' };
  if (error !== null) return { kind: 'failed', error };
  return memberships === undefined ? { kind: 'pending' } : { kind: 'stranger' };
};
