import type { ReactNode } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { catalogTexts } from '../../texts/catalog-texts.ts';

type Pages = {
  readonly entries: readonly unknown[];
  readonly isPending: boolean;
  readonly isError: boolean;
  readonly isSuccess: boolean;
  readonly error: unknown;
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly refetch: () => unknown;
  readonly fetchNextPage: () => unknown;
};

/** The state of a list around its entries: still loading, failed, empty, or with more to come. */
export const Entries = ({
  pages,
  none,
  children,
}: {
  readonly pages: Pages;
  readonly none: string;
  readonly children: ReactNode;
}) => (
  <>
    {pages.isPending && <Loading />}
    {pages.isError && <Failure error={pages.error} onRetry={pages.refetch} />}
    {pages.isSuccess && pages.entries.length === 0 && <p>{none}</p>}
    {pages.entries.length > 0 && children}
    {pages.hasNextPage && (
      <div>
        <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {catalogTexts.more}
        </Button>
      </div>
    )}
  </>
);
