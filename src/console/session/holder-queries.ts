import { idPattern } from '../../domain/ids.ts';
import type { Names } from './name-batches.ts';

const staleMs = 5 * 60_000;
const holderId = idPattern('org');

/** What reads the name of an organization that holds licenses of this one. */
export type HolderReader = {
  readonly organizationId: string;
  readonly readName: (holder: string) => Promise<string | null>;
};

/** Returns the query for the name of a holder, which all parts of the page share. */
export const holderQuery = ({ organizationId, readName }: HolderReader, holder: string) => ({
  queryKey: [organizationId, 'holder', holder],
  // One id of another form would have the names of its whole batch refused.
  queryFn: () => (holderId.test(holder) ? readName(holder) : null),
  staleTime: staleMs,
});

/** Returns the names of holders. `fetchName` answers from the queries that the page has already, as far as they are fresh. */
export const readHolders = async (
  reader: HolderReader,
  holders: readonly string[],
  fetchName: (query: ReturnType<typeof holderQuery>) => Promise<string | null>,
): Promise<Names> => {
  const names = await Promise.all(holders.map((holder) => fetchName(holderQuery(reader, holder))));
  return new Map(holders.flatMap((holder, index) => (names[index] ? [[holder, names[index]] as const] : [])));
};
