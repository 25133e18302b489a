import type { ReactNode } from 'react';
import type { Pages } from '../session/list-pages.ts';
import { texts } from '../texts/catalogue.ts';
import { Button } from './button.tsx';
import { Failure } from './failure.tsx';
import { Loading } from './loading.tsx';

/**
 * A list that is read page by page. `empty`: what it says without an entry; null: nothing. `more`: the name of the button that reads on.
 * `children`: shows its entries, when it has some.
 */
export const Paged = <Entry,>({
  pages,
  empty,
  more = texts.licenses.more,
  children,
}: {
  readonly pages: Pages<Entry>;
  readonly empty: ReactNode;
  readonly more?: string;
  readonly children: ReactNode | ((entries: readonly Entry[]) => ReactNode);
}) => (
  <>
    {pages.isPending && pages.error === null && <Loading />}
    {!pages.isPending && pages.error === null && pages.entries.length === 0 && empty !== null && <p>{empty}</p>}
    {pages.entries.length > 0 && (typeof children === 'function' ? children(pages.entries) : children)}
    {pages.error !== null && <Failure error={pages.error} onRetry={pages.retry} />}
    {pages.hasMore && pages.error === null && (
      <div>
        <Button busy={pages.isReadingMore} onClick={pages.readMore}>
          {more}
        </Button>
      </div>
    )}
  </>
);
