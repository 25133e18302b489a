import type { AnswerOf, EntryOf, InputOf, ListId } from '@license-ledger/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useOrganizationId } from './ledger.ts';
import { useSession } from './session-context.tsx';

const pageSize = 50;

/** Reads a list for the organization of the page, page by page. */
export const useListPages = <Id extends ListId>(id: Id, input: InputOf<Id>, isEnabled = true) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const pages = useInfiniteQuery({
    queryKey: [organizationId, id, 'pages', input],
    queryFn: async ({ pageParam, signal }): Promise<AnswerOf<Id>> => {
      const filter = 'query' in input ? (input.query as object) : {};
      const query = { limit: pageSize, ...filter, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return (await session.call(organizationId, id, { ...input, query }, { signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ hasMore, nextCursor }) => (hasMore ? nextCursor : null),
    enabled: isEnabled,
  });
  const entries = pages.data?.pages.flatMap(({ data }) => data as EntryOf<Id>[]) ?? [];
  return { ...pages, entries };
};

/** A list that is read page by page. */
export type ListPages<Entry> = Pick<
  ReturnType<typeof useListPages>,
  'isPending' | 'isError' | 'isSuccess' | 'error' | 'refetch' | 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'
> & { readonly entries: readonly Entry[] };
