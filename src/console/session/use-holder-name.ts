import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { type HolderReader, holderQuery, readHolders } from './holder-queries.ts';
import { useOrganizationId } from './ledger.ts';
import { createNameBatches, type Names } from './name-batches.ts';
import { useOrganization } from './own-organizations.ts';
import type { Session } from './session.ts';
import { useSession } from './session-context.tsx';

/** The most ids that the API takes in one request. */
const idsMax = 100;

const readers = new WeakMap<Session, Map<string, HolderReader>>();

/**
 * Returns the name of an organization that holds a license. Returns null until it is known, where the API does not name
 * it, and when the read fails.
 */
export const useHolderName = (holder: string): string | null => {
  const reader = useReader();
  const own = useOrganization();
  const isOwn = holder === reader.organizationId;
  const { data } = useQuery({ ...holderQuery(reader, holder), enabled: !isOwn });
  return isOwn ? (own?.name ?? null) : (data ?? null);
};

/**
 * Returns the names of the holders in a list that grows, by their ids. Further entries of the list read the names of their
 * holders together, however many rows are rendered.
 */
export const useHolderNames = (
  holders: readonly string[],
): { readonly names: Names; readonly error: Error | null; readonly retry: () => void } => {
  const queries = useQueryClient();
  const reader = useReader();
  const own = useOrganization();
  const others = [...new Set(holders)].filter((holder) => holder !== reader.organizationId);
  const { data, error, refetch } = useQuery({
    queryKey: [reader.organizationId, 'holders', others],
    queryFn: () => readHolders(reader, others, (query) => queries.fetchQuery(query)),
    placeholderData: keepPreviousData,
    // A longer list replaces it.
    gcTime: 0,
  });
  const names = new Map([...(data ?? []), ...(own === null ? [] : [[own.id, own.name] as const])]);
  return { names, error, retry: () => void refetch() };
};

/** Returns the reader of names that all parts of the page share. */
const useReader = (): HolderReader => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const ofSession = readers.get(session) ?? new Map<string, HolderReader>();
  readers.set(session, ofSession);
  const reader = ofSession.get(organizationId) ?? readerOf(session, organizationId);
  ofSession.set(organizationId, reader);
  return reader;
};

const readerOf = (session: Session, organizationId: string): HolderReader => ({
  organizationId,
  readName: createNameBatches(async (ids) => {
    const { data } = await session.call(organizationId, 'listHolders', { query: { ids: ids.join() } });
    return new Map(data.data.map(({ organizationId: id, name }) => [id, name]));
  }, idsMax),
});
