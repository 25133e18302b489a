import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Failure } from '../../parts/failure.tsx';
import { SelectField } from '../../parts/field.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { useRead } from '../../session/ledger.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { Policy } from '../../types.ts';
import classes from './catalog.module.css';
import { DifferenceTable } from './difference-table.tsx';
import { fieldsOf } from './policy-values.ts';
import { type RuleGroup, rules } from './rule-kinds.ts';
import { type ShownVersions, shownVersions } from './versions-in-address.ts';

const path = '/$organizationId/catalog/policies/$policyId';

/**
 * A version of a policy with its differences from another one, and all its rules. The address has both. The children
 * come between.
 */
export const VersionsPart = ({ latest, children }: { readonly latest: Policy; readonly children: ReactNode }) => {
  const search = useSearch({ from: `/signed-in${path}` });
  const navigate = useNavigate({ from: path });
  const { version, compare } = shownVersions(search, latest.version);
  const policy = useVersion(latest, version);
  const names = catalogTexts.versions;
  const show = (versions: ShownVersions) => void navigate({ search: { ...search, ...versions }, replace: true });
  return (
    <>
      <Part title={names.title}>
        {latest.version === 1 ? (
          <p>{names.only}</p>
        ) : (
          <div className={classes.fields}>
            <SelectField
              label={names.shown}
              value={version}
              onChange={({ currentTarget: { value } }) => show({ version: Number(value) })}
            >
              <Versions latest={latest.version} />
            </SelectField>
            <SelectField
              label={names.compare}
              value={compare ?? 0}
              onChange={({ currentTarget: { value } }) => show({ compare: Number(value) })}
            >
              <option value={0}>{names.nothing}</option>
              <Versions latest={latest.version} without={version} />
            </SelectField>
          </div>
        )}
        {policy.data !== undefined && (
          <p className={classes.soft}>
            {names.created} <Moment at={policy.data.versionCreatedAt} />
          </p>
        )}
        {policy.data !== undefined && compare !== null && <Differences shown={policy.data} compare={compare} />}
      </Part>
      {children}
      {policy.isPending && <Loading />}
      {policy.isError && <Failure error={policy.error} onRetry={policy.refetch} />}
      {policy.data !== undefined && <Rules policy={policy.data} />}
    </>
  );
};

const useVersion = (latest: Pick<Policy, 'id'>, version: number) =>
  useRead('getPolicy', { params: { policyId: latest.id }, query: { version } }, { keep: true });

const Versions = ({ latest, without }: { readonly latest: number; readonly without?: number }) =>
  Array.from({ length: latest }, (_, index) => latest - index)
    .filter((version) => version !== without)
    .map((version) => (
      <option key={version} value={version}>
        {version === latest ? catalogTexts.versions.latest(version) : version}
      </option>
    ));

const Differences = ({ shown, compare }: { readonly shown: Policy; readonly compare: number }) => {
  const other = useVersion(shown, compare);
  if (other.data === undefined)
    return other.isError ? <Failure error={other.error} onRetry={other.refetch} /> : <Loading />;
  // The older one is always before.
  const [before, after] = other.data.version < shown.version ? [other.data, shown] : [shown, other.data];
  return (
    <>
      <h3>{catalogTexts.versions.differences(before.version, after.version)}</h3>
      <DifferenceTable before={before} after={after} none={catalogTexts.versions.none} />
    </>
  );
};

/** All rules of a version in their groups. */
const Rules = ({ policy }: { readonly policy: Policy }) => {
  const fields = fieldsOf(policy);
  const grouped = Object.entries(rules).map(([group, ofGroup]) => {
    const paths: readonly string[] = ofGroup.map(({ path: key }) => key);
    return { group: group as RuleGroup, paths };
  });
  const inGroups = new Set(grouped.flatMap(({ paths }) => paths));
  const factsOf = (holds: (key: string) => boolean) =>
    fields.filter(({ key }) => holds(key)).map(({ name, value }) => [name, value] as const);
  return (
    <div className={classes.columns}>
      <Part title={policyTexts.groups.sale}>
        <Facts facts={factsOf((key) => !inGroups.has(key))} />
      </Part>
      {grouped.map(({ group, paths }) => (
        <Part key={group} title={policyTexts.groups[group]}>
          <Facts facts={factsOf((key) => paths.includes(key))} />
        </Part>
      ))}
    </div>
  );
};
