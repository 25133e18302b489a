import { useQuery } from '@tanstack/react-query';
import { useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import type { Period } from './activity-in-address.ts';
import { sumIn, utcDayOf, utcStartsOf } from './counts.ts';

/** The validations of a period: the beginnings of the columns in milliseconds, and the number in each column. */
export type ValidationsOfPeriod = { readonly starts: readonly number[]; readonly counts: readonly number[] };

/** Reads the validations of a period. The server counts days in UTC, and the columns show those days. */
export const useValidations = (period: Period) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: [organizationId, 'validations', period],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<ValidationsOfPeriod> => {
      const starts = utcStartsOf(period, Date.now());
      const query = { from: utcDayOf(starts[0] ?? 0) };
      const { data } = await session.call(organizationId, 'organizationValidations', { query }, { signal });
      return { starts, counts: sumIn(starts, data.data) };
    },
  });
};
