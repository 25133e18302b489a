import { useQueryClient } from '@tanstack/react-query';
import { useOrganizationId } from '../../session/ledger.ts';
import { type LiveState, useLiveEvents } from '../../session/live-events.ts';
import { useMay } from '../../session/may.ts';

/**
 * Reads the page of a license again when something happens to the license, for roles that may read the feed. Returns
 * whether it does so.
 */
export const useNews = (licenseId: string, isNow: boolean): LiveState => {
  const queries = useQueryClient();
  const organizationId = useOrganizationId();
  const may = useMay();
  const readAgain = () => void queries.invalidateQueries({ queryKey: [organizationId] });
  return useLiveEvents({
    license: licenseId,
    isEnabled: isNow && may('readEvents'),
    // The page was read before, so it may lack an event.
    onBegin: readAgain,
    onEvents: readAgain,
  });
};
