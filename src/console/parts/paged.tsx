import type { ReactNode } from 'react';
import type { ListPages } from '../session/list-pages.ts';
import { Button } from './button.tsx';
import { Failure } from './failure.tsx';
import { Loading } from './loading.tsx';

/** A list with its loading, its failure, its emptiness and its next page. `children` shows the entries. */
export const Paged = <Entry,>({
  pages,
  none,
  more,
  children,
}: {
  readonly pages: ListPages<Entry>;
  readonly none: ReactNode;
  readonly more: string;
  readonly children: (entries: readonly Entry[]) => ReactNode;
}) => (
  <>
    {pages.isPending && <Loading />}
    {pages.isError && <Failure error={pages.error} onRetry={pages.refetch} />}
    {pages.isSuccess && pages.entries.length === 0 && <p>{none}</p>}
    {pages.entries.length > 0 && children(pages.entries)}
    {pages.hasNextPage && (
      <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        {more}
      </Button>
    )}
  </>
);
