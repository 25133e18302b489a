import type { AnswerOf, EntryOf, InputOf, ListId } from '@license-ledger/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useOrganizationId } from './ledger.ts';
import { useSession } from './session-context.tsx';

const pageSize = 50;

/** Reads a list of the organization of the page, a page at a time. `entries` has those that came so far. */
export const useList = <Id extends ListId>(id: Id, input: InputOf<Id>, size: number = pageSize) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  const pages = useInfiniteQuery({
    queryKey: [organizationId, id, 'pages', size, input],
    queryFn: async ({ pageParam, signal }): Promise<AnswerOf<Id>> => {
      const { query = {} }: { readonly query?: object } = input;
      const paged = { ...query, limit: size, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return (await session.call(organizationId, id, { ...input, query: paged }, { signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ hasMore, nextCursor }) => (hasMore ? nextCursor : null),
  });
  const entries = pages.data?.pages.flatMap(({ data }): EntryOf<Id>[] => data) ?? [];
  return { ...pages, entries };
};
