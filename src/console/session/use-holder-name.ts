import { useQuery } from '@tanstack/react-query';
import { useOrganizationId } from './ledger.ts';
import { createNameBatches } from './name-batches.ts';
import type { Session } from './session.ts';
import { useSession } from './session-context.tsx';

/** The most ids that the API takes in one request. */
const idsMax = 100;
const staleMs = 5 * 60_000;

const readers = new WeakMap<Session, Map<string, ReturnType<typeof createNameBatches>>>();

/** Returns the name of an organization that holds a license. Null: it is not known yet, or the API does not name it. */
export const useHolderName = (holder: string | null): string | null => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const { data } = useQuery({
    queryKey: [organizationId, 'holder', holder],
    queryFn: () => (holder === null ? null : readerOf(session, organizationId)(holder)),
    enabled: holder !== null,
    staleTime: staleMs,
  });
  return data ?? null;
};

/** Returns the reader of names that all parts of the page share. */
const readerOf = (session: Session, organizationId: string) => {
  const ofSession = readers.get(session) ?? new Map<string, ReturnType<typeof createNameBatches>>();
  readers.set(session, ofSession);
  const reader =
    ofSession.get(organizationId) ??
    createNameBatches(async (ids) => {
      const { data } = await session.call(organizationId, 'listHolders', { query: { ids: ids.join() } });
      return new Map(data.data.map(({ organizationId: id, name }) => [id, name]));
    }, idsMax);
  ofSession.set(organizationId, reader);
  return reader;
};
