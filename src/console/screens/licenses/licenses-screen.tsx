import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, buttonClass } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { useSession } from '../../session/session-context.tsx';
import { useHolderNames } from '../../session/use-holder-name.ts';
import { useTitle } from '../../shell/use-title.ts';
import { texts } from '../../texts/catalogue.ts';
import { listTexts } from '../../texts/list-texts.ts';
import { saleTexts } from '../../texts/sale-texts.ts';
import type { License } from '../../types.ts';
import { ColumnChoice } from './column-choice.tsx';
import { EmptyList } from './empty-list.tsx';
import { FilterBar, FilterChips } from './filter-bar.tsx';
import { type Filters, queryOf, startOfDay } from './filters.ts';
import { LicenseTable } from './license-table.tsx';
import classes from './licenses.module.css';
import { readColumns, writeColumns } from './stored-choices.ts';
import { Views } from './views.tsx';

const pageSize = 100;

/** The licenses of the organization, with filters in the address, so that a link shows the same list. */
const Licenses = () => {
  useTitle(texts.licenses.title);
  const filters = useSearch({ from: '/signed-in/$organizationId/licenses' });
  const pages = usePages(filters);
  const [columns, setColumns] = useState(() => readColumns(localStorage));
  const licenses = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  const holders = useHolderNames(columns.includes('customer') ? holdersOf(licenses) : []);
  return (
    <div className={classes.page}>
      <div className={classes.title}>
        <h1>{texts.licenses.title}</h1>
        <IssueLink />
      </div>
      <Views filters={filters} />
      <FilterBar filters={filters} />
      <div className={classes.over}>
        <FilterChips filters={filters} />
        <ColumnChoice
          columns={columns}
          onChange={(chosen) => {
            setColumns(chosen);
            writeColumns(localStorage, chosen);
          }}
        />
      </div>
      {pages.isPending && <Loading />}
      {pages.data !== undefined && licenses.length === 0 && (
        <EmptyList isFiltered={Object.keys(filters).some((name) => name !== 'sort')} />
      )}
      {licenses.length > 0 && (
        <LicenseTable
          licenses={licenses}
          holderNames={holders.names}
          columns={columns}
          isComplete={!pages.hasNextPage}
          onNearEnd={() => {
            // After a failure the user decides when to try again.
            if (pages.hasNextPage && !pages.isFetching && !pages.isError) void pages.fetchNextPage();
          }}
        />
      )}
      {holders.error !== null && <Failure error={holders.error} onRetry={holders.retry} />}
      {pages.isError && (
        <Failure
          error={pages.error}
          onRetry={() => (pages.data === undefined ? pages.refetch() : pages.fetchNextPage())}
        />
      )}
      {pages.data !== undefined && (
        <div className={classes.foot}>
          <span role="status">{countText(licenses.length, pages.hasNextPage)}</span>
          {pages.hasNextPage && !pages.isError && (
            <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              {texts.licenses.more}
            </Button>
          )}
        </div>
      )}
    </div>
  );
};

const holdersOf = (licenses: readonly License[]): readonly string[] =>
  licenses.flatMap(({ holderOrganizationId }) => (holderOrganizationId === null ? [] : [holderOrganizationId]));

const countText = (count: number, hasMore: boolean): string => {
  const number = new Intl.NumberFormat().format(count);
  return hasMore ? listTexts.loadedSoFar(number) : listTexts.loaded(number);
};

const IssueLink = () => {
  const organizationId = useOrganizationId();
  if (!usePermission('sellLicenses')) return null;
  return (
    <Link className={buttonClass('primary')} to="/$organizationId/licenses/new" params={{ organizationId }}>
      {saleTexts.issue}
    </Link>
  );
};

const usePages = (filters: Filters) => {
  const session = useSession();
  const organizationId = useOrganizationId();
  // All pages of a list need the same instants.
  const [today] = useState(() => startOfDay(new Date()));
  return useInfiniteQuery({
    queryKey: [organizationId, 'listLicenses', filters],
    queryFn: async ({ pageParam, signal }) => {
      const cursor = pageParam === null ? {} : { cursor: pageParam };
      const query = { ...queryOf(filters, today), limit: pageSize, ...cursor };
      return (await session.call(organizationId, 'listLicenses', { query }, { signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ hasMore, nextCursor }) => (hasMore ? nextCursor : null),
  });
};

export default Licenses;
