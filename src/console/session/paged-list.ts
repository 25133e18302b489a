import type { EntryOf, InputOf, ListId } from '@license-ledger/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import { useOrganizationId } from './ledger.ts';
import type { Pages } from './list-pages.ts';
import { useSession } from './session-context.tsx';

export type { Pages } from './list-pages.ts';

const pageSize = 50;

/** How many entries are read at most for an entry that is looked for. */
const entriesMax = 1_000;

type Page = { data: unknown[]; nextCursor: string | null; hasMore: boolean };

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

/** Reads further pages of a list until it has what is looked for, up to a bound. */
export const useReadUntil = (pages: Pages<unknown>, isFound: boolean): void => {
  const { entries, hasMore, isReadingMore, error } = pages;
  const isNeeded = !isFound && hasMore && !isReadingMore && error === null && entries.length < entriesMax;
  const readMore = useEffectEvent(pages.readMore);
  useEffect(() => {
    if (isNeeded) readMore();
  }, [isNeeded]);
};

const queryOf = (input: object): object =>
  'query' in input && typeof input.query === 'object' && input.query !== null ? input.query : {};
