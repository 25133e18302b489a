import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { SelectField } from '../../parts/field.tsx';
import { useRead } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { Policy } from '../../types.ts';

/** Returns the policies on sale, page by page. */
export const usePolicies = () => usePages('listPolicies', { query: { archived: false } });

/** Returns the policy with this id in a version. An empty version is the latest. */
export const usePolicy = (policyId: string, version: string) =>
  useRead(
    'getPolicy',
    { params: { policyId }, ...(version === '' ? {} : { query: { version: Number(version) } }) },
    { enabled: policyId !== '' },
  );

/** The choice of a policy on sale. `chosen`: the policy that is chosen, which may be on no page yet. */
export const PolicyChoice = ({
  label,
  policies,
  chosen,
  policyId,
  fault,
  onChange,
}: {
  readonly label: string;
  readonly policies: ReturnType<typeof usePolicies>;
  readonly chosen: Policy | undefined;
  readonly policyId: string;
  readonly fault?: string | undefined;
  readonly onChange: (policyId: string) => void;
}) => {
  const names = issueTexts.policy;
  const listed = policies.entries;
  const others = chosen === undefined || listed.some(({ id }) => id === chosen.id) ? [] : [chosen];
  return (
    <>
      <SelectField
        label={label}
        fault={fault}
        required
        value={policyId}
        onChange={({ currentTarget: { value } }) => onChange(value)}
      >
        <option value="">{names.choose}</option>
        {[...others, ...listed].map(({ id, name, tier }) => (
          <option key={id} value={id}>
            {names.entry(name, policyTexts.values.tier[tier])}
          </option>
        ))}
      </SelectField>
      {policies.error !== null && <Failure error={policies.error} onRetry={policies.retry} />}
      {policies.hasMore && (
        <div>
          <Button busy={policies.isReadingMore} onClick={policies.readMore}>
            {names.more}
          </Button>
        </div>
      )}
    </>
  );
};

/** The choice among the versions of a policy. */
export const VersionChoice = ({
  latest,
  version,
  onChange,
}: {
  readonly latest: number;
  readonly version: string;
  readonly onChange: (version: string) => void;
}) => (
  <SelectField
    label={issueTexts.policy.version}
    value={version}
    onChange={({ currentTarget: { value } }) => onChange(value)}
  >
    <option value="">{issueTexts.policy.latest(latest)}</option>
    {Array.from({ length: latest - 1 }, (_, index) => String(latest - 1 - index)).map((earlier) => (
      <option key={earlier} value={earlier}>
        {earlier}
      </option>
    ))}
  </SelectField>
);
