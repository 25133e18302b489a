import { useQuery } from '@tanstack/react-query';
import { useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import type { Period } from './activity-in-address.ts';
import { type CountedType, countedTypeOf, countedTypes, countIn, startsOf } from './counts.ts';

const pageSize = 1_000;
const pagesMax = 20;
/** The most events that the charts read. */
export const readMax = pageSize * pagesMax;

/** The numbers of a period. `cutAt`: there were too many events, and those before this instant were not read. */
export type Counts = {
  readonly starts: readonly number[];
  readonly counts: Readonly<Record<CountedType, readonly number[]>>;
  readonly cutAt: string | null;
};

/** Counts the events of a period. It reads the feed backwards until the beginning of the period. */
export const useCounts = (period: Period) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: [organizationId, 'counts', period],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Counts> => {
      const starts = startsOf(period, Date.now());
      const begin = starts[0] ?? 0;
      const instants: Record<CountedType, number[]> = { LicenseIssued: [], ActivationRecorded: [], LicenseExpired: [] };
      let cursor: string | null = null;
      let cutAt: string | null = null;
      for (let pages = 1; ; pages += 1) {
        const query: { types: string; order: 'desc'; limit: number; cursor?: string } = {
          types: countedTypes.join(),
          order: 'desc',
          limit: pageSize,
          ...(cursor === null ? {} : { cursor }),
        };
        const { data } = await session.call(organizationId, 'listEvents', { query }, { signal });
        for (const event of data.data) {
          const counted = countedTypeOf(event, organizationId);
          if (counted !== null) instants[counted].push(Date.parse(event.time));
        }
        const oldest = data.data.at(-1)?.recordedtime ?? null;
        if (!data.hasMore || oldest === null || Date.parse(oldest) < begin) break;
        if (pages === pagesMax) {
          cutAt = oldest;
          break;
        }
        cursor = data.nextCursor;
      }
      const counts = {
        LicenseIssued: countIn(starts, instants.LicenseIssued),
        ActivationRecorded: countIn(starts, instants.ActivationRecorded),
        LicenseExpired: countIn(starts, instants.LicenseExpired),
      };
      return { starts, counts, cutAt };
    },
  });
};
