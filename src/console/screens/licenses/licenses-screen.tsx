import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { StatusBadge } from '../../parts/badge.tsx';
import { Button, buttonClass } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { SelectField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { useSession } from '../../session/session-context.tsx';
import { usePermission } from '../../session/use-permission.ts';
import { useTitle } from '../../shell/use-title.ts';
import { texts } from '../../texts/catalogue.ts';
import { limitText } from '../../texts/license-texts.ts';
import { saleTexts } from '../../texts/sale-texts.ts';
import type { License } from '../../types.ts';
import { choices, type Filters } from './filters.ts';
import classes from './licenses.module.css';

const pageSize = 50;

/** The licenses of the organization, with filters in the address, so that a link shows the same list. */
const Licenses = () => {
  useTitle(texts.licenses.title);
  const filters = useSearch({ from: '/signed-in/$organizationId/licenses' });
  const pages = usePages(filters);
  return (
    <div className={classes.page}>
      <div className={classes.title}>
        <h1>{texts.licenses.title}</h1>
        <IssueLink />
      </div>
      <FilterBar filters={filters} />
      {pages.isPending && <Loading />}
      {pages.isError && <Failure error={pages.error} onRetry={pages.refetch} />}
      {pages.data !== undefined && (
        <>
          <Rows
            licenses={pages.data.pages.flatMap(({ data }) => data)}
            isFiltered={Object.keys(filters).some((name) => name !== 'sort')}
          />
          <div className={classes.foot}>
            <span role="status">
              {texts.licenses.shown(pages.data.pages.reduce((sum, { data }) => sum + data.length, 0))}
            </span>
            {pages.hasNextPage && (
              <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                {texts.licenses.more}
              </Button>
            )}
          </div>
        </>
      )}
    </div>
  );
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
  return useInfiniteQuery({
    queryKey: [organizationId, 'listLicenses', filters],
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...filters, limit: pageSize, ...(pageParam === null ? {} : { cursor: pageParam }) };
      return (await session.call(organizationId, 'listLicenses', { query }, { signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ hasMore, nextCursor }) => (hasMore ? nextCursor : null),
  });
};

const FilterBar = ({ filters }: { readonly filters: Filters }) => {
  const navigate = useNavigate({ from: '/$organizationId/licenses' });
  const change = (name: keyof Filters, value: string) => {
    void navigate({ search: (current) => ({ ...current, [name]: value === '' ? undefined : value }), replace: true });
  };
  const labels = texts.licenses.filters;
  return (
    <fieldset aria-label={labels.label} className={classes.filters}>
      {(['status', 'tier', 'activations', 'sort'] as const).map((name) => (
        <SelectField
          key={name}
          label={labels[name]}
          value={filters[name] ?? ''}
          onChange={({ currentTarget: { value } }) => change(name, value)}
        >
          <option value="">{name === 'sort' ? texts.licenses.sorts['-createdAt'] : labels.any}</option>
          {choices[name]
            .filter((value) => value !== '-createdAt')
            .map((value) => (
              <option key={value} value={value}>
                {choiceText(name, value)}
              </option>
            ))}
        </SelectField>
      ))}
      {Object.keys(filters).length > 0 && (
        <Button kind="quiet" onClick={() => void navigate({ search: {}, replace: true })}>
          {labels.clear}
        </Button>
      )}
    </fieldset>
  );
};

const choiceText = (name: keyof Filters, value: string): string => {
  const named: Readonly<Record<keyof Filters, Readonly<Record<string, string>>>> = {
    status: texts.licenses.statuses,
    tier: texts.tier,
    activations: texts.licenses.activations,
    sort: texts.licenses.sorts,
  };
  return named[name][value] ?? value;
};

/** A list without a license. Without a filter it leads to the first steps. */
const Empty = ({ isFiltered }: { readonly isFiltered: boolean }) => {
  const organizationId = useOrganizationId();
  const mayIssue = usePermission('sellLicenses');
  return (
    <div className={`${classes.frame} ${classes.empty}`}>
      <p>{isFiltered ? texts.licenses.empty : saleTexts.noLicense}</p>
      {!isFiltered && mayIssue && (
        <p>
          <Link to="/$organizationId/first-steps" params={{ organizationId }}>
            {saleTexts.firstSteps}
          </Link>
        </p>
      )}
    </div>
  );
};

const Rows = ({ licenses, isFiltered }: { readonly licenses: readonly License[]; readonly isFiltered: boolean }) => {
  const { columns } = texts.licenses;
  if (licenses.length === 0) return <Empty isFiltered={isFiltered} />;
  return (
    <div className={classes.frame}>
      <table>
        <caption>{texts.licenses.caption}</caption>
        <thead>
          <tr>
            {Object.entries(columns).map(([name, text]) => (
              <th key={name} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {licenses.map((license) => (
            <Row key={license.id} license={license} />
          ))}
        </tbody>
      </table>
    </div>
  );
};

const Row = ({ license }: { readonly license: License }) => {
  const organizationId = useOrganizationId();
  const { id, keyHint, externalRef, effectiveStatus, tier, products, usage, limits, term } = license;
  return (
    <tr>
      <td>
        <Link
          className={classes.key}
          to="/$organizationId/licenses/$licenseId"
          params={{ organizationId, licenseId: id }}
        >
          {keyHint ?? id}
        </Link>
        {externalRef !== null && <div className={classes.under}>{externalRef}</div>}
      </td>
      <td>
        <StatusBadge status={effectiveStatus} />
      </td>
      <td className={classes.wide}>{texts.tier[tier]}</td>
      <td className={classes.wide}>{products.join(', ')}</td>
      <td className={classes.wide}>
        {usage.activations} / {limitText(limits.activations)}
      </td>
      <td className={classes.wide}>
        {term.expiresAt === null ? texts.term.perpetual : <Moment at={term.expiresAt} />}
      </td>
    </tr>
  );
};

export default Licenses;
