import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { allMemberships, type Membership, type MembershipState, membershipIn } from './membership.ts';
import { useSession } from './session-context.tsx';

/** Reads the organizations of the user with their roles. */
export const useOrganizations = () => {
  const session = useSession();
  return useQuery({
    queryKey: ['user', 'listOrganizations'],
    queryFn: ({ signal }) =>
      allMemberships(async (query) => (await session.call(null, 'listOrganizations', { query }, { signal })).data),
  });
};

/** Returns whether the user is a member of the organization of the address, and how to read it again. */
export const useMembership = (): { readonly state: MembershipState; readonly retry: () => void } => {
  const { organizationId } = useParams({ strict: false });
  const organizations = useOrganizations();
  return { state: membershipIn(organizationId, organizations), retry: () => void organizations.refetch() };
};

/** Returns the organization in the address, as the user is a member of it. Null: not known yet, or none. */
export const useOrganization = (): Membership | null => {
  const { state } = useMembership();
  return state.kind === 'member' ? state.organization : null;
};

/** Returns the time zone of the organization in the address, or null. */
export const useIssuerZone = (): string | null => useOrganization()?.timeZone ?? null;
