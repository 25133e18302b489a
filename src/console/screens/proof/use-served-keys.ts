import { LedgerProblem } from '@license-ledger/client';
import { useQuery } from '@tanstack/react-query';
import { useOrganizationId } from '../../session/ledger.ts';
import { readText } from '../../session/read-text.ts';
import { useSession } from '../../session/session-context.tsx';

/** Reads the public keys that the server shows for the log, one on each line. Empty: the log has none yet. */
export const useServedKeys = () => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: [organizationId, 'log keys'],
    queryFn: async () => {
      try {
        return await readText(session, organizationId, `/v1/logs/${organizationId}/keys`);
      } catch (error) {
        if (error instanceof LedgerProblem && error.status === 404) return '';
        throw error;
      }
    },
  });
};
