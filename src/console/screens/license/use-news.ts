import { useQueryClient } from '@tanstack/react-query';
import { useOrganizationId } from '../../session/ledger.ts';
import { useLiveEvents } from '../../session/live-events.ts';
import { useMay } from '../../session/may.ts';

/** Reads the page of a license again when something happens to the license, for roles that may read the feed. */
export const useNews = (licenseId: string, isNow: boolean): void => {
  const queries = useQueryClient();
  const organizationId = useOrganizationId();
  const may = useMay();
  useLiveEvents({
    isEnabled: isNow && may('readEvents'),
    // The page reads everything at the same time.
    onBegin: () => undefined,
    onEvents: (events) => {
      if (events.some(({ subject }) => subject === licenseId))
        void queries.invalidateQueries({ queryKey: [organizationId] });
    },
  });
};
