import type { EntryOf, InputOf, ListId } from '@license-ledger/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useOrganizationId } from './ledger.ts';
import { useSession } from './session-context.tsx';

const pageSize = 50;

type Page = { data: unknown[]; nextCursor: string | null; hasMore: boolean };

/** The entries of a list that were read until now, and how to read more. */
export type Pages<Entry> = {
  readonly entries: readonly Entry[];
  readonly isPending: boolean;
  /** A read has succeeded, so the entries are known also when a later read fails. */
  readonly isKnown: boolean;
  /** The last read failed. The entries of earlier reads stay. */
  readonly error: Error | null;
  readonly retry: () => void;
  readonly hasMore: boolean;
  readonly isReadingMore: boolean;
  readonly readMore: () => void;
};

/** Reads a list of the organization of the page, one page at a time. */
export const usePages = <Id extends ListId>(id: Id, input: InputOf<Id>, isEnabled = true): Pages<EntryOf<Id>> => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const query = useInfiniteQuery({
    queryKey: [organizationId, id, 'pages', input],
    queryFn: async ({ pageParam, signal }) => {
      const page = { limit: pageSize, ...queryOf(input), ...(pageParam === null ? {} : { cursor: pageParam }) };
      const answer: Page = (await session.call(organizationId, id, { ...input, query: page }, { signal })).data;
      return { entries: answer.data as EntryOf<Id>[], next: answer.hasMore ? answer.nextCursor : null };
    },
    enabled: isEnabled,
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });
  return {
    entries: query.data?.pages.flatMap(({ entries }) => entries) ?? [],
    isPending: query.isPending,
    isKnown: query.data !== undefined,
    error: query.error,
    retry: () => void (query.isFetchNextPageError ? query.fetchNextPage() : query.refetch()),
    hasMore: query.hasNextPage,
    isReadingMore: query.isFetchingNextPage,
    readMore: () => void query.fetchNextPage(),
  };
};

const queryOf = (input: object): object =>
  'query' in input && typeof input.query === 'object' && input.query !== null ? input.query : {};
