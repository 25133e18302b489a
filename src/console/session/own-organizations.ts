import { useParams } from '@tanstack/react-router';
import { useReadOfUser } from './ledger.ts';

/** Returns the organizations of the user with their roles. */
export const useOrganizations = () => useReadOfUser('listOrganizations', { query: { limit: 100 } });

/** Returns the organization in the address, as the user is a member of it. Null: not known yet, or none. */
export const useOrganization = () => {
  const { organizationId } = useParams({ strict: false });
  const organizations = useOrganizations();
  return organizations.data?.data.find(({ id }) => id === organizationId) ?? null;
};

/** Returns the time zone of the organization in the address, or null. */
export const useIssuerZone = (): string | null => useOrganization()?.timeZone ?? null;
